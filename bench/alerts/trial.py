"""The detector on one series: alerts without a burst, and how soon bursts are found.

The series is run once. Where a burst begins the detector is copied and the copy goes on with the
burst's posts on top, so that a hundred bursts cost little more than one.

The worker looks into the open minute about every quarter of a second to a second. So where a full
row raises an alert, the fewest posts of that row that raise it are searched for, and the alert's
moment is that of the last of them, their times in the row being drawn; plus a second.
"""

import pickle
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from bench.alerts.bursts import Burst
from measures.series import SeriesDetector

Values = Sequence[float | None]
"""Posts of each row; None: not known."""
WITHIN_MIN = 60
"""A burst is found by an alert from its begin to so long after it has begun in earnest."""
LOOK_S = 1.0


class Found(NamedTuple):
    """What became of a burst."""

    is_found: bool
    delay_min: float
    """From the moment it has begun in earnest; 0 if it was told before, nan if not found."""


class Trial(NamedTuple):
    """One series."""

    alerts: list[int]
    """Rows, without any burst."""
    found: list[Found]
    """For each burst."""


def run(
    values: Values, bursts: Sequence[Burst], start_ms: int, step_ms: int, rng: np.random.Generator
) -> Trial:
    """Run the series, and each burst on a copy."""
    detector = SeriesDetector(step_ms)
    order = sorted(range(len(bursts)), key=lambda at: bursts[at].start)
    alerts, found, next_burst = [], {}, 0
    for row, value in enumerate(values):
        while next_burst < len(order) and bursts[order[next_burst]].start == row:
            at = order[next_burst]
            copied = pickle.loads(pickle.dumps(detector))
            found[at] = _with_burst(copied, values, bursts[at], start_ms, step_ms, rng)
            next_burst += 1
        if detector.take(start_ms + row * step_ms, value).is_alert:
            alerts.append(row)
    return Trial(alerts, [found[at] for at in range(len(bursts))])


def _with_burst(
    detector: SeriesDetector,
    values: Values,
    burst: Burst,
    start_ms: int,
    step_ms: int,
    rng: np.random.Generator,
) -> Found:
    last = min(burst.earnest + WITHIN_MIN * 60_000 // step_ms, len(values))
    for row in range(burst.start, last):
        own = int(burst.posts[row - burst.start]) if row - burst.start < len(burst.posts) else 0
        at_ms, usual = start_ms + row * step_ms, values[row]
        posts = None if usual is None else int(usual) + own
        before = pickle.dumps(detector)
        if detector.take(at_ms, posts).is_alert and posts:
            share = _moment(before, at_ms, posts, rng)
            delay_ms = (row - burst.earnest + share) * step_ms + LOOK_S * 1000
            return Found(is_found=True, delay_min=max(0.0, delay_ms / 60_000))
    return Found(is_found=False, delay_min=float("nan"))


def _moment(before: bytes, at_ms: int, posts: int, rng: np.random.Generator) -> float:
    """The part of the row that has passed when its posts raise the alert."""
    few, enough = 0, posts
    while enough - few > 1:
        middle = (few + enough) // 2
        detector: SeriesDetector = pickle.loads(before)
        if detector.take(at_ms, middle).is_alert:
            enough = middle
        else:
            few = middle
    return float(np.sort(rng.random(posts))[enough - 1])
