"""Fetched lists become batches that lose and double nothing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import ConsumerStoppedError
from aiokafka.record.default_records import DefaultRecord
from faust.types import TP
from hypothesis import given
from hypothesis import strategies as st

from kafka_io.batches import Row
from kafka_io.ledger import RecordBatch
from kafka_io.settings import Settings
from schemas.topics import MENTIONS, WINDOWS
from streams.transport import MAX_BATCH_RECORDS, BatchConsumerThread, split
from tests.kafka_io.broker_log import append, writer_of
from tests.kafka_io.records import record

SOURCE = TP("posts.raw", 3)


@given(
    st.integers(0, 2 * MAX_BATCH_RECORDS + 3),
    st.lists(st.integers(0, 30), max_size=20),
    st.integers(0, 1000),
    st.integers(0, 1000),
    st.integers(0, 20),
)
def test_batches_cover_the_fetch_without_gap_or_overlap(
    count: int, gaps: list[int], start: int, before: int, behind: int
) -> None:
    """Gaps in the offsets, also before the first record and behind the last, hold no record."""
    offsets = [start + before + index + sum(gaps[:index]) for index in range(count)]
    end = max([start + before, *(offset + 1 for offset in offsets)]) + behind
    records = [record(b"", offset=offset) for offset in offsets]

    batches = split(SOURCE, records, start, end)

    assert [batch.start for batch in batches] == [
        start,
        *(batch.next_offset for batch in batches[:-1]),
    ]
    assert batches[-1].next_offset == end
    assert [item for batch in batches for item in batch.records] == records
    for batch in batches:
        assert batch.source == SOURCE
        assert len(batch.records) <= MAX_BATCH_RECORDS
        assert all(batch.start <= item.offset < batch.next_offset for item in batch.records)


FIRST, SECOND = TP(WINDOWS.name, 0), TP(WINDOWS.name, 1)


@asynccontextmanager
async def consuming(settings: Settings) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer such as the thread makes, with two partitions of `windows`."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=settings.broker,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
    )
    async with consumer:
        await asyncio.sleep(0)  # its tasks cannot be cancelled before they have begun
        consumer.assign([TopicPartition(*FIRST), TopicPartition(*SECOND)])
        yield consumer


async def fetch(
    consumer: AIOKafkaConsumer,
    *active: TP,
    timeout_s: float = 0.2,
    max_records: int = 4000,
    is_flowing: bool = True,
) -> dict[TP, list[RecordBatch]]:
    """One fetch of the consumer thread, without Faust around it."""
    thread: Any = SimpleNamespace(consumer=SimpleNamespace(flow_active=is_flowing))
    found: dict[TP, list[RecordBatch]] = await BatchConsumerThread._fetch_records(
        thread, consumer, set(active), timeout_s, max_records
    )
    return found


async def fetch_until(consumer: AIOKafkaConsumer, tp: TP, end: int) -> list[RecordBatch]:
    """Fetch a partition up to an offset."""
    batches: list[RecordBatch] = []
    async with asyncio.timeout(20):
        while not batches or batches[-1].next_offset < end:
            batches += (await fetch(consumer, tp)).get(tp, [])
    return batches


async def append_words(settings: Settings, tp: TP, count: int) -> None:
    await append(settings, *(Row(tp.topic, tp.partition, b"k", b"%d" % n) for n in range(count)))


async def test_fetched_batches_follow_each_other(settings: Settings) -> None:
    await append_words(settings, FIRST, 1200)

    async with consuming(settings) as consumer:
        batches = await fetch_until(consumer, FIRST, 1200)

    assert [batch.start for batch in batches] == [0, *(batch.next_offset for batch in batches[:-1])]
    assert [int(item.value) for batch in batches for item in batch.records] == list(range(1200))
    # As they were decoded: a `ConsumerRecord` each would take five times as long.
    types = {type(item) for batch in batches for item in batch.records}
    assert all(issubclass(one, DefaultRecord) for one in types), types


async def test_markers_and_aborted_records_are_covered_by_batches(kafka_settings: Settings) -> None:
    """Offsets 0 record, 1 marker, 2 aborted, 3 marker: the position passes all of them."""
    writer = writer_of(kafka_settings)
    await writer.start()
    await writer.write([Row(WINDOWS.name, 0, b"k", b"0")], {(MENTIONS.name, 0): 1})
    await writer._producer.begin_transaction()  # type: ignore[attr-defined]
    await writer._sender.send([Row(WINDOWS.name, 0, b"k", b"2")])  # type: ignore[attr-defined]
    await writer._sender.flush()  # type: ignore[attr-defined]
    await writer._producer.abort_transaction()  # type: ignore[attr-defined]
    await writer.stop()

    async with consuming(kafka_settings) as consumer:
        batches = await fetch_until(consumer, FIRST, 4)

    assert (batches[0].start, batches[-1].next_offset) == (0, 4)
    assert [item.offset for batch in batches for item in batch.records] == [0]


async def test_no_active_partitions_take_nothing_and_move_no_position(settings: Settings) -> None:
    """aiokafka takes no partitions to mean all of them; a rebalance empties Faust's live set."""
    await append_words(settings, FIRST, 5)

    async with consuming(settings) as consumer:
        await fetch_until(consumer, FIRST, 5)
        await append_words(settings, FIRST, 5)
        async with asyncio.timeout(20):
            while not consumer._fetcher._records:  # fetched, and not taken yet
                await asyncio.sleep(0.01)

        assert await fetch(consumer) == {}
        assert await fetch(consumer, SECOND) == {}
        assert await consumer.position(TopicPartition(*FIRST)) == 5
        assert (await fetch_until(consumer, FIRST, 10))[0].start == 5


async def test_a_fetch_without_records_ends_after_its_time(settings: Settings) -> None:
    async with consuming(settings) as consumer:
        started = asyncio.get_running_loop().time()
        assert await fetch(consumer, FIRST, timeout_s=0.1) == {}
        assert asyncio.get_running_loop().time() - started >= 0.1


async def test_a_stopped_flow_takes_nothing(settings: Settings) -> None:
    await append_words(settings, FIRST, 5)

    async with consuming(settings) as consumer:
        assert await fetch(consumer, FIRST, timeout_s=5, is_flowing=False) == {}


async def test_a_closed_consumer_says_so(settings: Settings) -> None:
    async with consuming(settings) as consumer:
        pass

    with pytest.raises(ConsumerStoppedError):
        await fetch(consumer, FIRST)


async def test_a_fetch_takes_no_more_than_asked_for(settings: Settings) -> None:
    await append_words(settings, FIRST, 50)

    async with consuming(settings) as consumer:
        await fetch_until(consumer, FIRST, 1)
        await consumer.seek_to_beginning(TopicPartition(*FIRST))
        sizes: list[int] = []
        async with asyncio.timeout(20):
            while sum(sizes) < 50:
                taken = await fetch(consumer, FIRST, max_records=20)
                sizes += [len(batch.records) for batch in taken.get(FIRST, [])]

    assert max(sizes) <= 20
    assert sum(sizes) == 50
