"""Several conditions at once, such as ten times the volume and 60 % fewer positive posts."""

from measures.brand_state import BELIEVED_POSTS, OpenAlert
from measures.horizons import HORIZONS_MIN
from measures.moment import Moment
from measures.rules.finding import Finding, severity_of
from schemas.counted import noun_of
from schemas.rules import CompositeRule, Condition, Measure


def evaluate(moment: Moment, rule: CompositeRule, open_alert: OpenAlert | None) -> Finding | None:
    """The first condition gives the numbers; the others are told in the cause."""
    del open_alert
    if moment.bucket is None or not moment.baseline.is_warm() or not rule.conditions:
        return None
    longest = max(condition.over_min for condition in rule.conditions)
    if _posts(moment, longest) < rule.min_posts:
        return None
    causes = []
    measures: list[tuple[float, float]] = []
    for condition in rule.conditions:
        measured = _measured(moment, condition)
        if measured is None or not _holds(condition, *measured):
            return None
        measures.append(measured)
        causes.append(_told(condition, *measured))
    if moment.authors(longest) < rule.min_authors:
        return None
    seen, usual = measures[0]
    unit = rule.conditions[0].measure.value
    limit = _limit(rule.conditions[0], usual)
    severity = severity_of(seen, limit) if limit else 1
    return Finding(seen, usual, severity, "; ".join(causes), unit, rule.conditions[0].over_min)


def _measured(moment: Moment, condition: Condition) -> tuple[float, float] | None:
    """What is seen and what is usual; None where there is nothing to measure."""
    minutes = condition.over_min
    match condition.measure:
        case Measure.POSTS:
            nearest = min(range(len(HORIZONS_MIN)), key=lambda at: abs(HORIZONS_MIN[at] - minutes))
            usual = moment.means[nearest] / HORIZONS_MIN[nearest] * minutes
            return _posts(moment, minutes), usual
        case Measure.AUTHORS:
            return moment.authors(minutes), 0.0
        case Measure.REACH:
            return sum([bucket.reach for bucket in moment.last(minutes)]), 0.0
    state = moment.state
    known = state.judged >= BELIEVED_POSTS
    moods = [bucket.moods() for bucket in moment.last(minutes)] if known else []
    spoken = sum([spoken for spoken, _, _ in moods])
    if not spoken:
        return None
    if condition.measure is Measure.POSITIVE:
        return 100 * sum(good for _, good, _ in moods) / spoken, 100 * state.positive_share
    return 100 * sum(bad for _, _, bad in moods) / spoken, 100 * state.negative_share


def _posts(moment: Moment, minutes: int) -> int:
    """Effective posts of the last minutes: mostly a horizon, whose sum is known."""
    if minutes in HORIZONS_MIN:
        return int(moment.sums[HORIZONS_MIN.index(minutes)])
    return sum([bucket.effective_posts() for bucket in moment.last(minutes)])


def _holds(condition: Condition, seen: float, usual: float) -> bool:
    return (
        (condition.at_least is None or seen >= condition.at_least)
        and (condition.at_most is None or seen <= condition.at_most)
        and (condition.at_least_times is None or seen >= condition.at_least_times * usual)
        and (condition.at_most_times is None or seen <= condition.at_most_times * usual)
    )


def _limit(condition: Condition, usual: float) -> float:
    if condition.at_least_times is not None:
        return condition.at_least_times * usual
    return condition.at_least or 0.0


def _told(condition: Condition, seen: float, usual: float) -> str:
    match condition.measure:
        case Measure.POSTS:
            times = f" ({seen / max(usual, 0.1):.0f} x)"
            posts = f"{seen:.0f} {noun_of(seen, 'post')}"
            return f"{posts} in {condition.over_min} min, {usual:.1f} expected{times}"
        case Measure.AUTHORS | Measure.REACH:
            return f"{condition.measure.value} {seen:,.0f} in {condition.over_min} min"
    return f"{seen:.0f} % {condition.measure.value}, {usual:.0f} % usual"
