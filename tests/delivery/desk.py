"""Receivers run against real servers, with their records kept in memory instead of Kafka."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from ipaddress import ip_network
from typing import Any

import msgspec
from aiohttp import web

from delivery.clock import Clock
from delivery.journal import Journal
from delivery.outbound import Outbound
from delivery.receiver import Receiver
from delivery.sender import Sender
from kafka_io.batches import Row
from kafka_io.settings import Settings
from schemas.alert import Alert
from schemas.catalogue import Subscriber
from schemas.delivery import Delivery, DeliveryRecord
from streams.metrics import DeliveryMetrics

LOOPBACK = (ip_network("127.0.0.0/8"),)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_decode = msgspec.json.Decoder(DeliveryRecord).decode


class QuickClock(Clock):
    """Time that passes faster, for the receiver and for the server that limits it."""

    def __init__(self, speed: float) -> None:
        self._speed = speed
        self._began_s, self._began_ms = time.monotonic(), super().now_ms()

    def now_ms(self) -> int:
        return self._began_ms + round((time.monotonic() - self._began_s) * 1000 * self._speed)

    async def wait(self, event: asyncio.Event, until_ms: int) -> None:
        left_s = max(until_ms - self.now_ms(), 0) / 1000 / self._speed if until_ms else None
        try:
            async with asyncio.timeout(left_s):
                await event.wait()
        except TimeoutError:
            return


class Written:
    """A `Writer` that keeps the records in memory, in order."""

    def __init__(self) -> None:
        self.records: list[DeliveryRecord] = []

    async def start(self) -> None:
        """Nothing to connect to."""

    async def write(self, rows: Iterable[Row], offsets: object) -> None:
        self.records += [_decode(row.value or b"") for row in rows]

    async def stop(self) -> None:
        """Nothing to close."""

    @property
    def latest(self) -> dict[str, Delivery]:
        """By name: of an alert, its id."""
        return {one.name: one for one in self.records if isinstance(one, Delivery)}


@asynccontextmanager
async def serving(handler: Handler, **options: Any) -> AsyncIterator[str]:
    """A server on the loopback; gives its address."""
    app = web.Application(client_max_size=1 << 20)
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0, **options).start()
        scheme = "https" if options.get("ssl_context") else "http"
        yield f"{scheme}://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


class Desk:
    """One receiver and what it wrote."""

    def __init__(self, receiver: Receiver, journal: Journal, written: Written) -> None:
        self.receiver = receiver
        self.written = written
        self._journal = journal

    async def tell(self, *alerts: Alert) -> None:
        """Take alerts in and send until nothing is due any more, within a deadline."""
        for alert in alerts:
            await self.take_in(alert)
        await asyncio.wait_for(self.receiver.run(), 60)

    async def take_in(self, alert: Alert) -> None:
        found = self.receiver.take_in(alert, self.receiver._clock.now_ms())
        if found is not None:
            await self._journal.add([found])


@asynccontextmanager
async def desk(
    subscriber: Subscriber,
    *,
    clock: Clock | None = None,
    settings: Settings | None = None,
    outbound: Outbound | None = None,
    **sender_options: Any,
) -> AsyncIterator[Desk]:
    """A receiver for the subscriber; may send to the loopback."""
    settings = settings or Settings()
    written = Written()
    journal = Journal(written, 0)
    async with outbound or Outbound(LOOPBACK) as out:
        receiver = Receiver(
            subscriber,
            journal,
            Sender(settings, out, **sender_options),
            DeliveryMetrics(),
            clock=clock or Clock(),
            jitter=lambda: 0.0,
        )
        receiver.names = {"xiaomi": "小米"}
        writing = asyncio.create_task(journal.run())
        try:
            yield Desk(receiver, journal, written)
        finally:
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)
