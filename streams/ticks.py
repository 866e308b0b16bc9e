"""How far one worker has read in event time, and the ticks that tell the others."""

from collections.abc import Callable, Iterable, Mapping

import msgspec

from schemas.mention import Tick


class PartitionProgress:
    """How far a partition of `posts.raw` was read: newest event time, and time of the last read."""

    __slots__ = ("last_read_ms", "newest_event_ms")

    def __init__(self, now_ms: int) -> None:
        self.newest_event_ms: int | None = None
        self.last_read_ms = now_ms

    def observe(self, event_time_ms: int) -> None:
        """A post was read."""
        if self.newest_event_ms is None or event_time_ms > self.newest_event_ms:
            self.newest_event_ms = event_time_ms


class TickSettings(msgspec.Struct, frozen=True):
    disorder_ms: int
    idle_ms: int
    partitions: int


def build_tick(
    progress: Mapping[int, PartitionProgress],
    is_read_to_end: Callable[[int], bool],
    now_ms: int,
    settings: TickSettings,
) -> Tick:
    """The tick of the partitions in `progress` at `now_ms`.

    A partition is idle when it is read to its end and was silent for `idle_ms`; one with a backlog
    is slow, not idle.

    >>> one = PartitionProgress(now_ms=0)
    >>> one.observe(50_000)
    >>> build_tick({3: one}, lambda partition: True, 4000, TickSettings(30_000, 5000, 8))
    Tick(sent_at_ms=4000, partitions=8, watermarks={3: 20000}, idle=())
    >>> build_tick({3: one}, lambda partition: True, 6000, TickSettings(30_000, 5000, 8)).idle
    (3,)
    """
    return Tick(
        sent_at_ms=now_ms,
        partitions=settings.partitions,
        watermarks={
            partition: one.newest_event_ms - settings.disorder_ms
            for partition, one in progress.items()
            if one.newest_event_ms is not None
        },
        idle=tuple(_idle(progress, is_read_to_end, now_ms - settings.idle_ms)),
    )


def _idle(
    progress: Mapping[int, PartitionProgress],
    is_read_to_end: Callable[[int], bool],
    silent_since_ms: int,
) -> Iterable[int]:
    return (
        partition
        for partition, one in sorted(progress.items())
        if one.last_read_ms <= silent_since_ms and is_read_to_end(partition)
    )
