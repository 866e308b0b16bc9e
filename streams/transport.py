"""Faust's transport, changed to hand over record batches and to leave offsets to the outbox.

Faust spends 50-180 µs on each message, and aiokafka fetches lists. So each partition's list is one
Faust event, a `RecordBatch`. Offsets are kept by `kafka_io.ledger` and committed by
`streams.outbox`; Faust's own ack and commit machinery is switched off for these topics
(`acks=False`), because it can commit ahead of the work.

Leans on private names of faust-streaming 0.15.3 and aiokafka 0.14.0, which are pinned.
"""

import asyncio
import time
from collections.abc import Iterable, Mapping
from typing import Any, cast

from aiokafka import TopicPartition
from aiokafka.consumer.fetcher import FetchResult
from aiokafka.errors import ConsumerStoppedError
from aiokafka.structs import OffsetAndMetadata
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread, Consumer, Transport
from faust.types import TP, ConsumerMessage

from kafka_io.ledger import RecordBatch

MAX_BATCH_RECORDS = 500
"""Bounds the work between two yields to the event loop."""

_LOOK_AGAIN_S = 0.02
"""A partition whose queue has room again is seen after this long; nothing wakes a waiting fetch."""


class BatchConsumerThread(AIOKafkaConsumerThread):  # type: ignore[misc]
    """Fetches lists together with the positions they cover."""

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        # Read in start(). Faust would set it only with its own exactly-once, which is not used.
        consumer._isolation_level = "read_committed"
        return consumer

    async def _fetch_records(
        self,
        consumer: Any,
        active_partitions: set[TP],
        timeout: float | None = None,  # noqa: ASYNC109 - Faust's signature
        max_records: int | None = None,
    ) -> dict[TP, list[RecordBatch]]:
        """Take what is fetched for the active partitions; waits at most `timeout` seconds."""
        fetcher = consumer._fetcher
        subscriptions = fetcher._subscriptions
        deadline = time.monotonic() + (timeout or 0)
        with subscriptions.fetch_context():
            while self.consumer.flow_active:
                if consumer._closed or fetcher._closed:
                    raise ConsumerStoppedError
                # The set is Faust's live one; aiokafka takes an empty one to mean all.
                wanted = set(active_partitions)
                left = deadline - time.monotonic()
                if not wanted or subscriptions.reassignment_in_progress:
                    await asyncio.sleep(_LOOK_AGAIN_S)
                    return {}
                taken = await _take(
                    fetcher, subscriptions.subscription.assignment, wanted, max_records
                )
                if taken or left <= 0:
                    return taken
                waiter = fetcher._create_fetch_waiter()
                done, _ = await asyncio.wait([waiter], timeout=min(left, _LOOK_AGAIN_S))
                if done:
                    waiter.result()
                else:
                    waiter.cancel()
        return {}

    async def committed_offsets(self, partitions: Iterable[TP]) -> dict[TP, int]:
        """Offsets that the group has committed; partitions without one are left out."""
        wanted = list(partitions)
        return cast(dict[TP, int], await self.call_thread(self._committed_offsets, wanted))

    async def _committed_offsets(self, partitions: list[TP]) -> dict[TP, int]:
        coordinator = self._ensure_consumer()._coordinator
        found = await coordinator.fetch_committed_offsets(partitions)
        return {tp: found[tp].offset for tp in partitions if tp in found and found[tp].offset >= 0}

    async def committed_notes(self, partitions: Iterable[TP]) -> dict[TP, str]:
        """What stands beside the committed offsets; partitions without a text are left out."""
        wanted = list(partitions)
        return cast(dict[TP, str], await self.call_thread(self._committed_notes, wanted))

    async def _committed_notes(self, partitions: list[TP]) -> dict[TP, str]:
        coordinator = self._ensure_consumer()._coordinator
        found = await coordinator.fetch_committed_offsets(partitions)
        return {tp: found[tp].metadata for tp in partitions if tp in found and found[tp].metadata}

    async def commit_note(self, partition: TP, offset: int, note: str) -> None:
        """Commit an offset with a text beside it."""
        wanted = {TopicPartition(*partition): OffsetAndMetadata(offset, note)}
        await self.call_thread(self._ensure_consumer().commit, wanted)

    async def commit_offsets(self, offsets: Mapping[TP, int]) -> None:
        """Commit; raises whatever the broker says, unlike Faust's own."""
        wanted = {TopicPartition(*tp): offset for tp, offset in offsets.items()}
        await self.call_thread(self._ensure_consumer().commit, wanted)


async def _take(
    fetcher: Any, assignment: Any, wanted: set[TP], max_records: int | None
) -> dict[TP, list[RecordBatch]]:
    """Drain the fetcher; positions before and after are read without a gap in between."""
    states = {tp: assignment.state_value(tp) for tp in wanted if tp in assignment.tps}
    before = {tp: state.position for tp, state in states.items() if state.has_valid_position}
    if not before:
        return {}
    for tp in before:
        _keep_as_read(fetcher._records.get(tp))
    records = await fetcher.fetched_records(wanted, timeout=0, max_records=max_records)
    taken = {}
    for tp, start in before.items():
        end = states[tp].position
        if end != start:
            taken[tp] = split(tp, records.get(tp, []), start, end)
    return taken


def _keep_as_read(fetched: Any) -> None:
    """Have the records handed over as they were decoded.

    Making a `ConsumerRecord` of each takes five times as long as decoding it, and adds only what
    the batch knows.
    """
    if type(fetched) is FetchResult and fetched._partition_records is not None:
        fetched._partition_records._consumer_record = _as_read


def _as_read(tp: TP, record: Any) -> Any:
    return record


def split(tp: TP, records: list[Any], start: int, end: int) -> list[RecordBatch]:
    """Cut a fetched list into batches that together cover `[start, end)`.

    >>> [batch[3:] for batch in split(TP("posts.raw", 0), [], 5, 9)]
    [(5, 9)]
    """
    batches = []
    for first in range(0, max(len(records), 1), MAX_BATCH_RECORDS):
        part = records[first : first + MAX_BATCH_RECORDS]
        is_last = first + MAX_BATCH_RECORDS >= len(records)
        batch_end = end if is_last else part[-1].offset + 1
        batches.append(RecordBatch(tp.topic, tp.partition, part, start, batch_end))
        start = batch_end
    return batches


class BatchConsumer(Consumer):  # type: ignore[misc]
    """Delivers batches; seeks to where the ledger says."""

    _thread: BatchConsumerThread

    def _new_consumer_thread(self) -> BatchConsumerThread:
        return BatchConsumerThread(self, loop=self.loop, beacon=self.beacon)

    def _to_message(self, tp: TP, record: RecordBatch) -> ConsumerMessage:
        # checksum and sizes mean nothing for a batch; the offset is the last one it covers.
        return ConsumerMessage(
            tp.topic,
            tp.partition,
            record.next_offset - 1,
            time.time(),
            0,
            (),
            None,
            record,
            None,
            None,
            None,
            tp,
            generation_id=self.app.consumer_generation_id,
        )

    async def _wait_next_records(
        self,
        timeout: float,  # noqa: ASYNC109 - Faust's signature
    ) -> tuple[dict[TP, list[RecordBatch]], set[TP]]:
        """Fetch; Faust's own sleeps for a second while the agents' queues are full."""
        if not self.flow_active:
            await self.wait(self.can_resume_flow)
        active = self._get_active_partitions()
        return await self._getmany(active_partitions=active, timeout=timeout), active

    async def perform_seek(self) -> None:
        """Go to the ledger's positions, which the restoration has set."""
        positions = {
            TP(*self.app.names.partition(source)): offset
            for source, offset in self.app.ledger.positions.items()
        }
        if positions:
            await self.seek_wait(positions)
        self._read_offset.update(dict.fromkeys(positions))

    async def commit(self, topics: Any = None, start_new_transaction: bool = True) -> bool:
        """Nothing: the outbox commits."""
        return False

    async def committed_offsets(self, partitions: Iterable[TP]) -> dict[TP, int]:
        return await self._thread.committed_offsets(partitions)

    async def commit_offsets(self, offsets: Mapping[TP, int]) -> None:
        await self._thread.commit_offsets(offsets)

    async def committed_notes(self, partitions: Iterable[TP]) -> dict[TP, str]:
        return await self._thread.committed_notes(partitions)

    async def commit_note(self, partition: TP, offset: int, note: str) -> None:
        await self._thread.commit_note(partition, offset, note)

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Nothing: Faust's check watches its own commits, which are off."""


class BatchTransport(Transport):  # type: ignore[misc]
    """The aiokafka transport with the consumer above."""

    Consumer = BatchConsumer
