"""Posts that name the brand together with a crisis word, or complain."""

import re
from collections.abc import Iterable
from functools import lru_cache

from measures.brand_state import OpenAlert
from measures.moment import Moment
from measures.rules.finding import Finding, severity_of
from schemas.mention import Mention, Polarity
from schemas.rules import CrisisRule

HORIZON_MIN = 10


class Crises:
    """The crisis rules that watch a brand, ready to look into texts."""

    def __init__(self, rules: Iterable[CrisisRule]) -> None:
        listed = list(rules)
        by_rule = tuple((rule.id, rule.words) for rule in listed if rule.words)
        self._by_objective = tuple(
            (rule.id, frozenset(rule.objectives)) for rule in listed if rule.objectives
        )
        self._searches = tuple((rule_id, pattern(words).search) for rule_id, words in by_rule)
        every = tuple(sorted({word for _, words in by_rule for word in words}))
        self._any = pattern(every).search if every else None

    def hit(self, mention: Mention) -> list[str]:
        """Ids of the rules that a mention speaks for: by a word, or in anger by what it wants."""
        found = self.hit_by(mention.text) if mention.text else []
        if self._by_objective and mention.polarity is Polarity.NEGATIVE:
            wanted = frozenset(mention.intents)
            found += [
                rule_id
                for rule_id, objectives in self._by_objective
                if wanted & objectives and rule_id not in found
            ]
        return found

    def hit_by(self, text: str) -> list[str]:
        """Ids of the rules that have a word in the text.

        >>> fire = CrisisRule(id="fire", words=("起火",))
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


def look(moment: Moment, rule: CrisisRule, held: OpenAlert | None) -> Finding | None:
    """Count hits over ten minutes; one that comes later keeps an alert going."""
    if moment.bucket is None or not moment.bucket.hits_of(rule.id):
        return None
    buckets = moment.last(HORIZON_MIN)
    hits = sum(bucket.hits_of(rule.id) for bucket in buckets)
    least = rule.min_posts
    authors = {one for bucket in buckets for one in (bucket.hitters or {}).get(rule.id, ())}
    if held is None and (hits < least or len(authors) < rule.min_authors):
        return None
    cause = f"{hits} posts with crisis words ({rule.id}) in {HORIZON_MIN} min"
    return Finding(hits, 0, severity_of(hits, least), cause, horizon_min=HORIZON_MIN)
