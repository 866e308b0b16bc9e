"""Clearly more negative posts in the last hour than this brand usually has."""

import math

from measures.brand_state import BELIEVED_POSTS, BrandState
from measures.rules.finding import Finding
from schemas.catalogue import Rule

HORIZON_MIN = 60
_MIN_POSTS = 20
_MIN_AUTHORS = 8
_Z = 4.0
_MIN_SHIFT = 0.15


def look(state: BrandState, start_ms: int, rule: Rule) -> Finding | None:
    """Compare the share of negative posts with the usual share (a test of proportions).

    A minute without a negative post changes nothing; nor is there a verdict before the brand's
    usual share is known. Posts that name the brand in a chain or quote alone have no mood and
    do not count.
    """
    if not state.buckets[start_ms].negative or state.judged < BELIEVED_POSTS:
        return None
    buckets = state.recent(start_ms, HORIZON_MIN)
    posts = sum(bucket.spoken for bucket in buckets)
    if posts < (rule.min_posts or _MIN_POSTS):
        return None
    if sum(bucket.authors.count() for bucket in buckets) < (rule.min_authors or _MIN_AUTHORS):
        return None
    share = sum(bucket.negative for bucket in buckets) / posts
    usual = min(0.95, max(0.05, state.negative_share))
    z = (share - usual) / math.sqrt(usual * (1 - usual) / posts)
    if z < _Z or share < usual + _MIN_SHIFT:
        return None
    cause = f"{share:.0%} of {posts} posts in the last hour negative, {usual:.0%} usual"
    return Finding(share * 100, usual * 100, min(10, 1 + int((z - _Z) / 2)), cause, "% negative")
