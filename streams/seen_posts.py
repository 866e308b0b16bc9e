"""Which posts were read, in a topic: a new owner of a partition need not read the posts again.

Each step of a stage that has to know them notes the identities of its posts, about 14 bytes each.
The notes are made durable with the step's other rows, before its offsets are committed; so below a
committed offset there is no gap. Where notes are missing all the same (by retention, or a topic
made anew), the posts themselves have to be read.
"""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from kafka_io.batches import Row
from kafka_io.reading import PartitionReader

log = logging.getLogger(__name__)

_FIRST_LOOK = 64
"""Records read at first; each further look back takes twice as many."""


class Note(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The posts among the records `[start, next_offset)` of a partition."""

    start: int
    next_offset: int
    posts: list[tuple[int, int]]
    """Offset and identity, in order; an edit has two."""


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Note).decode


def note_row(topic: str, partition: int, note: Note, now_ms: int) -> Row:
    """The note as a record of the topic, written at `now_ms`."""
    return Row(topic, partition, None, _encode(note), timestamp_ms=now_ms)


class SeenPosts:
    """What the notes say of the records `[first, start)` of a partition; filled from the end.

    >>> seen = SeenPosts(10, 40)
    >>> seen.add_older([Note(25, 33, [(25, 7)]), Note(33, 42, [(33, 8), (41, 9)])])
    >>> seen.lowest, seen.is_complete, seen.posts()
    (25, False, [(25, 7), (33, 8)])
    >>> seen.add_older([Note(5, 25, [(9, 4), (11, 5), (25, 99)])])
    >>> seen.is_complete, seen.posts()
    (True, [(11, 5), (25, 7), (33, 8)])
    """

    def __init__(self, first: int, start: int) -> None:
        self._first = first
        self._start = start
        self._notes: list[Note] = []
        """The newest first."""

    def add_older(self, notes: Sequence[Note]) -> None:
        """Add notes, in the order of their topic, that stand before those added so far."""
        self._notes += reversed(notes)

    @property
    def lowest(self) -> int:
        """Everything is known from here to `start`."""
        lowest = self._start
        for note in sorted(self._notes, key=lambda note: -note.next_offset):
            if note.next_offset < lowest:
                break
            lowest = min(lowest, note.start)
        return max(lowest, self._first)

    @property
    def is_complete(self) -> bool:
        return self.lowest == self._first

    def posts(self) -> list[tuple[int, int]]:
        """Offset and identity of the posts of `[lowest, start)`, in order."""
        lowest = self.lowest
        found: dict[int, list[tuple[int, int]]] = {}
        for note in self._notes:
            fresh: dict[int, list[tuple[int, int]]] = {}
            for offset, identity in note.posts:
                # The newest note is the true one.
                if lowest <= offset < self._start and offset not in found:
                    fresh.setdefault(offset, []).append((offset, identity))
            found |= fresh
        return [post for _, posts in sorted(found.items()) for post in posts]


async def read_back(
    reader: PartitionReader, topic: str, ranges: Mapping[int, tuple[int, int]]
) -> dict[int, SeenPosts]:
    """Read the notes from their end back to where they tell of `[first, start)` of each partition.

    The number of records to read is not known beforehand: one note holds up to 500 posts, or one.
    """
    seen = {partition: SeenPosts(*wanted) for partition, wanted in ranges.items()}
    bounds = await reader.bounds((topic, partition) for partition in ranges)
    low = {partition: bounds[topic, partition][1] for partition in ranges}
    look = _FIRST_LOOK
    while behind := _next_look(topic, seen, low, bounds, look):
        notes: dict[int, list[Note]] = {partition: [] for _, partition in behind}
        async for (_, partition), records in reader.read(behind):
            name = reader.names.on_broker(topic)
            notes[partition] += _readable(name, partition, records)
        for (_, partition), (start, _) in behind.items():
            seen[partition].add_older(notes[partition])
            low[partition] = start
        look *= 2
    return seen


def _readable(name: str, partition: int, records: Sequence[Any]) -> list[Note]:
    """The notes among the records. One that is none is a gap: its posts are read themselves."""
    found = []
    for record in records:
        try:
            found.append(_decode(record.value or b""))
        except msgspec.DecodeError as error:
            log.warning(
                "%s/%d: the record at offset %d is no note of this build (%s); the posts that it "
                "may tell of are read again instead",
                *(name, partition, record.offset, error),
            )
    return found


def _next_look(
    topic: str,
    seen: Mapping[int, SeenPosts],
    low: Mapping[int, int],
    bounds: Mapping[tuple[str, int], tuple[int, int]],
    look: int,
) -> dict[tuple[str, int], tuple[int, int]]:
    """Ranges of the topic to read next: before what was read, for partitions not complete yet."""
    unfinished = (partition for partition, posts in seen.items() if not posts.is_complete)
    return {
        (topic, partition): (max(first, low[partition] - look), low[partition])
        for partition in unfinished
        if (first := bounds[topic, partition][0]) < low[partition]
    }
