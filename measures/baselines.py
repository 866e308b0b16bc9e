"""What a brand's volume usually is, and how many posts would be unusual.

Per minute of event time, O(1) state (some 30 numbers, under 400 bytes):

- `level`: exponentially weighted mean of the minutes' counts, half-life 3 h; a gap of empty minutes
  is decayed in closed form;
- `hours`: mean count a minute at each hour of the day, half-life 3 days; the expected count is the
  larger of the two, so that the morning's rise is no burst;
- `dispersion`: variance over mean of the residuals: microblog counts vary more than Poisson's.

Minutes are scored before they are learned, and learned at most up to what would have been just
unusual, so that a burst does not become normal (Gnip, "Trend detection in social data", 2012-14:
past anomalies contaminate baselines, counts are over-dispersed).
"""

import math
from functools import lru_cache
from statistics import NormalDist

import msgspec

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
_LEVEL_DECAY = 0.5 ** (1 / 180)
_HOUR_DECAY = 0.5 ** (1 / (3 * 60))
_DISPERSION_DECAY = 0.5 ** (1 / 360)
_FLOOR = 0.05
"""Posts a minute below which no brand is believed to be: guards against empty histories."""
WARM_UP_MS = 2 * HOUR_MS


class Baseline(msgspec.Struct, array_like=True):
    """The usual volume of one brand."""

    born_ms: int = -1
    learned_to_ms: int = -1
    """End of the last learned minute."""
    level: float = _FLOOR
    dispersion: float = 2.0
    hours: list[float] = msgspec.field(default_factory=lambda: [0.0] * 24)

    def expected(self, start_ms: int) -> float:
        """Posts in the minute that starts at `start_ms`."""
        gap = max(0, start_ms - self.learned_to_ms) // MINUTE_MS if self.learned_to_ms >= 0 else 0
        level = self.level * _LEVEL_DECAY**gap
        return max(level, self.hours[start_ms % DAY_MS // HOUR_MS], _FLOOR)

    def unusual(self, start_ms: int, minutes: int, tail: float) -> tuple[float, float]:
        """(expected, unusual) posts over `minutes` up to the minute at `start_ms`.

        `tail` is the probability with which a usual stretch reaches the second number.
        """
        mean = self.expected(start_ms) * minutes
        # Residuals of neighbouring minutes go together: their sum varies more than if independent.
        dispersion = self.dispersion * (1 + math.log(minutes))
        if start_ms - self.born_ms < WARM_UP_MS:
            mean, dispersion = mean + minutes, dispersion * 4
        return mean, gamma_quantile(mean, dispersion, tail)

    def learn(self, start_ms: int, posts: int, cap: float) -> None:
        """Take the count of a finished minute, at most `cap`. Minutes must rise."""
        if self.born_ms < 0:
            self.born_ms = start_ms
        gap = max(0, start_ms - self.learned_to_ms) // MINUTE_MS if self.learned_to_ms >= 0 else 0
        if gap:
            self.level *= _LEVEL_DECAY**gap
        mean = max(self.expected(start_ms), _FLOOR)
        value = min(float(posts), cap)
        spread = (value - mean) ** 2 / mean
        self.dispersion = max(
            1.0,
            self.dispersion * _DISPERSION_DECAY + min(spread, 50.0) * (1 - _DISPERSION_DECAY),
        )
        self.level = self.level * _LEVEL_DECAY + value * (1 - _LEVEL_DECAY)
        hour = start_ms % DAY_MS // HOUR_MS
        self.hours[hour] = self.hours[hour] * _HOUR_DECAY + value * (1 - _HOUR_DECAY)
        self.learned_to_ms = start_ms + MINUTE_MS


def gamma_quantile(mean: float, dispersion: float, tail: float) -> float:
    """Upper quantile of a gamma with this mean and variance `mean * dispersion`.

    The continuous counterpart of the negative binomial, by Wilson and Hilferty (1931).

    >>> round(gamma_quantile(100, 1, 0.00135))
    133
    """
    shape = max(mean / dispersion, 0.05)
    cube = 1 - 1 / (9 * shape) + _z(tail) * math.sqrt(1 / (9 * shape))
    return mean * max(cube, 0.0) ** 3


@lru_cache(maxsize=256)
def _z(tail: float) -> float:
    return NormalDist().inv_cdf(1 - tail)
