"""Rows reach the broker whole and in order, or `flush` raises."""

import asyncio

import pytest
from aiokafka.errors import MessageSizeTooLargeError

from kafka_io.batches import Row
from kafka_io.producers import MAX_BATCH_BYTES
from kafka_io.settings import Settings
from schemas.topics import MENTIONS, WINDOWS
from tests.kafka_io.broker_log import append, committed, sending, values


def rows(count: int, size: int = 1, first: int = 0) -> list[Row]:
    """Numbered rows, partition after partition."""
    return [
        Row(WINDOWS.name, index % 4, b"k%d" % index, b"%d " % index + b"x" * size)
        for index in range(first, first + count)
    ]


async def test_rows_keep_their_order_within_each_partition(settings: Settings) -> None:
    async with sending(settings) as sender:
        # At once: the second call must not overtake the first.
        await asyncio.gather(sender.send(rows(1000)), sender.send(rows(1000, first=1000)))
        await sender.flush()
        assert sender.unacknowledged_batches == 0

    found = await committed(settings, WINDOWS.name)

    for partition in range(4):
        numbers = [int(record.value.split()[0]) for record in found[partition]]
        assert numbers == list(range(partition, 2000, 4))


async def test_a_record_arrives_as_it_was_given(settings: Settings) -> None:
    headers = [("reason", b"not_json"), ("detail", "坏".encode())]
    await append(
        settings,
        Row(MENTIONS.name, 2, None, b"no key", headers, 1_325_347_200_000),
        Row(MENTIONS.name, 2, b"no value", None),
    )

    first, second = (await committed(settings, MENTIONS.name))[2]

    assert (first.key, first.value, first.timestamp) == (None, b"no key", 1_325_347_200_000)
    assert list(first.headers) == headers
    assert (second.key, second.value, list(second.headers)) == (b"no value", None, [])


async def test_more_than_a_batch_holds_is_split(kafka_settings: Settings) -> None:
    """The topic takes 1 MiB a batch, and this is 4 MiB a partition: in one it would be refused."""
    count, size = 400, 40_000

    async with sending(kafka_settings) as sender:
        await sender.send(rows(count, size))
        await sender.flush()

    found = await committed(kafka_settings, WINDOWS.name)
    assert [record.key for record in found[1]] == [b"k%d" % index for index in range(1, count, 4)]


async def test_a_record_that_is_larger_than_a_batch_goes_alone(kafka_settings: Settings) -> None:
    large = Row(WINDOWS.name, 0, b"large", b"x" * (MAX_BATCH_BYTES + 1))

    await append(kafka_settings, *rows(1), large, *rows(1, first=4))

    assert [len(value) for value in await values(kafka_settings, WINDOWS.name)] == [
        len(b"0 x"),
        MAX_BATCH_BYTES + 1,
        len(b"4 x"),
    ]


async def test_a_refused_record_makes_flush_raise(kafka_settings: Settings) -> None:
    async with sending(kafka_settings) as sender:
        await sender.send([Row(WINDOWS.name, 0, b"k", b"x" * (2 << 20)), *rows(4)])

        with pytest.raises(MessageSizeTooLargeError):
            await sender.flush()


async def test_no_rows_are_no_work(settings: Settings) -> None:
    async with sending(settings) as sender:
        await sender.send([])
        await sender.flush()

    assert await committed(settings, WINDOWS.name) == {}
