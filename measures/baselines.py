"""What a brand's volume usually is, and how many posts would be unusual.

Per minute of event time, O(1) state (20 numbers):

- the recent level: exponentially weighted mean of the minutes' counts, half-life 3 h;
- the level at this part of the day (eight of three hours), half-life 3 days: the expected count is
  the larger of the two, so that the morning's rise is no burst;
- the dispersion: variance over mean of the residuals, as microblog counts vary more than Poisson's.

Means are weighted sums over sums of weights, so that they hold from the first minutes on. Empty
minutes count as zeros, in closed form: a brand that nobody mentioned since the stream began has a
history of zeros.

Minutes are scored before they are learned, and learned at most up to what would have been just
unusual, so that a burst does not become normal (Gnip, "Trend detection in social data", 2012-14:
past anomalies contaminate baselines, counts are over-dispersed).
"""

import math
from functools import lru_cache
from statistics import NormalDist

import msgspec

MINUTE_MS = 60_000
PART_MS = 3 * 60 * MINUTE_MS
DAY_MS = 24 * 60 * MINUTE_MS
PARTS = DAY_MS // PART_MS
WARM_MINUTES = 30
"""No verdict before the stream was watched for so long."""
_LEVEL_DECAY = 0.5 ** (1 / 180)
_PART_DECAY = 0.5 ** (1 / (3 * 180))
_DISPERSION_DECAY = 0.5 ** (1 / 360)
_LEAST_PART_MINUTES = 60
_FLOOR = 0.05
"""Posts a minute below which no brand is believed to be: guards against empty histories."""


class Baseline(msgspec.Struct, array_like=True, gc=False):
    """The usual volume of one brand."""

    known_to_ms: int = -1
    """End of the last minute that was taken into account; -1: none was."""
    total: float = 0.0
    weight: float = 0.0
    dispersion: float = 2.0
    part_totals: list[float] = msgspec.field(default_factory=lambda: [0.0] * PARTS)
    part_weights: list[float] = msgspec.field(default_factory=lambda: [0.0] * PARTS)

    def begin(self, start_ms: int) -> None:
        """The stream was watched since `start_ms`, without a post of this brand."""
        if self.known_to_ms < 0:
            self.known_to_ms = start_ms

    def is_warm(self) -> bool:
        """Whether enough was seen for a verdict."""
        return self.weight >= WARM_MINUTES * 0.9

    def expected(self, start_ms: int) -> float:
        """Posts in the minute that starts at `start_ms`; all before it must be known."""
        part = start_ms % DAY_MS // PART_MS
        usual = self.total / self.weight if self.weight else 0.0
        if self.part_weights[part] >= _LEAST_PART_MINUTES:
            usual = max(usual, self.part_totals[part] / self.part_weights[part])
        return max(usual, _FLOOR)

    def unusual(self, start_ms: int, minutes: int, tail: float) -> tuple[float, float]:
        """(expected, unusual) posts over `minutes` up to the minute at `start_ms`.

        `tail` is the probability with which a usual stretch reaches the second number.
        """
        mean = self.expected(start_ms) * minutes
        # Residuals of neighbouring minutes go together: their sum varies more than if independent.
        return mean, gamma_quantile(mean, self.dispersion * (1 + math.log(minutes)), tail)

    def pass_empty(self, until_ms: int) -> None:
        """Take the minutes without posts up to `until_ms` into account."""
        minutes = (until_ms - self.known_to_ms) // MINUTE_MS
        if minutes <= 0 or self.known_to_ms < 0:
            return
        faded = _LEVEL_DECAY**minutes
        self.total *= faded
        self.weight = self.weight * faded + (1 - faded) / (1 - _LEVEL_DECAY)
        days, rest_ms = divmod(until_ms - self.known_to_ms, DAY_MS)
        if days:
            for part in range(PARTS):
                self._fade(part, days * PART_MS // MINUTE_MS)
        at_ms = until_ms - rest_ms
        while at_ms < until_ms:
            end_ms = min(at_ms - at_ms % PART_MS + PART_MS, until_ms)
            self._fade(at_ms % DAY_MS // PART_MS, (end_ms - at_ms) // MINUTE_MS)
            at_ms = end_ms
        self.known_to_ms = until_ms

    def learn(self, start_ms: int, posts: int, cap: float) -> None:
        """Take the count of a finished minute, at most `cap`; all before it must be known."""
        mean = self.expected(start_ms)
        value = min(float(posts), cap)
        spread = min((value - mean) ** 2 / mean, 50.0)
        self.dispersion = max(1.0, spread + (self.dispersion - spread) * _DISPERSION_DECAY)
        self.total = self.total * _LEVEL_DECAY + value
        self.weight = self.weight * _LEVEL_DECAY + 1
        part = start_ms % DAY_MS // PART_MS
        self._fade(part, 1)
        self.part_totals[part] += value
        self.known_to_ms = start_ms + MINUTE_MS

    def _fade(self, part: int, minutes: int) -> None:
        faded = _PART_DECAY**minutes
        self.part_totals[part] *= faded
        self.part_weights[part] = self.part_weights[part] * faded + (1 - faded) / (1 - _PART_DECAY)


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
