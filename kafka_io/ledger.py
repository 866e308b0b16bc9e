"""How far each partition was read: the one judge of what a fetched batch may do.

Fetches can repeat records (after a seek) and, around a rebalance, skip some. The ledger knows the
next offset of every partition it was opened for, and takes only what starts there:

    next = 100    batch [100, 180)   take all, next = 180
    next = 180    batch [150, 200)   take [180, 200), next = 200
    next = 200    batch [120, 200)   stale, drop
    next = 200    batch [260, 300)   a gap: drop, and the fetcher has to seek back to 200
    (not open)    batch [  0,  50)   not ours any more, drop
"""

from collections.abc import Mapping
from enum import Enum
from typing import Any, NamedTuple

TopicPartition = tuple[str, int]


class RecordBatch(NamedTuple):
    """What one fetch gave of one partition: one Faust event.

    `start` and `next_offset` are the fetch positions before and after: they cover offsets that
    hold no record (transaction markers, compacted records).
    """

    topic: str
    partition: int
    records: list[Any]
    """With offset, timestamp, key, value and headers; in order, in `[start, next_offset)`."""
    start: int
    next_offset: int

    @property
    def source(self) -> TopicPartition:
        return (self.topic, self.partition)


class Verdict(Enum):
    TAKEN = "taken"
    STALE = "stale"
    GAP = "gap"
    NOT_OURS = "not ours"


class Ledger:
    """Next offsets of the partitions that this worker owns."""

    def __init__(self) -> None:
        self._next: dict[TopicPartition, int] = {}

    def open(self, starts: Mapping[TopicPartition, int]) -> None:
        """Own these partitions, from these offsets on."""
        self._next.update(starts)

    def close(self) -> None:
        """Own nothing: every batch is refused until the next `open`."""
        self._next.clear()

    @property
    def positions(self) -> dict[TopicPartition, int]:
        """Next offset of each owned partition."""
        return dict(self._next)

    def take(self, batch: RecordBatch) -> tuple[Verdict, list[Any]]:
        """Judge a batch; where it is taken, the records not yet seen, and the position moves on.

        >>> ledger = Ledger()
        >>> ledger.open({("posts.raw", 0): 100})
        >>> ledger.take(RecordBatch("posts.raw", 0, [], 100, 180))
        (<Verdict.TAKEN: 'taken'>, [])
        >>> ledger.take(RecordBatch("posts.raw", 0, [], 260, 300))
        (<Verdict.GAP: 'gap'>, [])
        """
        expected = self._next.get(batch.source)
        if expected is None:
            return Verdict.NOT_OURS, []
        if batch.start > expected:
            return Verdict.GAP, []
        if batch.next_offset <= expected:
            return Verdict.STALE, []
        self._next[batch.source] = batch.next_offset
        if batch.start == expected:
            return Verdict.TAKEN, batch.records
        return Verdict.TAKEN, [record for record in batch.records if record.offset >= expected]
