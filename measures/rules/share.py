"""A brand's share of what is said about it and its rivals shifts, by the hour."""

import math
from collections import Counter
from collections.abc import Iterator

from measures.brand_state import BELIEVED_POSTS
from measures.moment import Moment
from measures.rules.finding import Finding
from measures.rules.sentiment import least_z
from schemas.catalogue import Rule

HORIZON_MIN = 60
_MIN_POSTS = 50
_MIN_SHIFT = 0.15
_DISPERSION = 3.0


def findings(moment: Moment, rule: Rule, held: set[str]) -> Iterator[Finding]:
    """Of a group: each brand whose share is far from its usual one. `held`: those with an alert."""
    state = moment.state
    counts: Counter[str] = Counter()
    for bucket in moment.last(HORIZON_MIN):
        counts.update(bucket.rivals or {})
    posts = counts.total()
    if posts < (rule.min_posts or _MIN_POSTS) or state.judged < BELIEVED_POSTS:
        return
    limit = least_z(rule.false_alerts_per_month)
    for brand, usual in sorted(state.rival_shares.items()):
        share = counts[brand] / posts
        bounded = min(0.98, max(0.02, usual))
        z = (share - usual) / math.sqrt(_DISPERSION * bounded * (1 - bounded) / posts)
        still = 0.5 if brand in held else 1.0
        if abs(z) < still * limit or abs(share - usual) < still * _MIN_SHIFT:
            continue
        cause = f"{share:.0%} of {posts} posts about it and its rivals, {usual:.0%} usual"
        severity = max(1, min(10, 1 + int((abs(z) - limit) / 1.5)))
        yield Finding(share * 100, usual * 100, severity, cause, "% share", about=brand)
