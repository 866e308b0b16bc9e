"""Partitions are taken over in the one order that loses and doubles nothing."""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.records_to_delete import RecordsToDelete
from aiokafka.errors import ProducerFenced
from faust.types import TP

from schemas.topics import BRANDS_CHANGELOG, MENTIONS, POSTS_RAW, WINDOWS, Topic
from streams.batches import Row
from streams.ledger import RecordBatch, Verdict
from streams.metrics import Metrics
from streams.ownership import OffsetError, Ownership, start_offset
from streams.settings import Settings
from streams.writers import TransactionalWriter, has_transactions
from tests.streams.broker_log import append, committed, values

RAW, MENTION = TP(POSTS_RAW.name, 1), TP(MENTIONS.name, 2)
ASSIGNED = [RAW, MENTION, TP(BRANDS_CHANGELOG.name, 2)]
"""Faust assigns the changelog as well; nobody steps on it."""


class Copies:
    """Copies posts to `windows`, and remembers what it was told."""

    name = "copies"
    topic = POSTS_RAW
    changelog: Topic | None = None

    def __init__(self) -> None:
        self.opened: list[int] = []
        self.recalled: list[int] = []

    def open(self, partitions: Collection[int]) -> None:
        self.opened += partitions

    def recall_from(self, partition: int, start: int) -> int:
        return max(0, start - 3)

    def recall(self, partition: int, records: Sequence[Any]) -> None:
        self.recalled += [record.offset for record in records]

    def restore(self, partition: int, entries: Iterable[tuple[bytes, bytes]]) -> None:
        raise AssertionError("it has no state")

    def step(self, partition: int, records: Sequence[Any]) -> list[Row]:
        return [Row(WINDOWS.name, 0, b"copy", record.value) for record in records]

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

    def __init__(self) -> None:
        self.totals: dict[bytes, int] = {}
        self._changed: set[bytes] = set()

    def open(self, partitions: Collection[int]) -> None: ...

    def recall_from(self, partition: int, start: int) -> int:
        return start

    def recall(self, partition: int, records: Sequence[Any]) -> None:
        raise AssertionError("it looks back at nothing")

    def restore(self, partition: int, entries: Iterable[tuple[bytes, bytes]]) -> None:
        self.totals |= {key: int(value) for key, value in entries}

    def step(self, partition: int, records: Sequence[Any]) -> list[Row]:
        for record in records:
            self.totals[record.key] = self.totals.get(record.key, 0) + 1
            self._changed.add(record.key)
        return []

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
        self.ownership = Ownership(
            settings,
            Metrics(),
            [self.copies, self.totals],
            transactional=transactional,
            committed_offsets=self._committed_offsets,
            commit_offsets=self._commit_offsets,
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


async def test_the_first_owner_starts_at_the_beginning_with_no_state(settings: Settings) -> None:
    await feed(settings, 5)

    async with owning(settings) as owner:
        assert not owner.ownership.is_open
        await owner.ownership.take_over(ASSIGNED)

        assert owner.ownership.is_open
        assert owner.ownership.ledger.positions == {RAW: 0, MENTION: 0}
        assert (owner.copies.opened, owner.copies.recalled) == ([1], [])
        assert owner.totals.totals == {}
        assert len(owner.ownership.outboxes(POSTS_RAW.name)) == 1
        assert len(owner.ownership.outboxes(MENTIONS.name)) == 1


async def test_the_next_owner_goes_on_where_the_last_one_let_go(settings: Settings) -> None:
    await feed(settings, 10)
    async with owning(settings) as first:
        await first.ownership.take_over(ASSIGNED)
        assert await first.read(RAW, range(6)) is Verdict.TAKEN
        assert await first.read(MENTION, range(5)) is Verdict.TAKEN
    assert not first.ownership.is_open
    assert (first.copies.opened, first.totals.totals) == ([], {})

    async with owning(settings) as second:
        await second.ownership.take_over(ASSIGNED)

        assert second.ownership.ledger.positions == {RAW: 6, MENTION: 5}
        assert second.copies.recalled == [3, 4, 5]
        assert second.totals.totals == {b"k0": 3, b"k1": 2}
        assert await second.read(RAW, range(4, 10)) is Verdict.TAKEN
        assert await second.read(MENTION, range(5, 10)) is Verdict.TAKEN
        assert second.totals.totals == {b"k0": 5, b"k1": 5}

    assert await values(settings, WINDOWS.name) == [b"post %d" % index for index in range(10)]
    changelog = (await committed(settings, BRANDS_CHANGELOG.name))[2]
    assert {record.key: record.value for record in changelog} == {b"k0": b"5", b"k1": b"5"}


async def test_state_that_was_removed_is_not_restored(settings: Settings) -> None:
    await append(
        settings,
        Row(BRANDS_CHANGELOG.name, 2, b"kept", b"1"),
        Row(BRANDS_CHANGELOG.name, 2, b"gone", b"2"),
        Row(BRANDS_CHANGELOG.name, 2, b"kept", b"3"),
        Row(BRANDS_CHANGELOG.name, 2, b"gone", None),
        Row(BRANDS_CHANGELOG.name, 3, b"not ours", b"4"),
    )

    async with owning(settings) as owner:
        await owner.ownership.take_over(ASSIGNED)

        assert owner.totals.totals == {b"kept": 3}


async def test_an_old_owner_is_fenced_before_state_and_offsets_are_read(
    kafka_settings: Settings,
) -> None:
    """Otherwise it could wake up in between, and change what was read."""
    old = TransactionalWriter(
        kafka_settings, f"{kafka_settings.group}-totals-2", lambda point: None
    )
    await old.start()
    await old.write([Row(BRANDS_CHANGELOG.name, 2, b"k0", b"7")], {MENTION: 0})

    async with owning(kafka_settings) as owner:
        owner.may_read_offsets.clear()
        taking_over = asyncio.create_task(owner.ownership.take_over(ASSIGNED))
        await asyncio.wait_for(owner.reads_offsets.wait(), 20)
        with pytest.raises(ProducerFenced):
            await old.write([Row(BRANDS_CHANGELOG.name, 2, b"k0", b"8")], {MENTION: 1})
        owner.may_read_offsets.set()
        await taking_over

        assert owner.totals.totals == {b"k0": 7}
        assert owner.ownership.ledger.positions[MENTION] == 0
    await old.stop()


async def test_a_take_over_that_the_next_rebalance_overtakes_owns_nothing(
    settings: Settings,
) -> None:
    await feed(settings, 3)

    async with owning(settings) as owner:
        owner.may_read_offsets.clear()
        taking_over = asyncio.create_task(owner.ownership.take_over(ASSIGNED))
        await asyncio.wait_for(owner.reads_offsets.wait(), 20)
        await owner.ownership.release()
        owner.may_read_offsets.set()
        await taking_over

        assert not owner.ownership.is_open
        assert owner.ownership.ledger.positions == {}
        assert owner.copies.opened == []
        assert await owner.read(RAW, range(3)) is Verdict.NOT_OURS

        await owner.ownership.take_over([RAW])
        assert owner.ownership.ledger.positions == {RAW: 0}
        assert await owner.read(RAW, range(3)) is Verdict.TAKEN


async def test_a_worker_without_partitions_is_ready_and_idle(settings: Settings) -> None:
    """More workers than partitions."""
    async with owning(settings) as owner:
        await owner.ownership.take_over([])

        assert owner.ownership.is_open
        assert owner.ownership.ledger.positions == {}


async def test_a_topic_that_was_made_anew_is_noticed(kafka_settings: Settings) -> None:
    await feed(kafka_settings, 2)
    writer = TransactionalWriter(kafka_settings, "before", lambda point: None)
    await writer.start()
    await writer.write([], {RAW: 12})
    await writer.stop()

    async with owning(kafka_settings) as owner:
        with pytest.raises(OffsetError, match=r"posts\.raw/1: .* up to 12, .*ends at 2"):
            await owner.ownership.take_over(ASSIGNED)
        assert not owner.ownership.is_open


async def test_posts_that_retention_removed_uncounted_are_noticed(kafka_settings: Settings) -> None:
    await feed(kafka_settings, 9)
    writer = TransactionalWriter(kafka_settings, "before", lambda point: None)
    await writer.start()
    await writer.write([], {RAW: 2})
    await writer.stop()
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka_settings.broker)
    await admin.start()
    await admin.delete_records({TopicPartition(*RAW): RecordsToDelete(before_offset=6)})
    await admin.close()

    async with owning(kafka_settings) as owner:
        with pytest.raises(OffsetError, match=r"begins at 6: 4 records were removed"):
            await owner.ownership.take_over(ASSIGNED)


@pytest.mark.parametrize(
    ("committed_offset", "first", "end", "start"),
    [(None, 0, 0, 0), (None, 3, 9, 3), (3, 3, 9, 3), (5, 3, 9, 5), (9, 3, 9, 9), (0, 0, 0, 0)],
)
def test_where_to_start(committed_offset: int | None, first: int, end: int, start: int) -> None:
    assert start_offset(("posts.raw", 0), committed_offset, first, end, group="leimo") == start


@pytest.mark.parametrize(
    ("committed_offset", "first", "end", "message"),
    [
        (10, 3, 9, "deleted and made anew.*LEIMO_GROUP.*`leimo topics apply`"),
        (1, 0, 0, "deleted and made anew"),
        (2, 3, 9, "1 records were removed by retention.*LEIMO_GROUP"),
        (0, 9, 9, "9 records were removed"),
    ],
)
def test_offsets_that_do_not_fit_are_refused_with_the_mend(
    committed_offset: int, first: int, end: int, message: str
) -> None:
    with pytest.raises(OffsetError, match=message):
        start_offset(("posts.raw", 0), committed_offset, first, end, group="leimo")
