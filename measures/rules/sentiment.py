"""Clearly more negative posts in the last hour than this brand usually has."""

import math
from statistics import NormalDist

from measures.brand_state import BELIEVED_POSTS, BrandState, OpenAlert
from measures.moment import Moment
from measures.rules.finding import Finding
from schemas.counted import noun_of
from schemas.rules import SentimentRule

HORIZON_MIN = 60
_MIN_SHIFT = 0.15
_STILL = 0.5
_MONTH_HOURS = 30 * 24
_DISPERSION = 1.7
"""Posts of an hour copy each other's mood: variance over that of independent ones."""


def evaluate(moment: Moment, rule: SentimentRule, open_alert: OpenAlert | None) -> Finding | None:
    """Compare the share of negative posts with the usual share (a test of proportions).

    A minute without a negative post changes nothing; nor is there a verdict before the brand's
    usual share is known. Posts that name the brand in a chain or quote alone have no mood and
    do not count. It has to hold without what the busiest author adds, too.
    """
    state = moment.state
    if moment.bucket is None or not moment.bucket.negative or state.judged < BELIEVED_POSTS:
        return None
    posts = negative = 0
    for bucket in moment.last(HORIZON_MIN):
        spoken, _, bad = bucket.moods()
        posts += spoken
        negative += bad
    if posts < rule.min_posts:
        return None
    usual = usual_share(state)
    limit = least_z(rule.false_alerts_per_month)
    still = _STILL if open_alert is not None else 1.0
    if not _is_shift(negative, posts, usual, still * limit, still * _MIN_SHIFT):
        return None
    if open_alert is None:
        busiest = moment.busiest(HORIZON_MIN)
        if moment.authors(HORIZON_MIN) < rule.min_authors or not _is_shift(
            negative - busiest, posts - busiest, usual, limit, _MIN_SHIFT
        ):
            return None
    share, z = negative / posts, _z(negative, posts, usual)
    of = f"{posts} {noun_of(posts, 'post')}"
    cause = f"{share:.0%} of {of} in the last hour negative, {usual:.0%} usual"
    severity = max(1, min(10, 1 + int((z - limit) / 1.5)))
    chance = 1 - NormalDist().cdf(z)
    return Finding(
        share * 100, usual * 100, severity, cause, "% negative", HORIZON_MIN, max(chance, 1e-16)
    )


def _is_shift(negative: int, posts: int, usual: float, limit: float, least: float) -> bool:
    return posts > 0 and negative >= (usual + least) * posts and _z(negative, posts, usual) >= limit


def _z(negative: int, posts: int, usual: float) -> float:
    return (negative / posts - usual) / math.sqrt(_DISPERSION * usual * (1 - usual) / posts)


def least_z(false_alerts_per_month: float) -> float:
    """Standard deviations that a usual hour reaches no oftener than the knob allows.

    >>> round(least_z(1.0), 2)
    2.99
    """
    return NormalDist().inv_cdf(1 - min(0.01, false_alerts_per_month / _MONTH_HOURS))


def usual_share(state: BrandState) -> float:
    """Of negative posts, within bounds: what is never seen is not impossible."""
    return min(0.95, max(0.05, state.negative_share))


def least_share(usual: float, posts: int, false_alerts_per_month: float) -> float:
    """The share of negative ones among so many posts from which an alert begins.

    >>> round(least_share(0.2, 100, 1.0), 2)
    0.36
    """
    spread = math.sqrt(_DISPERSION * usual * (1 - usual) / posts)
    return usual + max(_MIN_SHIFT, least_z(false_alerts_per_month) * spread)
