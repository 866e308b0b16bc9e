"""Partitions are taken over in the one order that loses and doubles nothing."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.records_to_delete import RecordsToDelete
from aiokafka.errors import ProducerFenced
from faust.types import TP

from kafka_io.batches import Row
from kafka_io.ledger import Verdict
from kafka_io.reading import PartitionReader
from kafka_io.settings import Settings
from kafka_io.writers import TransactionalWriter
from schemas.topics import BRANDS_CHANGELOG, MENTIONS, POSTS_RAW, WINDOWS
from streams import ownership
from streams.ownership import OffsetError, start_offset
from tests.kafka_io.broker_log import append, committed, values
from tests.streams.owner import ASSIGNED, MENTION, RAW, Owner, feed, owning

Ranges = Mapping[tuple[str, int], tuple[int, int]]


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
        assert second.copies.recalled == [(3, 3), (4, 4), (5, 5)]
        assert second.totals.totals == {b"k0": 3, b"k1": 2}
        assert await second.read(RAW, range(4, 10)) is Verdict.TAKEN
        assert await second.read(MENTION, range(5, 10)) is Verdict.TAKEN
        assert second.totals.totals == {b"k0": 5, b"k1": 5}

    assert await values(settings, WINDOWS.name) == [b"post %d" % index for index in range(10)]
    changelog = (await committed(settings, BRANDS_CHANGELOG.name))[2]
    assert {record.key: record.value for record in changelog} == {b"k0": b"5", b"k1": b"5"}


async def test_what_the_notes_do_not_tell_is_read_again(settings: Settings) -> None:
    """As after retention has removed notes, or by an owner of an earlier release."""
    await feed(settings, 10)
    for end in (4, 6):
        async with owning(settings) as owner:
            owner.copies.takes_notes = end == 6
            await owner.ownership.take_over(ASSIGNED)
            start = owner.ownership.ledger.positions[RAW]
            assert await owner.read(RAW, range(start, end)) is Verdict.TAKEN

    async with owning(settings) as last:
        await last.ownership.take_over(ASSIGNED)

        assert last.copies.recalled == [(3, -3), (4, 4), (5, 5)]


async def test_a_rebalance_is_heard_of_between_the_states_of_two_partitions(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its callback runs on this event loop, and no heartbeat is sent until it has run."""
    restored: list[int] = []
    releases: list[asyncio.Task[None]] = []
    async with owning(settings) as owner:

        def restore(partition: int, entries: object) -> None:
            restored.append(partition)
            releases.append(asyncio.create_task(owner.ownership.release()))

        monkeypatch.setattr(owner.totals, "restore", restore)
        await owner.ownership.take_over([TP(MENTIONS.name, 0), TP(MENTIONS.name, 1)])
        await asyncio.gather(*releases)

    assert restored == [0]
    assert not owner.ownership.is_open


async def test_a_partition_with_much_state_is_restored_before_the_next_is_read(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was read of one need not stand in memory beside the state of all."""
    monkeypatch.setattr(ownership, "READ_TOGETHER_RECORDS", 2)
    sources = [(BRANDS_CHANGELOG.name, partition) for partition in range(3)]
    rows = [Row(*source, b"k%d" % number, b"1") for source in sources for number in range(2)]
    await append(settings, *rows)
    done: list[tuple[str, list[int]]] = []
    async with owning(settings) as owner:
        read, restore = PartitionReader.read, owner.totals.restore

        def reading(reader: PartitionReader, ranges: Ranges) -> AsyncIterator[Any]:
            if ranges.keys() <= set(sources):
                done.append(("read", [partition for _, partition in ranges]))
            return read(reader, ranges)

        def restoring(partition: int, entries: Iterable[tuple[bytes, bytes]]) -> None:
            done.append(("restored", [partition]))
            restore(partition, entries)

        monkeypatch.setattr(PartitionReader, "read", reading)
        monkeypatch.setattr(owner.totals, "restore", restoring)
        await owner.ownership.take_over([TP(MENTIONS.name, partition) for partition in range(3)])

        assert owner.ownership.is_open
    assert done == [(what, [at]) for at in range(3) for what in ("read", "restored")]


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


async def test_a_commit_that_hangs_is_told_also_when_the_partitions_go(settings: Settings) -> None:
    """A broker that hangs ends the session as well: partitions are given up just then."""

    def age_s(owner: Owner) -> float | None:
        owner.ownership.gauge()
        return owner.metrics.registry.get_sample_value(
            "leimo_commit_age_seconds", {"stage": "copies"}
        )

    await feed(settings, 2)
    async with owning(settings) as owner:
        await owner.ownership.take_over(ASSIGNED)
        assert age_s(owner) == 0
        owner.may_commit_offsets.clear()
        await owner.read(RAW, range(2))
        releasing = asyncio.create_task(owner.ownership.release())
        await asyncio.wait_for(owner.commits_offsets.wait(), 20)
        while owner.ownership.is_open:
            await asyncio.sleep(0)
        assert (age_s(owner) or 0) > 0

        owner.may_commit_offsets.set()
        await releasing
        assert age_s(owner) == 0


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


async def test_a_topic_that_was_made_anew_is_told_by_the_state(settings: Settings) -> None:
    """Kafka forgets the group's offsets with a topic that is deleted."""
    await feed(settings, 5)
    async with owning(settings) as owner:
        owner.totals.counted = {RAW: 6}
        with pytest.raises(OffsetError, match=r"posts\.raw/1: .* up to 6, .*ends at 5.*made anew"):
            await owner.ownership.take_over(ASSIGNED)
        assert not owner.ownership.is_open

        owner.totals.counted = {RAW: 5}
        await owner.ownership.take_over(ASSIGNED)
        assert owner.ownership.is_open


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
        with pytest.raises(OffsetError, match=r"begins at 6: retention removed 4 records"):
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
        (10, 3, 9, "deleted and made anew.*delete the other topics.*`leimo topics apply`"),
        (1, 0, 0, "deleted and made anew"),
        (2, 3, 9, "retention removed 1 record that.*LEIMO_GROUP"),
        (0, 9, 9, "retention removed 9 records"),
    ],
)
def test_offsets_that_do_not_fit_are_refused_with_the_mend(
    committed_offset: int, first: int, end: int, message: str
) -> None:
    with pytest.raises(OffsetError, match=message):
        start_offset(("posts.raw", 0), committed_offset, first, end, group="leimo")
