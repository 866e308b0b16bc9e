"""Posts that name the brand together with a crisis word."""

import re
from functools import lru_cache

from measures.brand_state import BrandState
from measures.rules.finding import Finding, severity_of
from schemas.catalogue import Rule

HORIZON_MIN = 10
_MIN_POSTS = 4
_MIN_AUTHORS = 3


@lru_cache(maxsize=1024)
def pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    """One pattern for all words of a rule, longest first."""
    ordered = sorted(words, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, ordered)), re.IGNORECASE)


def look(state: BrandState, start_ms: int, rule: Rule) -> Finding | None:
    """Count hits over ten minutes; a minute without any changes nothing."""
    if not state.buckets[start_ms].hits.get(rule.id):
        return None
    buckets = [bucket for bucket in state.recent(start_ms, HORIZON_MIN) if bucket.hits.get(rule.id)]
    hits = sum(bucket.hits[rule.id] for bucket in buckets)
    least = rule.min_posts or _MIN_POSTS
    if hits < least:
        return None
    if sum(bucket.authors.count() for bucket in buckets) < (rule.min_authors or _MIN_AUTHORS):
        return None
    cause = f"{hits} posts with crisis words ({rule.id}) in {HORIZON_MIN} min"
    return Finding(hits, 0, severity_of(hits, least), cause)
