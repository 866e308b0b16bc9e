"""What one worker knows of event time, and the ticks that tell the others."""

from collections.abc import Callable, Iterable, Mapping

import msgspec

from schemas.mention import Tick


class FeedClock:
    """Event time of one partition of `posts.raw`."""

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
    clocks: Mapping[int, FeedClock],
    is_read_to_end: Callable[[int], bool],
    now_ms: int,
    settings: TickSettings,
) -> Tick:
    """The tick of the partitions in `clocks` at `now_ms`.

    A partition is idle when it is read to its end and was silent for `idle_ms`; one with a backlog
    is slow, not idle.

    >>> clock = FeedClock(now_ms=0)
    >>> clock.observe(50_000)
    >>> build_tick({3: clock}, lambda partition: True, 4000, TickSettings(30_000, 5000, 8))
    Tick(sent_at_ms=4000, partitions=8, watermarks={3: 20000}, idle=())
    >>> build_tick({3: clock}, lambda partition: True, 6000, TickSettings(30_000, 5000, 8)).idle
    (3,)
    """
    return Tick(
        sent_at_ms=now_ms,
        partitions=settings.partitions,
        watermarks={
            partition: clock.newest_event_ms - settings.disorder_ms
            for partition, clock in clocks.items()
            if clock.newest_event_ms is not None
        },
        idle=tuple(_idle(clocks, is_read_to_end, now_ms - settings.idle_ms)),
    )


def _idle(
    clocks: Mapping[int, FeedClock], is_read_to_end: Callable[[int], bool], silent_since_ms: int
) -> Iterable[int]:
    return (
        partition
        for partition, clock in sorted(clocks.items())
        if clock.last_read_ms <= silent_since_ms and is_read_to_end(partition)
    )
