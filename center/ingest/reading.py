"""Follow the topics and bring their records to the store, each batch with its offsets."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any, Self

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from center.store.opening import SqlStore
from center.store.protocol import Offsets, Record
from center.store.writing import FOLLOWED
from kafka_io.admin import partitions_by_topic
from kafka_io.clients import client_options, stop_consumer
from kafka_io.reading import PartitionReader
from kafka_io.settings import Settings
from kafka_io.topic_admin import refuse_missing, topic_states
from kafka_io.topic_names import Names
from kafka_io.waiting import telling
from schemas.action import Action
from schemas.alert import Alert
from schemas.catalogue import Definition
from schemas.deletion import Deletion
from schemas.delivery import DeliveryRecord
from schemas.expectation import Expectation
from schemas.feed import FeedGap, FeedPosition
from schemas.mention import Mention, MentionOrTick
from schemas.topics import (
    ACTIONS,
    ALERTS,
    CATALOGUE,
    DELETIONS,
    DELIVERIES,
    EXPECTATIONS,
    FEED_GAPS,
    FEED_POSITIONS,
    MENTIONS,
    TRENDS,
    WINDOWS,
)
from schemas.trend import Trend
from schemas.window import Window

log = logging.getLogger(__name__)

_POLL_MS = 200
_MOST_RECORDS = 5_000
_NEAR = 10_000
"""Records that may be left to read where the store counts as up to date."""
_PRUNE_S = 3600.0
_AGAIN_S = 1.0

OnApplied = Callable[[Sequence[Record], Offsets, bool], None]
"""Told of what became durable, how far that is, and whether the store is up to date then."""

_DECODERS: Mapping[str, Callable[[bytes], object]] = {
    topic.name: msgspec.json.Decoder(kind).decode
    for topic, kind in (
        (WINDOWS, Window),
        (MENTIONS, MentionOrTick),
        (ALERTS, Alert),
        (TRENDS, Trend),
        (EXPECTATIONS, Expectation),
        (FEED_GAPS, FeedGap),
        (FEED_POSITIONS, FeedPosition),
        (ACTIONS, Action),
        (DELETIONS, Deletion),
        (DELIVERIES, DeliveryRecord),
        (CATALOGUE, Definition),
    )
}


def decoded(topic: str, records: Sequence[Any]) -> list[Record]:
    """Records as consumers give them, without ticks; one that cannot be read is logged and left
    out."""
    decode = _DECODERS[topic]
    found = []
    for record in records:
        try:
            value = None if record.value is None else decode(record.value)
            key = "" if record.key is None else record.key.decode()
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            where = f"{topic}/{record.partition} at {record.offset}"
            log.error("%s cannot be read and is left out: %s", where, error)
            continue
        if topic != MENTIONS.name or isinstance(value, Mention):
            found.append(Record(topic, record.partition, record.offset, key, value))
    return found


class Ingest:
    """Reads from where the store stands, until it is cancelled."""

    def __init__(self, settings: Settings, store: SqlStore, on_applied: OnApplied) -> None:
        self._settings = settings
        self._store = store
        self._on_applied = on_applied
        self._names = Names(settings)
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="store")
        self._consumer = AIOKafkaConsumer(
            **client_options(settings),
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            fetch_max_wait_ms=_POLL_MS,
        )

    async def __aenter__(self) -> Self:
        """Connect, and place every partition.

        Raises:
            TopicError: topics are missing.
            KafkaConnectionError: no broker answers.
        """
        followed = set(FOLLOWED)
        try:
            refuse_missing(
                state for state in await topic_states(self._settings) if state.topic in followed
            )
            starts = await self._starts(await _partitions(self._settings))
            with telling(self._settings.broker):
                await self._consumer.start()
            self._consumer.assign(list(starts))
            for partition, offset in starts.items():
                self._consumer.seek(partition, offset)
        except BaseException:
            await stop_consumer(self._consumer)
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await stop_consumer(self._consumer)
        await asyncio.to_thread(self._writer.shutdown)

    async def run(self) -> None:
        """Bring records to the store until cancelled; what the database cannot do yet waits."""
        pruned_s = time.monotonic() - _PRUNE_S
        while True:
            fetched = await self._consumer.getmany(timeout_ms=_POLL_MS, max_records=_MOST_RECORDS)
            if fetched:
                await self._take_in(fetched)
            if time.monotonic() - pruned_s > _PRUNE_S and await self.is_near():
                # Not while much is left to read: minutes that were dropped take no more windows.
                await self.write(self._store.prune, time.time_ns() // 1_000_000)
                pruned_s = time.monotonic()

    async def is_near(self) -> bool:
        """Whether the store holds all but the newest records."""
        left = 0
        for partition in self._consumer.assignment():
            end = self._consumer.highwater(partition)
            if end is None:
                return False
            left += end - await self._consumer.position(partition)
        return left < _NEAR

    async def _take_in(self, fetched: Mapping[TopicPartition, Sequence[Any]]) -> None:
        by_source = {self._names.source(tp): records for tp, records in fetched.items()}
        positions = {source: records[-1].offset + 1 for source, records in by_source.items()}

        def decode_and_apply() -> list[Record]:
            records = [
                record
                for (topic, _), found in by_source.items()
                for record in decoded(topic, found)
            ]
            self._store.apply(records, positions)
            return records

        records = await self.write(decode_and_apply)
        self._on_applied(records, positions, await self.is_near())

    async def write(self, work: Callable[..., Any], *arguments: Any) -> Any:
        """In the one thread that writes; again and again while the database is away."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                return await loop.run_in_executor(self._writer, work, *arguments)
            except self._store.outages as error:
                log.error("the store cannot be written, trying again: %s", error)
                await asyncio.sleep(_AGAIN_S)

    async def _starts(self, partitions: Mapping[str, int]) -> dict[TopicPartition, int]:
        """Where to go on in each partition: where the store stands, as far as the topic has it."""
        held = await asyncio.to_thread(self._store.offsets)
        wanted = [(topic, at) for topic, count in partitions.items() for at in range(count)]
        async with PartitionReader(self._settings) as reader:
            bounds = await reader.bounds(wanted)
        starts = {}
        for source, (first, end) in bounds.items():
            offset = held.get(source, first)
            where = f"{self._names.on_broker(source[0])}/{source[1]}"
            if offset > end:
                log.warning("%s ends at %d, before %d: it was made anew", where, end, offset)
                await asyncio.to_thread(self._store.restart, *source)
                offset = first
            elif offset < first:
                log.warning(
                    "%s: records from %d to %d went before they were read", where, offset, first
                )
                offset = first
            starts[self._names.partition(source)] = offset
        return starts


async def _partitions(settings: Settings) -> dict[str, int]:
    """How many partitions each topic has, by the name that we know it by."""
    admin = AIOKafkaAdminClient(**client_options(settings))
    await admin.start()
    try:
        found = await partitions_by_topic(admin)
    finally:
        await admin.close()
    names = Names(settings)
    return {topic.name: found[names.on_broker(topic.name)] for topic in FOLLOWED}
