"""The usual of something whose single minutes alone are asked about: as a `Baseline`, for less.

Of all brands of a partition together nobody asks what was expected over five minutes or an hour,
nor how large the largest burst was. In a replay of years nearly each closed minute is learned by
this one too, so what nobody reads is not worked out. The rest is the same to the last bit.
"""

from collections.abc import Sequence
from typing import ClassVar

from measures.baselines import BLOCK_MS, Baseline, Fadings, fadings_of
from measures.horizons import HORIZONS_MIN
from measures.season import MINUTE_MS, MINUTES_A_DAY, PLACES, Holidays, weekday_of


class MinuteBaseline(Baseline, array_like=True, gc=False):
    """Kept as a `Baseline` is, whose blocks, extremes and longer horizons stay as they are."""

    horizons_min: ClassVar[Sequence[int]] = HORIZONS_MIN[:2]
    """How far counts of the second vary bounds what a minute teaches."""

    def learn_count(self, posts: float, expected: float, *, unusual: bool) -> None:
        """How a minute's count varies around what was expected of it; an alert's is not learned."""
        if not unusual:
            self.spreads.learn((posts, posts), (expected, expected), fadings_of(1.0).dispersion)

    def _fade(self, minutes: float) -> Fadings:
        fadings = fadings_of(minutes)
        self.level_total *= fadings.level
        self.slow_total *= fadings.slow
        return fadings

    def _note_blocks(self, from_ms: int, holidays: Holidays) -> None:
        newest = self.known_to_ms // BLOCK_MS
        if from_ms // BLOCK_MS >= newest:
            return
        at_ms = newest * BLOCK_MS
        profile = self._profile()
        before, after, left, right = PLACES[at_ms // MINUTE_MS % MINUTES_A_DAY]
        profile.work_out(before, 2)  # the other is the next one
        self.of_the_day = left * profile[before] + right * profile[after]
        self.of_the_week = profile.of_the_week(weekday_of(at_ms, holidays))
