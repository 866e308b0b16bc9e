"""Makes what happens to deliveries durable: all that waits, in one transaction after another."""

import asyncio
from collections.abc import Sequence

import msgspec

from kafka_io.batches import Row
from kafka_io.writers import Writer
from schemas.delivery import DeliveryRecord
from schemas.topics import DELIVERIES

_encode = msgspec.json.Encoder().encode


class Journal:
    """The records of one partition of `deliveries`, in the order in which they are handed over."""

    def __init__(self, writer: Writer, partition: int) -> None:
        self._writer = writer
        self._partition = partition
        self._rows: list[Row] = []
        self._durable: asyncio.Future[None] | None = None
        self._wake = asyncio.Event()

    def add(self, records: Sequence[DeliveryRecord]) -> "asyncio.Future[None]":
        """Hand records over; what is returned is done when they are durable."""
        self._rows += (
            Row(DELIVERIES.name, self._partition, record.key, _encode(record)) for record in records
        )
        if self._durable is None:
            self._durable = asyncio.get_running_loop().create_future()
        self._wake.set()
        return asyncio.shield(self._durable)  # who is cancelled takes no others with it

    async def run(self) -> None:
        """Write until cancelled; an error means that this owner is done."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            rows, self._rows = self._rows, []
            durable, self._durable = self._durable, None
            if durable is None:
                continue
            await self._writer.write(rows, {})
            if not durable.done():
                durable.set_result(None)
