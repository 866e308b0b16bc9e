"""Whether a brand's volume is unusual: the one detector of the worker, of `leimo detect` and tests.

A count is an alert's when, over one of the horizons, it is all of this:

1. improbable: above the upper quantile of a gamma with the expected mean and the brand's own
   dispersion (the continuous counterpart of the negative binomial);
2. large: a factor above the expected, and enough posts;
3. news: its excess over the expected is about what the brand reaches once in a month divided by
   the knob, told by its largest excess so far, which fades with a half-life of 60 days.

The third is what keeps alerts few: it learns from each brand what a large burst is there. The
largest of T days stands for what is reached once in T days; where bursts have a heavy tail of index
5, what is reached once in R days is (R / T) ** (1 / 5) times that: the return level of extreme
value theory (Coles, "An Introduction to Statistical Modeling of Extreme Values", 2001; for streams:
Siffer et al., "Anomaly Detection in Streams with Extreme Value Theory", KDD 2017). So a new brand
is not told of each burst above the few before. One knob moves the first and the third.
"""

import math
from collections.abc import Sequence
from functools import lru_cache
from statistics import NormalDist
from typing import NamedTuple

from measures.baselines import SEASONED_MS, Baseline
from measures.common_cause import SPREADS
from measures.horizons import HORIZONS_MIN
from measures.season import MINUTE_MS
from schemas.rules import FEWEST_POSTS

MONTH_MIN = 30 * 24 * 60
MIN_FACTOR = 1.5
MIN_FACTOR_UNSEASONED = 3.0
"""In the first half day, when the rhythm of the day is unknown."""
MIN_POSTS = FEWEST_POSTS
_TAILS = 0.3
"""Improbable counts for each false alert that the knob allows: a gamma's tail is thinner than that
of real counts. Fitted on development volumes, see docs/alerts.md."""
_MOST_TAIL = 0.02
_TAIL_INDEX = 5.0
"""Of bursts: the larger, the less the largest so far says of the next."""
_LEAST_SHAPE = 0.05
"""Of a gamma: with a smaller one the approximations are none."""
_FEWEST_SCORED = 1e-9
_STILL = 0.5
_LASTING = (1, 2)
"""Numbers of the horizons that say whether it lasts."""


class Verdict(NamedTuple):
    """One horizon at one moment."""

    horizon_min: int
    seen: float
    expected: float
    needed: float
    """Posts above which it is unusual."""
    probability: float
    """Of so many posts or more in a usual stretch of this length."""

    @property
    def score(self) -> float:
        """0 (as expected or less) to 1; 0.5 where an alert begins."""
        return score_of(self.seen, self.expected, self.needed)

    @property
    def is_unusual(self) -> bool:
        return self.seen > self.needed

    @property
    def severity(self) -> int:
        """1 at the threshold, one more with each 1.5-fold of the excess, at most 10."""
        excess = self.seen - self.expected
        least = max(self.needed - self.expected, _FEWEST_SCORED)
        return max(1, min(10, 1 + math.floor(math.log(max(excess / least, 1e-9), 1.5))))


def score_of(seen: float, expected: float, needed: float) -> float:
    """0 (as expected or less) to 1; 0.5 where an alert begins.

    >>> score_of(30, 10, 20) > 0.5 > score_of(15, 10, 20), score_of(20, 10, 20)
    (True, 0.5)
    """
    excess = max(seen - expected, 0.0)
    return excess / (excess + max(needed - expected, _FEWEST_SCORED))


@lru_cache(maxsize=1024)
def tail_of(horizon_min: int, false_alerts_per_month: float) -> float:
    """Probability up to which a stretch of this length is improbable.

    >>> round(tail_of(5, 1.0), 7)
    8.7e-06
    """
    evaluations = MONTH_MIN / horizon_min * len(HORIZONS_MIN)
    return min(_MOST_TAIL, _TAILS * false_alerts_per_month / evaluations)


def limits(
    baseline: Baseline, means: Sequence[float], false_alerts_per_month: float, least: float
) -> list[float]:
    """For each horizon, with so many posts expected, the posts above which it is unusual."""
    factor = MIN_FACTOR if baseline.is_seasoned() else MIN_FACTOR_UNSEASONED
    level = return_level(baseline.observed_ms(), false_alerts_per_month)
    spreads, peaks = baseline.spreads, baseline.extremes.peaks
    found = [least - 1.0] * len(HORIZONS_MIN)
    for at, mean in enumerate(means):
        tail = tail_of(HORIZONS_MIN[at], false_alerts_per_month)
        limit = gamma_quantile(mean, spreads.dispersion(at, mean), tail)
        news = mean + peaks[at] * level
        if factor * mean > limit:  # noqa: PLR1730 - a call less
            limit = factor * mean
        if news > limit:  # noqa: PLR1730
            limit = news
        # "Above" is what counts: at least `least` posts are more than `least` - 1.
        if limit > found[at]:  # noqa: PLR1730
            found[at] = limit
    return found


def is_more(baseline: Baseline, at: int, seen: float, mean: float) -> bool:
    """Whether a number is large enough for a look at what the posts have in common."""
    factor = MIN_FACTOR if baseline.is_seasoned() else MIN_FACTOR_UNSEASONED
    if seen <= factor * mean:
        return False
    return seen > mean + SPREADS * math.sqrt(mean * baseline.spreads.dispersion(at, mean))


def is_unusual(
    baseline: Baseline,
    sums: Sequence[float],
    means: Sequence[float],
    false_alerts_per_month: float,
    least: float,
) -> bool:
    """Whether `judge` finds it unusual; what few posts or no rise rule out is not worked out."""
    factor = MIN_FACTOR if baseline.is_seasoned() else MIN_FACTOR_UNSEASONED
    rises = [at for at, seen in enumerate(sums) if seen > least - 1.0 and seen > factor * means[at]]
    if not rises:
        return False
    level = return_level(baseline.observed_ms(), false_alerts_per_month)
    spreads, peaks = baseline.spreads, baseline.extremes.peaks
    for at in rises:
        seen, mean = sums[at], means[at]
        if seen > mean + peaks[at] * level:
            tail = tail_of(HORIZONS_MIN[at], false_alerts_per_month)
            if seen > gamma_quantile(mean, spreads.dispersion(at, mean), tail):
                return True
    return False


def entry_thresholds_of(
    baseline: Baseline, means: Sequence[float], false_alerts_per_month: float, least: float
) -> list[float]:
    """For each horizon the posts above the expected at which it is unusual, at least one."""
    needed = limits(baseline, means, false_alerts_per_month, least)
    return [max(limit - mean, 1.0) for limit, mean in zip(needed, means, strict=True)]


def return_level(observed_ms: int, false_alerts_per_month: float) -> float:
    """What is reached once in a month divided by the knob, in parts of the peak of that time.

    Records fade, so that they never stand for more than a month.

    >>> from measures.season import DAY_MS
    >>> return_level(30 * DAY_MS, 1.0), round(return_level(3 * DAY_MS, 1.0), 2)
    (1.0, 1.58)
    """
    months = (observed_ms if observed_ms > SEASONED_MS else SEASONED_MS) / (MONTH_MIN * MINUTE_MS)
    if months > 1.0:  # noqa: PLR1730 - a call less
        months = 1.0
    return math.pow(months * false_alerts_per_month, -1 / _TAIL_INDEX)


def judge(
    baseline: Baseline,
    sums: Sequence[float],
    means: Sequence[float],
    false_alerts_per_month: float = 1.0,
    least: float = MIN_POSTS,
) -> Verdict:
    """The horizon that is nearest to an alert, or furthest above."""
    best, found, highest = 0, (0.0, 0.0, 0.0), -1.0
    needed = limits(baseline, means, false_alerts_per_month, least)
    for at, (seen, mean, limit) in enumerate(zip(sums, means, needed, strict=True)):
        score = score_of(seen, mean, limit)
        if score > highest:
            best, found, highest = at, (seen, mean, limit), score
    seen, mean, limit = found
    chance = gamma_tail(seen, mean, baseline.spreads.dispersion(best, mean))
    return Verdict(HORIZONS_MIN[best], seen, mean, limit, chance)


def lasts(sums: Sequence[float], means: Sequence[float], entry_thresholds: Sequence[float]) -> bool:
    """Whether what began goes on: half of the excess that raised it is still there.

    `entry_thresholds` are, for each horizon, the posts above the expected at which it began.
    Horizons of 5 and 15 minutes decide: one minute is too short to say that it is over,
    an hour too long.

    >>> lasts([0, 30, 90, 99], [1, 5, 15, 60], [9, 9, 9, 9]), lasts([9] * 4, [9] * 4, [9] * 4)
    (True, False)
    """
    return any(sums[at] - means[at] >= _STILL * entry_thresholds[at] for at in _LASTING)


def gamma_quantile(mean: float, dispersion: float, tail: float) -> float:
    """Upper quantile of a gamma with this mean and variance `mean * dispersion`.

    By Wilson and Hilferty (1931).

    >>> round(gamma_quantile(100, 1, 0.00135))
    133
    """
    shape = mean / dispersion
    if shape < _LEAST_SHAPE:  # noqa: PLR1730 - a call less
        shape = _LEAST_SHAPE
    cube = 1 - 1 / (9 * shape) + _z(tail) * math.sqrt(1 / (9 * shape))
    return mean * cube**3 if cube > 0 else 0.0


def gamma_tail(seen: float, mean: float, dispersion: float) -> float:
    """Probability of `seen` or more: the inverse of `gamma_quantile`.

    >>> round(gamma_tail(133, 100, 1), 3)
    0.001
    """
    shape = max(mean / dispersion, _LEAST_SHAPE)
    z = ((seen / mean) ** (1 / 3) - 1 + 1 / (9 * shape)) / math.sqrt(1 / (9 * shape))
    return 0.5 * math.erfc(z / math.sqrt(2))


@lru_cache(maxsize=1024)
def _z(tail: float) -> float:
    return NormalDist().inv_cdf(1 - tail)
