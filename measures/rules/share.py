"""A brand's share of what is said about it and its rivals shifts, by the hour."""

import math
from collections import Counter
from collections.abc import Iterator

from measures.brand_state import BELIEVED_POSTS
from measures.buckets import BUCKET_MS
from measures.moment import Moment
from measures.rules.finding import Finding
from measures.rules.sentiment import least_z
from schemas.counted import noun_of
from schemas.rules import ShareRule

HORIZON_MIN = 60
_MIN_SHIFT = 0.15
_DISPERSION = 3.0


def findings(moment: Moment, rule: ShareRule, firing: set[str]) -> Iterator[Finding]:
    """Of a group: each brand whose share is far from its usual one. `firing`: those with an alert.

    Bursts of single accounts may be about any of the brands: they are taken from what speaks for
    the shift. There is no verdict before the same rivals were compared for an hour.
    """
    state = moment.state
    first_ms = moment.start_ms - (HORIZON_MIN - 1) * BUCKET_MS
    if state.judged < BELIEVED_POSTS or first_ms < state.rivals_since_ms:
        return
    buckets = moment.last(HORIZON_MIN)
    counts: Counter[str] = Counter()
    for bucket in buckets:
        if bucket.rivals:
            for brand, posts_of_brand in bucket.rivals.items():
                counts[brand] += posts_of_brand
    named = sum([counts[brand] for brand in state.rival_shares])
    if named < rule.min_posts:
        return
    bursts = sum(bucket.authors.bursts() for bucket in buckets)
    bursts = max(bursts, moment.busiest(HORIZON_MIN))
    posts = named - bursts
    if posts < rule.min_posts:
        return
    limit = least_z(rule.false_alerts_per_month)
    for brand, usual in sorted(state.rival_shares.items()):
        is_up = counts[brand] > usual * named
        share = min(max(counts[brand] - is_up * bursts, 0) / posts, 1.0)
        if is_up is not (share > usual):
            continue
        bounded = min(0.98, max(0.02, usual))
        z = (share - usual) / math.sqrt(_DISPERSION * bounded * (1 - bounded) / posts)
        still = 0.5 if brand in firing else 1.0
        if abs(z) < still * limit or abs(share - usual) < still * _MIN_SHIFT:
            continue
        of = f"{posts} {noun_of(posts, 'mention')}"
        cause = f"{share:.0%} of {of} of it and its rivals, {usual:.0%} usual"
        severity = max(1, min(10, 1 + int((abs(z) - limit) / 1.5)))
        yield Finding(share * 100, usual * 100, severity, cause, "% share", about=brand)
