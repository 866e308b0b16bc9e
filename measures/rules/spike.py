"""More posts than usual, within 5 minutes or within the hour. Spam and bursts do not count."""

from measures.brand_state import BrandState
from measures.rules.finding import Finding, severity_of
from schemas.catalogue import Rule

HORIZONS_MIN = (5, 60)
_MONTH_MIN = 30 * 24 * 60
_MIN_POSTS = 10
_MIN_AUTHORS = 4
_MIN_FACTOR = 2.5


def tail_of(rule: Rule) -> float:
    """Probability of one look to be a false alert, from the knob."""
    return min(0.01, rule.false_alerts_per_month / (_MONTH_MIN * len(HORIZONS_MIN)))


def look(state: BrandState, start_ms: int, rule: Rule) -> Finding | None:
    """The first horizon with more posts than the baseline allows."""
    least = rule.min_posts or _MIN_POSTS
    if state.held < least or not state.baseline.is_warm():
        return None
    tail = tail_of(rule)
    usual = state.baseline.expected(start_ms) * _MIN_FACTOR
    for minutes in HORIZONS_MIN:
        if state.held <= usual * minutes:
            continue  # all posts of the ring would be too few
        buckets = state.recent(start_ms, minutes)
        posts = sum([bucket.voices() for bucket in buckets])
        if posts < least:
            continue
        expected, unusual = state.baseline.unusual(start_ms, minutes, tail)
        threshold = max(unusual, expected * _MIN_FACTOR)
        if posts <= threshold:
            continue
        # Authors add up over the minutes: an upper bound, enough to tell a crowd from a spammer.
        authors = sum(bucket.authors.count() for bucket in buckets)
        if authors < (rule.min_authors or _MIN_AUTHORS):
            continue
        cause = (
            f"{posts} posts in {minutes} min, {expected:.1f} expected "
            f"({posts / max(expected, 0.1):.0f} x)"
        )
        return Finding(posts, expected, severity_of(posts, threshold), cause)
    return None
