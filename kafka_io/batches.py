"""Rows to record batches: the one way in which leimo writes to Kafka.

`producer.send` of aiokafka costs about 7 µs a record, `create_batch` about 1 µs. A batch keeps
the order of its rows; batches of one partition follow each other; partitions go side by side.
"""

import asyncio
from collections.abc import Iterable
from typing import Any, NamedTuple

from aiokafka import AIOKafkaProducer

Headers = list[tuple[str, bytes]]
NO_HEADERS: Headers = []
"""aiokafka takes a list only; nobody changes it."""
TopicPartition = tuple[str, int]


class Row(NamedTuple):
    """One record to write."""

    topic: str
    partition: int
    key: bytes | None
    value: bytes | None
    headers: Headers = NO_HEADERS
    timestamp_ms: int | None = None


class BatchSender:
    """Writes rows through one producer and remembers what was not acknowledged yet.

    Nothing is durable before `flush` has returned. After a failure the sender is useless: its
    owner must not commit what lies behind it, and ends.
    """

    def __init__(self, producer: AIOKafkaProducer) -> None:
        self._producer = producer
        self._unacknowledged: list[asyncio.Future[Any]] = []
        self._counts: dict[asyncio.Future[Any], int] = {}
        self._in_order = asyncio.Lock()

    async def send(self, rows: Iterable[Row]) -> None:
        """Hand rows over, in order within each partition; two calls never overtake each other."""
        by_partition: dict[TopicPartition, list[Row]] = {}
        for row in rows:
            target = (row[0], row[1])
            held = by_partition.get(target)
            if held is None:
                by_partition[target] = [row]
            else:
                held.append(row)
        async with self._in_order:
            if len(by_partition) == 1:
                await self._send_partition(*by_partition.popitem())
            else:
                await asyncio.gather(
                    *(self._send_partition(*item) for item in by_partition.items())
                )

    async def flush(self) -> None:
        """Wait until every row is acknowledged; raises the first failure."""
        waiting, self._unacknowledged = self._unacknowledged, []
        if waiting:
            await asyncio.gather(*waiting)
            for future in waiting:
                self._counts.pop(future, None)

    @property
    def unacknowledged_rows(self) -> int:
        """Rows of batches that the broker has not acknowledged, or has refused."""
        return sum(
            count
            for future, count in self._counts.items()
            if not future.done() or future.cancelled() or future.exception() is not None
        )

    @property
    def unacknowledged_batches(self) -> int:
        return sum(not future.done() for future in self._unacknowledged)

    async def _send_partition(self, target: TopicPartition, rows: list[Row]) -> None:
        topic, partition = target
        create_batch = self._producer.create_batch
        batch = create_batch()
        append = batch.append
        for _, _, key, value, headers, timestamp_ms in rows:
            if append(timestamp=timestamp_ms, key=key, value=value, headers=headers) is None:
                await self._submit(batch, topic, partition)
                batch = create_batch()
                append = batch.append
                append(timestamp=timestamp_ms, key=key, value=value, headers=headers)
        await self._submit(batch, topic, partition)

    async def _submit(self, batch: Any, topic: str, partition: int) -> None:
        batch.close()
        future = await self._producer.send_batch(batch, topic, partition=partition)
        self._unacknowledged.append(future)
        self._counts[future] = batch.record_count()
