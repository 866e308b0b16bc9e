"""When a post is due: its own pace, faster or slower, without long silences. Pure.

event time   |a...b.........(night).........c..d
due          |a.b....c.d                          speed 2, the night cut to `max_gap_s`
"""

from bisect import bisect_right
from collections.abc import Sequence
from operator import attrgetter
from typing import NamedTuple

from feeds.source import DuePost

REWIND_MS = 3_600_000
"""A post this much older than the newest one is not late: another stretch of time begins."""

_due_ms = attrgetter("due_ms")


class Beat(NamedTuple):
    due_ms: float
    """Milliseconds after the first post."""
    behind_ms: float
    """How late the post is behind the newest one, in the time of the replay; 0 or more."""


class Pace:
    """Due times of posts, fed in the order of sending. They never go back.

    A late post is due at once. Neither a night nor a post from the year 2099 holds the feed up
    for longer than `max_gap_s`.

    >>> pace = Pace(speed=2, max_gap_s=10)
    >>> [pace.beat(event_time_ms) for event_time_ms in (50_000, 54_000, 53_000, 90_000)]
    [Beat(due_ms=0.0, behind_ms=0.0), Beat(due_ms=2000.0, behind_ms=0.0),
     Beat(due_ms=2000.0, behind_ms=500.0), Beat(due_ms=12000.0, behind_ms=0.0)]
    """

    def __init__(self, speed: float, max_gap_s: float) -> None:
        if not speed > 0:
            raise ValueError(f"speed={speed}: must be above 0")
        self._speed = speed
        self._max_gap_ms = max_gap_s * 1_000
        self._newest_ms: int | None = None
        self._due_ms = 0.0

    def beat(self, event_time_ms: int) -> Beat:
        """The next post's place; `event_time_ms` 0 (unknown) is taken as the newest time."""
        newest_ms = self._newest_ms
        if not event_time_ms:
            return Beat(self._due_ms, 0.0)
        if newest_ms is None or newest_ms - event_time_ms >= REWIND_MS:
            self._newest_ms = event_time_ms
            return Beat(self._due_ms, 0.0)
        if event_time_ms <= newest_ms:
            return Beat(self._due_ms, (newest_ms - event_time_ms) / self._speed)
        self._newest_ms = event_time_ms
        self._due_ms += min((event_time_ms - newest_ms) / self._speed, self._max_gap_ms)
        return Beat(self._due_ms, 0.0)


def due_end(posts: Sequence[DuePost], start: int, elapsed_ms: float) -> int:
    """Index after the last post from `start` on that is due when `elapsed_ms` have passed.

    >>> posts = [DuePost(due_ms, b"", b"") for due_ms in (0, 10, 10, 30)]
    >>> [due_end(posts, 0, elapsed_ms) for elapsed_ms in (0, 9, 10, 31)]
    [1, 1, 3, 4]
    """
    if posts[-1].due_ms <= elapsed_ms:
        return len(posts)
    return bisect_right(posts, elapsed_ms, lo=start, key=_due_ms)
