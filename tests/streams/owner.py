"""A worker's ownership without Faust: two small stages, and the offsets of their group."""

import asyncio
import time
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from faust.types import TP

from kafka_io.batches import Row
from kafka_io.ledger import RecordBatch, Verdict
from kafka_io.settings import Settings
from kafka_io.writers import has_transactions
from schemas.topics import BRANDS_CHANGELOG, MENTIONS, POSTS_RAW, POSTS_SEEN, WINDOWS, Topic
from streams.metrics import Metrics
from streams.ownership import Ownership
from streams.seen_posts import Note, note_row
from tests.kafka_io.broker_log import append, committed

RAW, MENTION = TP(POSTS_RAW.name, 1), TP(MENTIONS.name, 2)
ASSIGNED = [RAW, MENTION, TP(BRANDS_CHANGELOG.name, 2)]
"""Faust assigns the changelog as well; nobody steps on it."""


class Copies:
    """Copies posts to `windows`, and remembers what it was told."""

    name = "copies"
    topic = POSTS_RAW
    changelog: Topic | None = None
    notes: Topic | None = POSTS_SEEN

    def __init__(self) -> None:
        self.takes_notes = True
        self.opened: list[int] = []
        self.recalled: list[tuple[int, int]] = []

    def open(self, partitions: Collection[int]) -> None:
        self.opened += partitions

    def recall_from(self, partition: int, start: int) -> int:
        return max(0, start - 3)

    def recall(self, partition: int, posts: Sequence[tuple[int, int]]) -> None:
        self.recalled += posts

    def identities(self, records: Sequence[Any]) -> list[tuple[int, int]]:
        """From the posts themselves: others than the notes hold, so that they can be told apart."""
        return [(record.offset, -record.offset) for record in records]

    def restore(self, partition: int, entries: Iterable[tuple[bytes, bytes]]) -> None:
        raise AssertionError("it has no state")

    def step(self, partition: int, records: Sequence[Any]) -> list[Row]:
        rows = [Row(WINDOWS.name, 0, b"copy", record.value) for record in records]
        if self.takes_notes:
            start, end = records[0].offset, records[-1].offset + 1
            posts = [(record.offset, record.offset) for record in records]
            rows.append(
                note_row(
                    POSTS_SEEN.name, partition, Note(start, end, posts), int(time.time() * 1000)
                )
            )
        return rows

    def append_ms(self, records: Sequence[Any]) -> int:
        return records[-1].timestamp if records else 0

    def state_rows(self, partition: int) -> list[Row]:
        raise AssertionError("it has no state")

    def drop(self) -> None:
        self.opened.clear()
        self.recalled.clear()


class Totals:
    """Counts mentions by key; the counts are its state."""

    name = "totals"
    topic = MENTIONS
    changelog: Topic | None = BRANDS_CHANGELOG
    notes: Topic | None = None

    def __init__(self) -> None:
        self.totals: dict[bytes, int] = {}
        self.counted: dict[tuple[str, int], int] = {}
        self._changed: set[bytes] = set()

    def open(self, partitions: Collection[int]) -> None: ...

    def recall_from(self, partition: int, start: int) -> int:
        return start

    def recall(self, partition: int, posts: Sequence[tuple[int, int]]) -> None:
        raise AssertionError("it looks back at nothing")

    def identities(self, records: Sequence[Any]) -> list[tuple[int, int]]:
        raise AssertionError("it looks back at nothing")

    def restore(self, partition: int, entries: Iterable[tuple[bytes, bytes]]) -> None:
        self.totals |= {key: int(value) for key, value in entries}

    def counted_to(self) -> dict[tuple[str, int], int]:
        return self.counted

    def step(self, partition: int, records: Sequence[Any]) -> list[Row]:
        for record in records:
            self.totals[record.key] = self.totals.get(record.key, 0) + 1
            self._changed.add(record.key)
        return []

    def append_ms(self, records: Sequence[Any]) -> int:
        return records[-1].timestamp if records else 0

    def state_rows(self, partition: int) -> list[Row]:
        changed, self._changed = sorted(self._changed), set()
        return [
            Row(BRANDS_CHANGELOG.name, partition, key, b"%d" % self.totals[key]) for key in changed
        ]

    def drop(self) -> None:
        self.totals.clear()


class Owner:
    """A worker without Faust: stages, and the offsets of its group."""

    def __init__(self, settings: Settings, *, transactional: bool) -> None:
        self.copies, self.totals = Copies(), Totals()
        self._settings = settings
        self.may_read_offsets = asyncio.Event()
        self.may_read_offsets.set()
        self.reads_offsets = asyncio.Event()
        self.may_commit_offsets = asyncio.Event()
        self.may_commit_offsets.set()
        self.commits_offsets = asyncio.Event()
        self.metrics = Metrics()
        self.ownership = Ownership(
            settings,
            self.metrics,
            [self.copies, self.totals],
            transactional=transactional,
            committed_offsets=self._committed_offsets,
            commit_offsets=self._commit_offsets,
            lag=lambda source: None,
            checkpoint=lambda point: None,
        )

    async def read(self, source: TP, offsets: range) -> Verdict:
        """Step on a batch, as an agent would."""
        records = [
            record
            for record in (await committed(self._settings, source.topic))[source.partition]
            if record.offset in offsets
        ]
        return await self.ownership.step(
            RecordBatch(source.topic, source.partition, records, offsets[0], offsets[-1] + 1)
        )

    async def _committed_offsets(self, partitions: Iterable[TP]) -> Mapping[TP, int]:
        self.reads_offsets.set()
        await self.may_read_offsets.wait()
        async with self._group_member() as consumer:
            found = {tp: await consumer.committed(TopicPartition(*tp)) for tp in partitions}
        return {tp: offset for tp, offset in found.items() if offset is not None}

    async def _commit_offsets(self, offsets: Mapping[tuple[str, int], int]) -> None:
        self.commits_offsets.set()
        await self.may_commit_offsets.wait()
        async with self._group_member() as consumer:
            consumer.assign([TopicPartition(*source) for source in offsets])
            await consumer.commit(
                {TopicPartition(*source): offset for source, offset in offsets.items()}
            )

    def _group_member(self) -> AIOKafkaConsumer:
        return AIOKafkaConsumer(
            bootstrap_servers=self._settings.broker,
            group_id=self._settings.group,
            enable_auto_commit=False,
        )


@asynccontextmanager
async def owning(settings: Settings) -> AsyncIterator[Owner]:
    """An owner that lets go at the end."""
    owner = Owner(settings, transactional=await has_transactions(settings))
    try:
        yield owner
    finally:
        await owner.ownership.release()


async def feed(settings: Settings, count: int) -> None:
    await append(
        settings,
        *(Row(RAW.topic, RAW.partition, b"author", b"post %d" % index) for index in range(count)),
        *(
            Row(MENTION.topic, MENTION.partition, b"k%d" % (index % 2), b"")
            for index in range(count)
        ),
    )
