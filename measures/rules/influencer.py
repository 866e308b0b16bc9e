"""A large account names the brand, or many address the brand's own accounts in anger."""

from measures.brand_state import OpenAlert
from measures.moment import Moment
from measures.rules.finding import Finding, severity_of
from schemas.rules import InfluencerRule

HORIZON_MIN = 60
_ATTACK_FACTOR = 3.0
_STILL = 0.5
NEWS_FACTOR = 1.5
"""An account is news where it is so many times as large as the largest that named the brand in the
last weeks: the same account again after 18 days."""


def look(moment: Moment, rule: InfluencerRule, held: OpenAlert | None) -> Finding | None:
    """What is in the minute alone can make it true; the rest of the hour adds up."""
    bucket = moment.bucket
    if bucket is None:
        return None
    least = rule.min_reach
    if bucket.loudest >= least and (held is not None or _is_news(moment, least)):
        cause = f"an account with {bucket.loudest:,} followers names it"
        severity = severity_of(bucket.loudest, least)
        return Finding(bucket.loudest, 0, severity, cause, "followers", horizon_min=1)
    return _attacked(moment, rule, held) if bucket.attacks else None


def _is_news(moment: Moment, least: int) -> bool:
    """Large brands are named by large accounts every day."""
    usual = moment.state.usual_loudest(moment.start_ms)
    reach = moment.bucket.loudest if moment.bucket is not None else 0
    return usual < least or reach >= NEWS_FACTOR * usual


def _attacked(moment: Moment, rule: InfluencerRule, held: OpenAlert | None) -> Finding | None:
    """Far more than usual, also without what the busiest author adds; lasts while half of it."""
    if not moment.baseline.is_warm():
        return None
    attacks = sum(bucket.attacks for bucket in moment.last(HORIZON_MIN))
    usual = HORIZON_MIN * moment.state.usual_attacks(moment.start_ms)
    least = max(rule.min_posts, _ATTACK_FACTOR * usual)
    if attacks < (least if held is None else _STILL * least):
        return None
    if held is None and (
        attacks - moment.busiest(HORIZON_MIN) < least
        or moment.authors(HORIZON_MIN) < rule.min_authors
    ):
        return None
    cause = f"{attacks} negative posts to its own accounts in the last hour, {usual:.0f} usual"
    return Finding(attacks, usual, severity_of(attacks, least), cause, "posts to its accounts")
