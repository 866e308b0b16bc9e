"""Producers that write through the outbox or from a feed."""

import asyncio
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import UnknownError, UnsupportedVersionError

from kafka_io.clients import client_options
from kafka_io.settings import Settings
from kafka_io.topic_names import Names
from kafka_io.waiting import telling

MAX_BATCH_BYTES = 512 << 10
MAX_REQUEST_BYTES = 16 << 20
_REQUEST_TIMEOUT_MS = 40_000
_RETRY_BACKOFF_MS = 20
"""A take-over waits for the old owner's transaction: 13-30 ms with 20, 126 ms with 100."""


class Producer(AIOKafkaProducer):  # type: ignore[misc]
    """aiokafka's, which is told topics by their names in `schemas.topics`."""

    def __init__(self, settings: Settings, **options: Any) -> None:
        super().__init__(**client_options(settings), acks="all", **options)
        self._names = Names(settings)

    async def send(self, topic: str, *record: Any, **options: Any) -> asyncio.Future[Any]:
        name = self._names.on_broker(topic)
        acknowledged: asyncio.Future[Any] = await super().send(name, *record, **options)
        return acknowledged

    async def send_batch(self, batch: Any, topic: str, *, partition: int) -> asyncio.Future[Any]:
        name = self._names.on_broker(topic)
        acknowledged: asyncio.Future[Any]
        acknowledged = await super().send_batch(batch, name, partition=partition)
        return acknowledged

    async def send_offsets_to_transaction(
        self, offsets: Mapping[tuple[str, int], Any], group_id: str
    ) -> None:
        named = {self._names.partition(source): at for source, at in offsets.items()}
        await super().send_offsets_to_transaction(named, group_id)


def new_producer(settings: Settings, **options: Any) -> Producer:
    """A producer with our sizes and time limits, which waits for all replicas; not started."""
    return Producer(
        settings,
        linger_ms=0,
        max_batch_size=MAX_BATCH_BYTES,
        max_request_size=MAX_REQUEST_BYTES,
        request_timeout_ms=_REQUEST_TIMEOUT_MS,
        retry_backoff_ms=_RETRY_BACKOFF_MS,
        **options,
    )


async def started_producer(settings: Settings) -> Producer:
    """A started producer whose retries do not append twice, where the broker can promise that.

    The embedded broker gives no producer ids: there a retry may repeat a record.
    """
    producer = new_producer(settings, enable_idempotence=True)
    try:
        with telling(settings.broker), without_refused_ids():
            await producer.start()
    except NO_PRODUCER_IDS:
        await producer.stop()
        producer = new_producer(settings)
        await producer.start()
    return producer


@contextmanager
def without_refused_ids() -> Iterator[None]:
    """Leave out what aiokafka logs of a broker that has no producer ids: it is expected here, and
    taken care of."""
    log = logging.getLogger("aiokafka.producer.sender")
    log.addFilter(_is_news)
    try:
        yield
    finally:
        log.removeFilter(_is_news)


def _is_news(record: logging.LogRecord) -> bool:
    is_of_ids = "InitProducerIdRequest" in str(record.msg)
    return not (is_of_ids and record.args == (UnknownError,))


NO_PRODUCER_IDS = (UnsupportedVersionError, UnknownError)
"""What a broker without producer ids answers; the embedded one gives the latter."""
