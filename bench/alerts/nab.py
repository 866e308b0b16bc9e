"""The scoring of the Numenta Anomaly Benchmark (Lavin and Ahmad, ICMLA 2015).

As its `sweeper.py` computes it: the earliest alert in a window counts, more the earlier it is; each
alert outside costs, less right behind a window; a window without an alert costs. Rows of the first
15 %, at most 750, are not scored. 100 is an alert at the begin of each window and no other; 0 is
no alert at all.

    position      -1 ............ 0      1 ...... 3
    in a window   |==============|                      found * S(position) / S(-1)
    behind it                    |......................  outside * S(position), below 0
    S(position) = 2 / (1 + exp(5 position)) - 1
"""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

Window = tuple[int, int]
"""First and last row."""


class Profile(NamedTuple):
    """What a window found, an alert outside and a window missed count."""

    name: str
    found: float
    outside: float
    missed: float


PROFILES = (
    Profile("standard", 1.0, 0.11, 1.0),
    Profile("reward low FP", 1.0, 0.22, 1.0),
    Profile("reward low FN", 1.0, 0.11, 2.0),
)
SHARE = 0.1
"""Of a series, what its windows are together in the benchmark."""


class Scored(NamedTuple):
    """One series or many together."""

    windows: int
    found: int
    outside: int
    raw: tuple[float, ...]
    """One for each profile."""

    def percent(self, number: int) -> float:
        """The score by profile `number`; not a number without windows."""
        profile = PROFILES[number]
        least, most = -profile.missed * self.windows, profile.found * self.windows
        return 100 * (self.raw[number] - least) / (most - least) if self.windows else math.nan


def probation(rows: int) -> int:
    """Rows that are not scored.

    >>> probation(1000), probation(100_000)
    (150, 750)
    """
    return int(0.15 * min(rows, 5000))


def score(rows: int, windows: Iterable[Window], alerts: Iterable[int]) -> Scored:
    """Score the alerts of one series, given by row.

    A window counts if one of its rows is scored. Windows must not overlap.

    >>> scored = score(1000, [(500, 599)], [500, 900])
    >>> scored.found, scored.outside, round(scored.percent(0), 1)
    (1, 1, 94.5)
    """
    first = probation(rows)
    known = sorted(windows)
    asked = [window for window in known if window[1] >= first]
    scored = sorted({row for row in alerts if row >= first})
    within = [[row for row in scored if low <= row <= high] for low, high in asked]
    outside = [row for row in scored if not any(low <= row <= high for low, high in known)]
    raw = tuple(
        sum(_of_window(profile, *pair) for pair in zip(asked, within, strict=True))
        + sum(profile.outside * _behind(known, row) for row in outside)
        for profile in PROFILES
    )
    return Scored(len(asked), sum(map(bool, within)), len(outside), raw)


def together(scored: Iterable[Scored]) -> Scored:
    """Many series as one."""
    listed = list(scored)
    raw = tuple(sum(one.raw[at] for one in listed) for at in range(len(PROFILES)))
    return Scored(
        sum(one.windows for one in listed),
        sum(one.found for one in listed),
        sum(one.outside for one in listed),
        raw,
    )


def widened(rows: int, windows: Iterable[Window]) -> list[Window]:
    """The windows as the benchmark draws them: around their centres, a tenth of the rows together.

    None becomes shorter than it was; neighbours that meet share what lies between them.

    >>> widened(1000, [(500, 509)])
    [(455, 554)]
    >>> widened(1000, [(500, 509), (530, 539)])
    [(480, 519), (520, 559)]
    """
    known = sorted(windows)
    wide = [_around(window, SHARE * rows / len(known), rows) for window in known]
    for at in range(1, len(wide)):
        if wide[at - 1][1] >= wide[at][0]:
            end = (known[at - 1][1] + known[at][0]) // 2
            wide[at - 1] = wide[at - 1][0], max(end, known[at - 1][1])
            wide[at] = wide[at - 1][1] + 1, wide[at][1]
    return wide


def _around(window: Window, length: float, rows: int) -> Window:
    low, high = window
    margin = max(0.0, length - (high - low + 1)) / 2
    return max(0, low - round(margin)), min(rows - 1, high + round(margin))


def _of_window(profile: Profile, window: Window, alerts: Sequence[int]) -> float:
    if not alerts:
        return -profile.missed
    low, high = window
    position = -(high - alerts[0] + 1) / (high - low + 1)
    return profile.found * _sigmoid(position) / _sigmoid(-1.0)


def _behind(windows: Sequence[Window], row: int) -> float:
    """-1 to 0: an alert behind the last window before it, in lengths of that window."""
    before = [window for window in windows if window[1] < row]
    if not before:
        return -1.0
    low, high = before[-1]
    return _sigmoid((row - high) / max(high - low, 1))


def _sigmoid(position: float) -> float:
    return -1.0 if position >= 3 else 2 / (1 + math.exp(5 * position)) - 1
