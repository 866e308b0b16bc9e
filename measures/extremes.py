"""What the largest bursts of a brand are: for each horizon the largest excess so far, which fades.

What a rise adds to the peak counts when the rise is over an hour or two later: a burst that takes
some minutes to grow is judged by what was before it, not by its own begin.
"""

from collections.abc import Sequence

import msgspec

from measures.horizons import HORIZONS_MIN

HOUR_MS = 3_600_000
EVENT_MS = 9 * HOUR_MS
"""What begins within so long belongs to one event."""
EVENT_GROWTH = 2.0
"""One event raises a peak to so many times the excess with which it began, at most: else a giant
would silence what comes after it for weeks."""
PEAK_SHARE = 0.8
"""What comes within a fifth of the peak is news again."""
_HORIZONS = len(HORIZONS_MIN)


class Extremes(msgspec.Struct, array_like=True, gc=False):
    """The peaks of one brand, in posts."""

    peaks: list[float] = msgspec.field(default_factory=lambda: [0.0] * _HORIZONS)
    """For each horizon `PEAK_SHARE` of the largest excess over the expected, faded since."""
    earlier: list[float] = msgspec.field(default_factory=lambda: [0.0] * _HORIZONS)
    """The same of the hour before the current one."""
    recent: list[float] = msgspec.field(default_factory=lambda: [0.0] * _HORIZONS)
    """The same of the current hour."""
    recent_ms: int = -1
    """Begin of the current hour; -1: none has begun."""
    event_ms: int = -EVENT_MS
    """Begin of the last unusual event."""
    ceilings: list[float] = msgspec.field(default_factory=list)
    """For each horizon how far the peak may grow by it."""

    def fade(self, kept: float) -> None:
        """Time has passed: `kept` of the peaks is left."""
        minute, five, quarter, hour = self.peaks
        self.peaks = [minute * kept, five * kept, quarter * kept, hour * kept]  # a loop is a call

    def learn(self, at_ms: int, sums: Sequence[float], means: Sequence[float]) -> None:
        """Take the posts seen and expected over each horizon into account, after a verdict.

        >>> extremes = Extremes()
        >>> for minute in range(181):
        ...     extremes.learn(minute * 60_000, [110.0] * 4, [10.0] * 4)
        ...     if minute in (59, 180):
        ...         print(extremes.peaks[0])
        0.0
        80.0
        """
        if at_ms >= self.recent_ms + HOUR_MS:
            earlier = self.earlier
            self.peaks = [
                peak if peak >= earlier[at] else earlier[at] for at, peak in enumerate(self.peaks)
            ]
            self.earlier, self.recent = self.recent, [0.0] * _HORIZONS
            self.recent_ms = at_ms
        recent = self.recent
        for at, seen in enumerate(sums):
            more = seen - means[at]
            if more <= 0:
                continue
            excess = PEAK_SHARE * more
            if excess > recent[at]:
                in_event = at_ms < self.event_ms + EVENT_MS
                recent[at] = min(excess, self.ceilings[at]) if in_event else excess

    def begin_event(self, at_ms: int, sums: Sequence[float], means: Sequence[float]) -> None:
        """Something unusual begins: how far the peaks may grow by it."""
        if at_ms < self.event_ms + EVENT_MS:
            return
        self.event_ms = at_ms
        self.ceilings = [
            EVENT_GROWTH * max(peak, seen - mean)
            for peak, seen, mean in zip(self.peaks, sums, means, strict=True)
        ]
