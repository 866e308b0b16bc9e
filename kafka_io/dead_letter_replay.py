"""Look at what was put aside as no post, and put it back into `posts.raw`.

What was put back is marked in `posts.dead` itself, in the same transaction where the broker has
them: an empty record whose header `replayed` names the dead letter's offset. So it is not put back
twice, whoever asks for it.
"""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from typing import Any

import msgspec
from aiokafka import AIOKafkaProducer

from kafka_io.batches import BatchSender, Row
from kafka_io.dead_letters import read_dead_letter
from kafka_io.producers import (
    NO_PRODUCER_IDS,
    new_producer,
    started_producer,
    without_refused_ids,
)
from kafka_io.reading import PartitionReader
from kafka_io.settings import Settings
from kafka_io.topic_admin import refuse_missing, topic_states
from kafka_io.waiting import telling
from schemas.dead_letter import DropReason
from schemas.topics import POSTS_DEAD, POSTS_RAW

_SOURCE = (POSTS_DEAD.name, 0)
_REPLAYED = "replayed"
_AT_ONCE = 500

OnProgress = Callable[[int, int], None]


class Selection(msgspec.Struct, frozen=True):
    """Which dead letters; what is empty or None selects all."""

    reasons: frozenset[DropReason] = frozenset()
    since_ms: int | None = None
    """By the time when they were put aside."""
    until_ms: int | None = None
    offsets: frozenset[int] = frozenset()

    @property
    def is_all(self) -> bool:
        return self == Selection()

    def has(self, entry: "Entry") -> bool:
        return (
            (not self.reasons or entry.reason in self.reasons)
            and (self.since_ms is None or entry.time_ms >= self.since_ms)
            and (self.until_ms is None or entry.time_ms < self.until_ms)
            and (not self.offsets or entry.offset in self.offsets)
        )


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A raw post that was put aside."""

    offset: int
    """In `posts.dead`: its name for these commands."""
    time_ms: int
    """When it was put aside."""
    reason: DropReason
    detail: str
    topic: str
    partition: int
    raw_offset: int
    source: str | None
    received_at: str | None
    key: bytes | None
    value: bytes
    is_replayed: bool = False

    @property
    def is_waiting(self) -> bool:
        """It can be put back: it is a raw post (not a mention), and was not put back yet."""
        return self.topic == POSTS_RAW.name and not self.is_replayed


class Reasons:
    """Raw posts that were put aside: how many for each reason, and the first detail of each."""

    def __init__(self) -> None:
        self.counts: Counter[DropReason] = Counter()
        self.examples: dict[DropReason, str] = {}

    def add(self, reason: DropReason, detail: str) -> None:
        self.counts[reason] += 1
        self.examples.setdefault(reason, detail)


async def reasons_since(settings: Settings, since_ms: int) -> Reasons:
    """Why raw posts were put aside since a time. Holds none of them in memory.

    Raises:
        TopicError: the topic is missing.
    """
    refuse_missing(await topic_states(settings))
    reasons = Reasons()
    async for record in _records(settings, since_ms, lambda done, total: None):
        if "reason" in dict(record.headers):
            letter = read_dead_letter(record)
            if letter.topic == POSTS_RAW.name:
                reasons.add(letter.reason, letter.detail)
    return reasons


async def found(
    settings: Settings,
    selection: Selection,
    on_progress: OnProgress = lambda done, total: None,
) -> list[Entry]:
    """The selected dead letters, in order; what was put back is marked.

    Raises:
        TopicError: the topic is missing.
    """
    refuse_missing(await topic_states(settings))
    entries: dict[int, Entry] = {}
    replayed: set[int] = set()
    async for record in _records(settings, selection.since_ms, on_progress):
        headers: Mapping[str, bytes] = dict(record.headers)
        if _REPLAYED in headers:
            replayed.add(int(headers[_REPLAYED]))
        elif "reason" in headers and selection.has(entry := _entry(record, headers)):
            entries[entry.offset] = entry
    return [
        msgspec.structs.replace(entry, is_replayed=offset in replayed)
        for offset, entry in sorted(entries.items())
    ]


def counts(entries: Collection[Entry]) -> dict[str, int]:
    """How many of each reason, the most first."""
    return dict(Counter(entry.reason.value for entry in entries).most_common())


async def replay(
    settings: Settings, selection: Selection, on_progress: OnProgress = lambda done, total: None
) -> int:
    """Put the selected dead letters back, each once; returns how many.

    Another replay that runs at the same time is stopped by this one.
    """
    producer, transactional = await _producer(settings)
    try:
        # Read after the start of the producer: from then on nobody else marks any.
        waiting = [entry for entry in await found(settings, selection) if entry.is_waiting]
        for first in range(0, len(waiting), _AT_ONCE):
            await _put_back(
                producer, waiting[first : first + _AT_ONCE], settings.partitions, transactional
            )
            on_progress(min(first + _AT_ONCE, len(waiting)), len(waiting))
    finally:
        await producer.stop()
    return len(waiting)


async def _producer(settings: Settings) -> tuple[AIOKafkaProducer, bool]:
    producer = new_producer(settings, transactional_id=f"{settings.group_id}-dead-replay")
    try:
        with telling(settings.broker), without_refused_ids():
            await producer.start()
    except NO_PRODUCER_IDS:
        await producer.stop()
        return await started_producer(settings), False
    return producer, True


async def _put_back(
    producer: AIOKafkaProducer, entries: Sequence[Entry], partitions: int, transactional: bool
) -> None:
    sender = BatchSender(producer)
    if transactional:
        await producer.begin_transaction()
    await sender.send([_raw_row(entry, partitions) for entry in entries])
    if not transactional:
        await sender.flush()  # a mark without its post would lose it; the other way it is a repeat
    await sender.send([_mark(entry) for entry in entries])
    await sender.flush()
    if transactional:
        await producer.commit_transaction()


def _raw_row(entry: Entry, partitions: int) -> Row:
    """As it stood in `posts.raw`, so that repeats of it are recognised."""
    given = {"source": entry.source, "received_at": entry.received_at}
    headers = [(name, text.encode()) for name, text in given.items() if text is not None]
    partition = entry.partition % partitions
    return Row(POSTS_RAW.name, partition, entry.key, entry.value, headers)


def _mark(entry: Entry) -> Row:
    return Row(*_SOURCE, entry.key, b"", [(_REPLAYED, b"%d" % entry.offset)])


async def _records(
    settings: Settings, since_ms: int | None, on_progress: OnProgress
) -> AsyncIterator[Any]:
    done = 0
    async with PartitionReader(settings) as reader:
        first, end = (await reader.bounds([_SOURCE]))[_SOURCE]
        if since_ms is not None:
            at = (await reader.offsets_at([_SOURCE], since_ms))[_SOURCE]
            first = end if at is None else at
        async for _, records in reader.read({_SOURCE: (first, end)}):
            for record in records:
                yield record
            done += len(records)
            on_progress(done, end - first)


def _entry(record: Any, headers: Mapping[str, bytes]) -> Entry:
    letter = read_dead_letter(record)
    return Entry(
        offset=record.offset,
        time_ms=record.timestamp,
        reason=letter.reason,
        detail=letter.detail,
        topic=letter.topic,
        partition=letter.partition,
        raw_offset=letter.offset,
        source=_text(headers.get("source")),
        received_at=_text(headers.get("received_at")),
        key=record.key,
        value=letter.value,
    )


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("utf-8", "replace")
