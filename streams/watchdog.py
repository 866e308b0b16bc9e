"""Tell when a worker that looks alive has stopped working.

A worker can hold its place in the group and do nothing: a take-over that waits for ever, a
fetcher that is stuck, an assignment that came out empty after a broker's restart. Heartbeats go
on, and nobody else may take its partitions. Ending it mends all of these.
"""

from collections.abc import Hashable, Mapping
from typing import NamedTuple

from kafka_io.ledger import TopicPartition


class Sight(NamedTuple):
    """What was seen of a worker while the broker answered."""

    is_open: bool
    """Whether partitions are taken over, perhaps none."""
    steps: int
    """Grows with every step of a take-over."""
    positions: Mapping[TopicPartition, int]
    """Next offset of each partition that it owns."""
    ends: Mapping[TopicPartition, int]
    """Where those partitions end; one that is not known is left out."""
    unowned: frozenset[TopicPartition]
    """Partitions that no member of the group has, where this worker has none."""


class Watchdog:
    """Judges one sight after the other.

    >>> watchdog = Watchdog(stall_s=120)
    >>> stuck = Sight(True, 0, {("posts.raw", 0): 5}, {("posts.raw", 0): 9}, frozenset())
    >>> watchdog.judge(stuck, now_s=0), watchdog.judge(stuck, now_s=60)
    (None, None)
    >>> watchdog.judge(stuck, now_s=120)
    'posts.raw/0 has stood at 5 of 9 for 120 s'
    """

    def __init__(self, stall_s: float) -> None:
        self._stall_s = stall_s
        self._since: dict[Hashable, tuple[object, float]] = {}

    def judge(self, sight: Sight | None, now_s: float) -> str | None:
        """Why the worker has to end, or None.

        Args:
            sight: None where the broker did not answer: then standing still is right.
        """
        waiting = {} if sight is None else _waiting(sight)
        since = {}
        for what, (value, _) in waiting.items():
            before, at_s = self._since.get(what, (value, now_s))
            since[what] = (value, at_s if before == value else now_s)
        self._since = since
        for what, (_, words) in waiting.items():
            still_s = now_s - since[what][1]
            if still_s >= self._stall_s:
                return f"{words} for {still_s:.0f} s"
        return None


def _waiting(sight: Sight) -> dict[Hashable, tuple[object, str]]:
    """Everything that ought to change: its value, and the words for standing still."""
    if not sight.is_open:
        return {"take-over": (sight.steps, "taking over partitions has not moved on")}
    if not sight.positions and sight.unowned:
        some = ", ".join(f"{topic}/{partition}" for topic, partition in sorted(sight.unowned)[:3])
        words = f"it was given no partition while nobody has {some}"
        return {"unowned": (sight.unowned, words)}
    return {
        (topic, partition): (
            position,
            f"{topic}/{partition} has stood at {position} of {sight.ends[topic, partition]}",
        )
        for (topic, partition), position in sight.positions.items()
        if position < sight.ends.get((topic, partition), 0)
    }
