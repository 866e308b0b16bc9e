"""Stretches of event time in which a feed gave less than was written: nobody wrote less.

They are no silence and no drop of a brand, and nothing is learned from them. Which feed it was and
which brands it tells of is not known, so they count for all brands.
"""

import math
from collections.abc import Iterable

Stretch = tuple[float, float]
"""Begin and end, ms of event time."""

MOST_KEPT = 16


def merged(gaps: Iterable[tuple[int, int]], most: int = MOST_KEPT) -> list[tuple[int, int]]:
    """The newest stretches, in order, those that touch as one.

    >>> merged([(50, 60), (0, 10), (5, 20)])
    [(0, 20), (50, 60)]
    """
    found: list[tuple[int, int]] = []
    for from_ms, to_ms in sorted(gaps):
        if found and from_ms <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], to_ms))
        elif from_ms < to_ms:
            found.append((from_ms, to_ms))
    return found[-most:]


class Unobserved:
    """What a partition knows of stretches without a feed."""

    def __init__(self, gaps: Iterable[tuple[int, int]] = ()) -> None:
        self._gaps: list[tuple[int, int]] = list(gaps)
        self._away_since_ms = math.inf
        self.stretches: tuple[Stretch, ...] = tuple(self._gaps)
        """In order of their begin; the last one may be open."""

    def note(self, gaps: list[tuple[int, int]], away_since_ms: int | None) -> None:
        """`gaps`: as `merged` gives them. `away_since_ms`: a feed is away now, since then."""
        self._gaps = gaps
        self._away_since_ms = math.inf if away_since_ms is None else away_since_ms
        is_away = away_since_ms is not None
        self.stretches = (*gaps, *([(self._away_since_ms, math.inf)] if is_away else ()))

    def holds(self, at_ms: int) -> bool:
        """Whether the minute at `at_ms` lies in one.

        >>> unobserved = Unobserved([(60_000, 180_000)])
        >>> [unobserved.holds(at_ms) for at_ms in (0, 60_000, 120_000, 180_000)]
        [False, True, True, False]
        """
        return any(
            from_ms < at_ms + _MINUTE_MS and at_ms < to_ms for from_ms, to_ms in self.stretches
        )

    def observed_since_ms(self, at_ms: int) -> int:
        """Since when everything is observed, at the minute at `at_ms`; -1: always."""
        ends = [
            min(to_ms, at_ms + _MINUTE_MS)
            for from_ms, to_ms in self.stretches
            if from_ms < at_ms + _MINUTE_MS
        ]
        return int(max(ends, default=-1))


_MINUTE_MS = 60_000
