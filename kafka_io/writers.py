"""Two ways to make rows and offsets durable together: a transaction, or one after the other."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Protocol

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.structs import OffsetAndMetadata

from kafka_io.batches import BatchSender, Row
from kafka_io.producers import (
    NO_PRODUCER_IDS,
    new_producer,
    started_producer,
    without_refused_ids,
)
from kafka_io.settings import Settings

Offsets = Mapping[tuple[str, int], int]
Checkpoint = Callable[[str], None]
"""Called with the name of each point that a commit reaches; tests put faults there."""
CommitOffsets = Callable[[Offsets], Awaitable[None]]

_TRANSACTION_TIMEOUT_MS = 10_000


class Writer(Protocol):
    """Makes rows durable, and then the offsets that they came from."""

    async def start(self) -> None: ...
    async def write(self, rows: Iterable[Row], offsets: Offsets) -> None: ...
    async def stop(self) -> None: ...


class TransactionalWriter:
    """Rows and offsets in one Kafka transaction.

    `start` fences every earlier writer of the same id, and ends what it left open: from then on
    the old owner cannot change anything any more. The broker knows an owner by the producer's
    epoch alone, so state and offsets must be read after `start`.
    """

    def __init__(self, settings: Settings, transactional_id: str, checkpoint: Checkpoint) -> None:
        self._group = settings.group_id
        self._checkpoint = checkpoint
        self._producer = new_producer(
            settings,
            transactional_id=transactional_id,
            transaction_timeout_ms=_TRANSACTION_TIMEOUT_MS,
        )
        self._sender = BatchSender(self._producer)

    async def start(self) -> None:
        await self._producer.start()

    async def write(self, rows: Iterable[Row], offsets: Offsets) -> None:
        """Commit all of it or nothing; any error means that this owner is done."""
        await self._producer.begin_transaction()
        self._checkpoint("begun")
        await self._sender.send(rows)
        self._checkpoint("sent")
        # aiokafka commits a transaction although a send in it failed: only the futures tell.
        await self._sender.flush()
        self._checkpoint("flushed")
        if offsets:
            await self._producer.send_offsets_to_transaction(
                {
                    TopicPartition(*source): OffsetAndMetadata(offset, "")
                    for source, offset in offsets.items()
                },
                self._group,
            )
        self._checkpoint("offsets sent")
        await self._producer.commit_transaction()
        self._checkpoint("committed")

    async def stop(self) -> None:
        await self._producer.stop()


class AcknowledgedWriter:
    """Rows first, then the offsets: a crash between the two repeats rows, and loses none."""

    def __init__(
        self, settings: Settings, commit_offsets: CommitOffsets, checkpoint: Checkpoint
    ) -> None:
        self._settings = settings
        self._commit_offsets = commit_offsets
        self._checkpoint = checkpoint
        self._producer: AIOKafkaProducer | None = None

    async def start(self) -> None:
        self._producer = await started_producer(self._settings)
        self._sender = BatchSender(self._producer)

    async def write(self, rows: Iterable[Row], offsets: Offsets) -> None:
        """Write the rows, wait for every acknowledgement, commit the offsets."""
        self._checkpoint("begun")
        await self._sender.send(rows)
        self._checkpoint("sent")
        await self._sender.flush()
        self._checkpoint("flushed")
        if offsets:  # ticks alone move none
            await self._commit_offsets(offsets)
        self._checkpoint("committed")

    async def stop(self) -> None:
        if self._producer is not None:
            await self._producer.stop()


async def has_transactions(settings: Settings) -> bool:
    """Ask the broker for a transactional producer id: the embedded one has none to give.

    The id is one that no worker uses.
    """
    producer = new_producer(settings, transactional_id=f"{settings.group_id}-probe")
    try:
        with without_refused_ids():
            await producer.start()
    except NO_PRODUCER_IDS:
        return False
    else:
        return True
    finally:
        await producer.stop()
