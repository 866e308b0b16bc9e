"""Write to and read from a broker in tests."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient

from kafka_io.batches import BatchSender, Row
from kafka_io.producers import started_producer
from kafka_io.reading import PartitionReader
from kafka_io.settings import Settings
from kafka_io.writers import Checkpoint, TransactionalWriter, Writer
from schemas.topics import TOPICS


@asynccontextmanager
async def sending(settings: Settings) -> AsyncIterator[BatchSender]:
    producer = await started_producer(settings)
    try:
        yield BatchSender(producer)
    finally:
        await producer.stop()


async def append(settings: Settings, *rows: Row) -> None:
    """Write rows, durable when this returns."""
    async with sending(settings) as sender:
        await sender.send(rows)
        await sender.flush()


async def committed(settings: Settings, topic: str) -> dict[int, list[Any]]:
    """Committed records of each partition that has any."""
    partitions = settings.partitions if TOPICS[topic].scales else 1
    records: dict[int, list[Any]] = {}
    async with PartitionReader(settings) as reader:
        bounds = await reader.bounds((topic, part) for part in range(partitions))
        async for (_, partition), some in reader.read(bounds):
            records.setdefault(partition, []).extend(some)
    return records


async def values(settings: Settings, topic: str, partition: int = 0) -> list[bytes]:
    """Committed values of a partition."""
    return [record.value for record in (await committed(settings, topic)).get(partition, [])]


def writer_of(settings: Settings, checkpoint: Checkpoint = lambda point: None) -> Writer:
    """The transactional writer of the first partition of `mentions`."""
    return TransactionalWriter(settings, f"{settings.group}-measure-0", checkpoint)


async def group_offsets(settings: Settings) -> dict[tuple[str, int], int]:
    """What the next owner finds committed: it reads after its writer has started.

    Before that a broker may still be about to make the offsets of a committed transaction visible.
    """
    next_owner = writer_of(settings)
    await next_owner.start()
    await next_owner.stop()
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.broker)
    await admin.start()
    try:
        offsets = await admin.list_consumer_group_offsets(settings.group)
    finally:
        await admin.close()
    return {(tp.topic, tp.partition): found.offset for tp, found in offsets.items()}
