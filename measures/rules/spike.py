"""More posts than usual. Spam and the bursts of single accounts do not count."""

from measures.brand_state import OpenAlert
from measures.common_cause import FEWEST_SHARE, HORIZONS
from measures.detector import Verdict, entry_thresholds_of, gamma_tail, lasts, return_level
from measures.horizons import HORIZONS_MIN
from measures.moment import Moment
from measures.rules.finding import Finding, severity_of
from measures.sketches import PER_AUTHOR, SIZE
from schemas.counted import noun_of
from schemas.rules import SpikeRule

_NONE = 0.05
"""Expected posts that would be told as 0.0."""


def evaluate(moment: Moment, rule: SpikeRule, open_alert: OpenAlert | None) -> Finding | None:
    """The horizon with the most unusual count, or whether what began goes on."""
    return _begun(moment, rule) if open_alert is None else _goes_on(moment, open_alert)


def _begun(moment: Moment, rule: SpikeRule) -> Finding | None:
    if not moment.baseline.is_warm():
        return None
    least, knob = rule.min_posts, rule.false_alerts_per_month
    if moment.sums[-1] < least or not moment.is_unusual(knob, least):
        return _with_a_cause(moment, rule)
    verdict = moment.verdict(knob, least)
    if not _is_a_crowd(moment, verdict, rule.min_authors):
        return None
    entry_thresholds = tuple(entry_thresholds_of(moment.baseline, moment.means, knob, least))
    return Finding(
        verdict.seen,
        verdict.expected,
        verdict.severity,
        _cause(verdict.seen, verdict.expected, verdict.horizon_min),
        horizon_min=verdict.horizon_min,
        probability=verdict.probability,
        entry_thresholds=entry_thresholds,
    )


def _with_a_cause(moment: Moment, rule: SpikeRule) -> Finding | None:
    """Fewer posts than are unusual by their number alone, but many of them about one thing."""
    knob, baseline = rule.false_alerts_per_month, moment.baseline
    sums = moment.sums
    if sums[-1] < FEWEST_SHARE * rule.min_posts or not moment.causes or not baseline.is_seasoned():
        return None
    level, means = return_level(baseline.observed_ms(), knob), moment.means
    for at, cause in moment.causes.items():
        seen, mean = sums[at], means[at]
        largest = moment.state.causes.largest(moment.start_ms)[HORIZONS.index(at)]
        needed = max(cause.needed(seen - mean), rule.min_authors, largest * level)
        if seen < FEWEST_SHARE * rule.min_posts or cause.authors < needed:
            continue
        if len(moment.posts_by_author(HORIZONS_MIN[at])) < rule.min_authors:
            continue
        entry_thresholds = entry_thresholds_of(baseline, means, knob, rule.min_posts)
        return Finding(
            seen,
            mean,
            severity_of(cause.authors, needed),
            f"{_cause(seen, mean, HORIZONS_MIN[at])}; {cause.authors:.0f} {cause.told}",
            horizon_min=HORIZONS_MIN[at],
            probability=gamma_tail(seen, mean, baseline.spreads.dispersion(at, mean)),
            entry_thresholds=tuple(min(threshold, seen - mean) for threshold in entry_thresholds),
        )
    return None


def _is_a_crowd(moment: Moment, verdict: Verdict, least: int) -> bool:
    """Whether enough authors are behind it, also without what the busiest of them add."""
    by_author = moment.posts_by_author(verdict.horizon_min)
    if len(by_author) > SIZE:
        return True
    effective_posts = sum(
        [posts if posts < PER_AUTHOR else PER_AUTHOR for posts in by_author.values()]
    )
    return len(by_author) >= least and effective_posts > verdict.needed


def _goes_on(moment: Moment, open_alert: OpenAlert) -> Finding | None:
    sums, means = moment.sums, moment.means
    if not lasts(sums, means, open_alert.entry_thresholds):
        return None
    excess = [seen - mean for seen, mean in zip(sums, means, strict=True)]
    shares = [
        more / threshold
        for more, threshold in zip(excess, open_alert.entry_thresholds, strict=True)
    ]
    at = shares.index(max(shares))
    seen, mean, horizon_min = sums[at], means[at], HORIZONS_MIN[at]
    return Finding(
        seen,
        mean,
        severity_of(excess[at], open_alert.entry_thresholds[at]),
        _cause(seen, mean, horizon_min),
        horizon_min=horizon_min,
        probability=open_alert.probability,
        entry_thresholds=tuple(open_alert.entry_thresholds),
    )


def _cause(seen: float, expected: float, horizon_min: int) -> str:
    """
    >>> _cause(27, 0.01, 5), _cause(27, 0.9, 5)
    ('27 posts in 5 min, none expected', '27 posts in 5 min, 0.9 expected (30 x)')
    """
    posts = f"{seen:.0f} {noun_of(seen, 'post')}"
    if expected < _NONE:
        return f"{posts} in {horizon_min} min, none expected"
    return (
        f"{posts} in {horizon_min} min, {expected:.1f} expected ({seen / max(expected, 0.1):.0f} x)"
    )
