"""Read ranges of partitions outside of any consumer group."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from types import TracebackType
from typing import Any, Self

from aiokafka import AIOKafkaConsumer, TopicPartition

from kafka_io.clients import client_options, stop_consumer
from kafka_io.settings import Settings
from kafka_io.topic_names import Names
from kafka_io.waiting import telling

_POLL_MS = 50


class PartitionReader:
    """An assigned consumer that reads from one offset to another and then stops.

    Sees committed records only: end offsets are the last stable ones.
    """

    def __init__(self, settings: Settings) -> None:
        self.names = Names(settings)
        self._broker = settings.broker
        self._consumer = AIOKafkaConsumer(
            **client_options(settings),
            group_id=None,
            enable_auto_commit=False,
            isolation_level="read_committed",
            max_partition_fetch_bytes=8 << 20,
            fetch_max_wait_ms=100,
        )

    async def __aenter__(self) -> Self:
        try:
            with telling(self._broker):
                await self._consumer.start()
        except BaseException:
            await stop_consumer(self._consumer)
            raise
        await asyncio.sleep(0)  # its tasks cannot be cancelled before they have begun
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await stop_consumer(self._consumer)

    async def bounds(
        self, partitions: Iterable[tuple[str, int]]
    ) -> dict[tuple[str, int], tuple[int, int]]:
        """First and next offset of each partition; not to be called while a `read` goes on."""
        wanted = [self.names.partition(source) for source in partitions]
        if not wanted:
            return {}
        first = await self._consumer.beginning_offsets(wanted)
        end = await self._consumer.end_offsets(wanted)
        end |= await self._fetched_ends({tp: end[tp] for tp in wanted if end[tp] > first[tp]})
        return {self.names.source(tp): (first[tp], end[tp]) for tp in wanted}

    async def offsets_at(
        self, partitions: Iterable[tuple[str, int]], time_ms: int
    ) -> dict[tuple[str, int], int | None]:
        """First record of each partition whose timestamp is not before `time_ms`; None: none."""
        wanted = {self.names.partition(source): max(0, time_ms) for source in partitions}
        found = await self._consumer.offsets_for_times(wanted) if wanted else {}
        return {
            self.names.source(tp): None if at is None else at.offset for tp, at in found.items()
        }

    async def _fetched_ends(self, told: dict[TopicPartition, int]) -> dict[TopicPartition, int]:
        """Ends as a fetch sees them: the embedded broker tells where the last *batch* begins."""
        if not told:
            return {}
        self._consumer.assign(list(told))
        for partition, end in told.items():
            self._consumer.seek(partition, end - 1)
        while any(self._consumer.last_stable_offset(partition) is None for partition in told):
            await self._consumer.getmany(*told, timeout_ms=_POLL_MS)
        return {
            partition: max(end, self._consumer.last_stable_offset(partition))
            for partition, end in told.items()
        }

    async def read(
        self, ranges: Mapping[tuple[str, int], tuple[int, int]]
    ) -> AsyncIterator[tuple[tuple[str, int], list[Any]]]:
        """Yield lists of records of `[start, end)` of each partition, in order within each."""
        left = {
            self.names.partition(source): end
            for source, (start, end) in ranges.items()
            if start < end
        }
        if not left:
            return
        self._consumer.assign(list(left))
        for partition in left:
            self._consumer.seek(partition, ranges[self.names.source(partition)][0])
        while left:
            fetched = await self._consumer.getmany(*left, timeout_ms=_POLL_MS, max_records=5000)
            for partition, records in fetched.items():
                end = left[partition]
                within = [record for record in records if record.offset < end]
                if within:
                    yield self.names.source(partition), within
            for partition, end in list(left.items()):
                # The position also passes markers and compacted offsets, which give no record.
                if await self._consumer.position(partition) >= end:
                    del left[partition]
