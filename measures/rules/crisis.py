"""Posts that name the brand together with a crisis word."""

import re
from collections.abc import Iterable
from functools import lru_cache

from measures.brand_state import BrandState
from measures.rules.finding import Finding, severity_of
from schemas.catalogue import Rule

HORIZON_MIN = 10
_MIN_POSTS = 4
_MIN_AUTHORS = 3


class Crises:
    """The crisis rules that watch a brand, ready to look into texts."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        by_rule = tuple((rule.id, rule.words) for rule in rules if rule.words)
        self._searches = tuple((rule_id, pattern(words).search) for rule_id, words in by_rule)
        every = tuple(sorted({word for _, words in by_rule for word in words}))
        self._any = pattern(every).search if every else None

    def hit_by(self, text: str) -> list[str]:
        """Ids of the rules that have a word in the text.

        >>> from schemas.catalogue import RuleKind
        >>> fire = Rule(id="fire", kind=RuleKind.CRISIS, words=("起火",))
        >>> Crises([fire]).hit_by("手机起火了")
        ['fire']
        """
        if self._any is None or self._any(text) is None:
            return []
        return [rule_id for rule_id, search in self._searches if search(text)]


@lru_cache(maxsize=256)
def pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    """One pattern for all words, longest first; brands with the same rules share it."""
    ordered = sorted(words, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, ordered)), re.IGNORECASE)


def look(state: BrandState, start_ms: int, rule: Rule) -> Finding | None:
    """Count hits over ten minutes; a minute without any changes nothing."""
    if not state.buckets[start_ms].hits_of(rule.id):
        return None
    buckets = [bucket for bucket in state.recent(start_ms, HORIZON_MIN) if bucket.hits_of(rule.id)]
    hits = sum(bucket.hits_of(rule.id) for bucket in buckets)
    least = rule.min_posts or _MIN_POSTS
    if hits < least:
        return None
    if sum(bucket.authors.count() for bucket in buckets) < (rule.min_authors or _MIN_AUTHORS):
        return None
    cause = f"{hits} posts with crisis words ({rule.id}) in {HORIZON_MIN} min"
    return Finding(hits, 0, severity_of(hits, least), cause)
