"""How far each partition of `mentions` has come in `windows`. Pure.

Both topics are partitioned alike: the worker that owns a partition of `mentions` writes the windows
of its brands to the same one of `windows`. So a partition that stands still shows as mentions of
minutes that it does not close, while those without posts have nothing to close.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from center.store.protocol import HOUR_MS, MINUTE_MS, Record
from schemas.mention import Mention
from schemas.topics import MENTIONS, WINDOWS
from schemas.window import Window

LATE_MS = 2 * HOUR_MS
"""Mentions so much older than the newest closed minute may be of none that will be closed."""


class Standing(NamedTuple):
    """Of one partition; 0: not yet."""

    closed_until_ms: int = 0
    newest_ms: int = 0
    """Begin of the newest minute with mentions."""
    waiting_from_ms: int = 0
    """Begin of the oldest minute with mentions that is not closed; 0: it has none."""

    def with_closed(self, until_ms: int) -> "Standing":
        """A minute that ends then is closed.

        >>> Standing(0, 120_000, 60_000).with_closed(120_000).waiting_from_ms
        120000
        >>> Standing(0, 120_000, 60_000).with_closed(180_000).waiting_from_ms
        0
        """
        closed_ms = max(self.closed_until_ms, until_ms)
        waiting_ms = self.waiting_from_ms
        if waiting_ms < closed_ms:
            waiting_ms = self.newest_ms if self.newest_ms >= closed_ms else 0
        return Standing(closed_ms, self.newest_ms, waiting_ms)

    def with_mention(self, minute_ms: int) -> "Standing":
        """A mention of the minute that begins then.

        >>> Standing(60_000).with_mention(60_000).with_mention(240_000)
        Standing(closed_until_ms=60000, newest_ms=240000, waiting_from_ms=60000)
        """
        if minute_ms < self.closed_until_ms:
            return self
        waiting_ms = min(self.waiting_from_ms or minute_ms, minute_ms)
        return Standing(self.closed_until_ms, max(self.newest_ms, minute_ms), waiting_ms)


def moved(held: Mapping[int, Standing], records: Iterable[Record]) -> dict[int, Standing]:
    """The partitions whose standing the records change."""
    found = dict(held)
    closed_ms = max((one.closed_until_ms for one in held.values()), default=0)
    mentions = []
    for record in records:
        one = record.value
        if record.topic == WINDOWS.name and isinstance(one, Window) and one.size_ms == MINUTE_MS:
            standing = found.get(record.partition, Standing())
            found[record.partition] = standing.with_closed(one.start_ms + one.size_ms)
            closed_ms = max(closed_ms, one.start_ms + one.size_ms)
        elif record.topic == MENTIONS.name and isinstance(one, Mention):
            mentions.append((record.partition, one.event_time_ms // MINUTE_MS * MINUTE_MS))
    for partition, minute_ms in mentions:
        if minute_ms >= closed_ms - LATE_MS:
            found[partition] = found.get(partition, Standing()).with_mention(minute_ms)
    return {partition: one for partition, one in found.items() if held.get(partition) != one}
