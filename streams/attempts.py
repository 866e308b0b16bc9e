"""Which record ended one worker after the other, by notes beside the committed offsets.

Kafka keeps a short text with each committed offset. Commits leave it empty, so it tells how far
the predecessor came at this very offset:

    note       what it tells                             what the next owner does
    (empty)    there was progress, or nobody was here    notes `began`, and goes on as usual
    began      a worker began here and got no further    takes record by record, each noted `alone`
    alone      this record was at work when one ended     takes it once more, noted `again`
    again      ... and when the next one ended           puts it aside as `too_slow`, and goes on

The second look is for workers that are killed for other reasons: an ordinary record is done with
within milliseconds then, and its commit clears the note.

That serves for all that ends a process from outside: the watch for stalls, a lack of memory, a
crash in code of other languages. Faults of our own are exceptions, and leave no note.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Any, Protocol, runtime_checkable

from kafka_io.batches import Row
from kafka_io.ledger import RecordBatch, TopicPartition

BEGAN = "began"
ALONE = "alone"
AGAIN = "again"
NOTHING = ""

CAREFUL_RECORDS = 500
"""So many offsets are taken record by record, each with a commit: what one step has in hand. With
more, a worker that was killed for another reason would cost minutes; a record further on is found
in the next round, from where this one came to."""

ENDED_WORKERS = (
    "ended one worker after the other, at last by itself; look at the record, and at the logs of "
    "the workers"
)


class OffsetNotes(Protocol):
    """Reads and writes the notes."""

    async def read_notes(self, sources: Iterable[TopicPartition]) -> Mapping[TopicPartition, str]:
        """The note of each source that has one."""

    async def write_note(self, source: TopicPartition, offset: int, note: str) -> None:
        """Commit the offset, below which all is durable, with the note."""


@runtime_checkable
class PutsAside(Protocol):
    """A stage that can do without a record."""

    def set_aside(self, partition: int, record: Any, detail: str) -> list[Row]:
        """Rows that stand in its place."""


def one_by_one(batch: RecordBatch) -> Iterator[RecordBatch]:
    """Batches of one record each, which cover together what the batch covers.

    >>> from types import SimpleNamespace
    >>> records = [SimpleNamespace(offset=offset) for offset in (5, 8)]
    >>> [piece[3:] for piece in one_by_one(RecordBatch("posts.raw", 0, records, 3, 9))]
    [(3, 8), (8, 9)]
    """
    offsets = [record.offset for record in batch.records]
    bounds = [batch.start, *offsets[1:], batch.next_offset]
    for record, (start, end) in zip(batch.records, pairwise(bounds), strict=True):
        yield RecordBatch(batch.topic, batch.partition, [record], start, end)
