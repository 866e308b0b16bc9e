"""No posts at all of a brand that is never quiet for so long.

That the whole feed is silent is seen by the evaluation, see `measures.evaluation`.
"""

import math

from measures.brand_state import OpenAlert
from measures.moment import Moment
from measures.rules.finding import Finding
from measures.season import MINUTE_MS
from schemas.rules import SilenceRule

_TAILS = 0.2
_MONTH_HOURS = 30 * 24


def evaluate(moment: Moment, rule: SilenceRule, open_alert: OpenAlert | None) -> Finding | None:
    """Silence is improbable where posts are expected, and counts for nothing elsewhere."""
    minutes = rule.within_min
    baseline = moment.baseline
    silent_min = (moment.start_ms - last_ms(moment)) // MINUTE_MS
    if silent_min < minutes:
        return None
    expected = minutes * baseline.least_expected(moment.start_ms, moment.holidays)
    chance = math.exp(-expected / baseline.spreads.dispersion(-1, expected))
    tail = _TAILS * rule.false_alerts_per_month * minutes / 60 / _MONTH_HOURS
    if open_alert is None and chance > tail:
        return None
    cause = f"no posts for {silent_min} min, {expected:.0f} expected in {minutes}"
    severity = max(1, min(10, 1 + silent_min // (4 * minutes)))
    return Finding(0, expected, severity, cause, horizon_min=minutes, probability=chance)


def last_ms(moment: Moment) -> int:
    """Start of the last minute with posts; what nobody read before was no silence."""
    state = moment.state
    newest_ms = max((at for at in state.buckets if at <= moment.start_ms), default=-1)
    return max(newest_ms, state.last_post_ms, moment.baseline.since_ms, moment.observed_since_ms)
