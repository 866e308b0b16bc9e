"""Far fewer posts than usual over an hour: a feed that limps, or a talk that died."""

from measures.brand_state import OpenAlert
from measures.detector import gamma_quantile, gamma_tail
from measures.moment import Moment
from measures.rules.finding import Finding
from measures.season import DAY_MS, MINUTE_MS
from schemas.counted import noun_of
from schemas.rules import DropRule

HORIZON_MIN = 60
_LAST = -1
_SEASONED_DAYS = 3
_MOST_SHARE = 0.4
_STILL_SHARE = 0.7
_TAILS = 0.2
_MONTH_HOURS = 30 * 24


def evaluate(moment: Moment, rule: DropRule, open_alert: OpenAlert | None) -> Finding | None:
    """Compare with the smaller of the season's and the recent level: a burst's end is no drop."""
    if not is_known(moment):
        return None
    expected = expected_at(moment)
    seen = moment.sums[_LAST]
    if expected < rule.min_posts:
        return None
    dispersion = moment.baseline.spreads.dispersion(_LAST, expected)
    limit = limit_of(moment, rule, expected)
    if seen >= (limit if open_alert is None else max(limit, _STILL_SHARE * expected)):
        return None
    severity = max(1, min(10, 1 + int(4 * (1 - seen / max(limit, 1)))))
    cause = f"{seen:.0f} {noun_of(seen, 'post')} in the last hour, {expected:.0f} expected"
    chance = 1 - gamma_tail(max(seen, 0.5), expected, dispersion)
    return Finding(seen, expected, severity, cause, horizon_min=HORIZON_MIN, probability=chance)


def is_known(moment: Moment) -> bool:
    """Whether the hour was observed, and enough days before it."""
    baseline = moment.baseline
    if moment.start_ms - (HORIZON_MIN - 1) * MINUTE_MS < moment.observed_since_ms:
        return False
    return baseline.known_to_ms - baseline.since_ms >= _SEASONED_DAYS * DAY_MS


def expected_at(moment: Moment) -> float:
    """Posts of the hour, by the smaller of the season's and the recent level."""
    return HORIZON_MIN * moment.baseline.least_expected(moment.start_ms, moment.holidays)


def limit_of(moment: Moment, rule: DropRule, expected: float) -> float:
    """Posts below which the hour is a drop."""
    tail = min(0.01, _TAILS * rule.false_alerts_per_month / _MONTH_HOURS)
    dispersion = moment.baseline.spreads.dispersion(_LAST, expected)
    return min(gamma_quantile(expected, dispersion, 1 - tail), _MOST_SHARE * expected)
