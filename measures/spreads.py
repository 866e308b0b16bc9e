"""How far a brand's counts vary around what is expected of them.

Microblog counts vary more than Poisson's: posts bring others, and the level itself wanders. The
first makes the variance a multiple of the mean, the second a multiple of its square. So the
dispersion (variance over mean) that is learned over days and nights holds at the mean at which it
was learned; elsewhere its part above 1 goes with the root of the mean, half way between the two.
"""

import math
from collections.abc import Sequence

import msgspec

from measures.horizons import HORIZONS_MIN

_HORIZONS = len(HORIZONS_MIN)
MOST = 50.0
"""Largest dispersion that is believed: single squares are as large as bursts are."""
_MOST_RATIO = 2.0
"""The part above 1 is at most so many times the learned one."""


def most_learned(expected: float, dispersion: float) -> float:
    """What a baseline learns of a count at most: what would have been just unusual."""
    return expected + 4 * math.sqrt(dispersion * expected) + 2


class Spreads(msgspec.Struct, array_like=True, gc=False):
    """Of one brand, for each horizon."""

    dispersions: list[float] = msgspec.field(default_factory=lambda: [2.0] * _HORIZONS)
    """Variance over mean of the residuals, at least 1."""
    means: list[float] = msgspec.field(default_factory=lambda: [0.0] * _HORIZONS)
    """Posts expected over the horizon when it was learned; 0: none was."""

    def dispersion(self, at: int, mean: float) -> float:
        """Of horizon number `at`, with `mean` posts expected.

        >>> spreads = Spreads([5.0] * 4, [100.0] * 4)
        >>> spreads.dispersion(0, 100.0), spreads.dispersion(0, 25.0), spreads.dispersion(0, 1e9)
        (5.0, 3.0, 9.0)
        """
        learned, learned_at = self.dispersions[at], self.means[at]
        if not learned_at:
            return learned
        ratio = math.sqrt(mean / learned_at)
        return 1.0 + (learned - 1.0) * (ratio if ratio < _MOST_RATIO else _MOST_RATIO)

    def learn(self, sums: Sequence[float], means: Sequence[float], kept: float) -> None:
        """Take the posts seen and expected over each horizon into account; `kept` of what was."""
        squares = [(sums[at] - mean) ** 2 / mean for at, mean in enumerate(means)]
        self._learn(squares, means, kept)

    def learn_empty(self, means: Sequence[float], kept: float) -> None:
        """For some time nothing was seen where so many posts were expected over each horizon."""
        self._learn(means, means, kept)

    def _learn(self, squares: Sequence[float], means: Sequence[float], kept: float) -> None:
        dispersions, learned_at = self.dispersions, self.means
        for at, mean in enumerate(means):
            spread = squares[at]
            spread = spread if spread < MOST else MOST
            spread += (dispersions[at] - spread) * kept
            dispersions[at] = spread if spread > 1.0 else 1.0
            before = learned_at[at]
            learned_at[at] = mean + (before - mean) * kept if before else mean
