"""Ranges of partitions are read to their end, and only what was committed."""

import asyncio

import pytest

from kafka_io.batches import BatchSender, Row
from kafka_io.producers import new_producer
from kafka_io.reading import PartitionReader
from kafka_io.settings import Settings
from schemas.topics import POSTS_RAW, WINDOWS
from tests.kafka_io.broker_log import append, committed, values

FIRST = (WINDOWS.name, 0)


async def transaction(settings: Settings, *words: bytes, aborted: bool = False) -> None:
    """Write words into the first partition of `windows` in a transaction of their own."""
    producer = new_producer(settings, transactional_id=f"{settings.group}-t")
    await producer.start()
    sender = BatchSender(producer)
    await producer.begin_transaction()
    await sender.send([Row(*FIRST, word, word) for word in words])
    await sender.flush()
    await (producer.abort_transaction() if aborted else producer.commit_transaction())
    await producer.stop()


async def test_bounds_are_the_first_and_the_next_offset(settings: Settings) -> None:
    """Of records written in one batch: the embedded broker itself names an end within it."""
    await append(settings, *(Row(*FIRST, b"k", b"%d" % index) for index in range(10)))

    async with PartitionReader(settings) as reader:
        assert await reader.bounds([FIRST, (WINDOWS.name, 1)]) == {
            FIRST: (0, 10),
            (WINDOWS.name, 1): (0, 0),
        }
        assert await reader.bounds([]) == {}


async def test_a_range_is_read_from_its_start_to_its_end(settings: Settings) -> None:
    await append(
        settings,
        *(Row(WINDOWS.name, index % 2, b"k", b"%d" % index) for index in range(40)),
    )
    found: dict[tuple[str, int], list[int]] = {}

    async with PartitionReader(settings) as reader:
        ranges = {(WINDOWS.name, 0): (3, 7), (WINDOWS.name, 1): (19, 20), (WINDOWS.name, 2): (0, 0)}
        async for source, records in reader.read(ranges):
            found.setdefault(source, []).extend(record.offset for record in records)

    assert found == {(WINDOWS.name, 0): [3, 4, 5, 6], (WINDOWS.name, 1): [19]}


async def test_a_reader_can_read_again(settings: Settings) -> None:
    await append(settings, Row(*FIRST, b"k", b"a"), Row(POSTS_RAW.name, 0, None, b"b"))

    async with PartitionReader(settings) as reader:
        for source in (FIRST, (POSTS_RAW.name, 0), FIRST):
            bounds = await reader.bounds([source])
            assert [found async for found, _ in reader.read(bounds)] == [source]


async def test_no_range_is_no_work(settings: Settings) -> None:
    async with PartitionReader(settings) as reader:
        assert [item async for item in reader.read({FIRST: (5, 5)})] == []
        assert [item async for item in reader.read({})] == []


async def test_an_aborted_transaction_is_not_seen(kafka_settings: Settings) -> None:
    await transaction(kafka_settings, b"one")
    await transaction(kafka_settings, b"gone", b"gone too", aborted=True)
    await transaction(kafka_settings, b"two")

    assert await values(kafka_settings, WINDOWS.name) == [b"one", b"two"]


@pytest.mark.parametrize("aborted", [False, True])
async def test_it_ends_where_a_partition_ends_with_a_marker(
    kafka_settings: Settings, aborted: bool
) -> None:
    """Faust's recovery waits for ever there: no record stands at the last offset."""
    await append(kafka_settings, Row(*FIRST, b"k", b"first"))
    await transaction(kafka_settings, b"second", aborted=aborted)

    async with asyncio.timeout(20), PartitionReader(kafka_settings) as reader:
        bounds = await reader.bounds([FIRST])
        offsets = [record.offset async for _, found in reader.read(bounds) for record in found]

    assert bounds == {FIRST: (0, 3)}
    assert offsets == ([0] if aborted else [0, 1])


async def test_an_open_transaction_is_not_waited_for(kafka_settings: Settings) -> None:
    """Its records, and those behind it, come when it is over."""
    producer = new_producer(kafka_settings, transactional_id=f"{kafka_settings.group}-open")
    await producer.start()
    await append(kafka_settings, Row(*FIRST, b"k", b"before"))
    await producer.begin_transaction()
    sender = BatchSender(producer)
    await sender.send([Row(*FIRST, b"k", b"within")])
    await sender.flush()
    await append(kafka_settings, Row(*FIRST, b"k", b"behind"))

    assert await values(kafka_settings, WINDOWS.name) == [b"before"]

    await producer.commit_transaction()
    await producer.stop()
    async with asyncio.timeout(20):
        while await values(kafka_settings, WINDOWS.name) != [b"before", b"within", b"behind"]:
            pass


async def test_a_partition_of_markers_alone_is_empty(kafka_settings: Settings) -> None:
    await transaction(kafka_settings, b"gone", aborted=True)

    assert await committed(kafka_settings, WINDOWS.name) == {}
