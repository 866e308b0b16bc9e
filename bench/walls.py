"""The command center over hours: memory of its process with many followers, and of a wall's page.

    make bench ARGS="walls --minutes 30 --followers 300 --walls 50 --pages 1"

Starts a broker in memory and `leimo center`, sends ten windows and an alert a second, follows
`/api/stream` as often as asked, asks for pictures as so many walls do, shows some in Chromium, and
says how fast memory grows: the slope of a line through the samples of the second half, as the first
fills caches.
"""

import argparse
import asyncio
import contextlib
import os
import random
import re
import sys
import tempfile
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from statistics import linear_regression, median
from typing import Any, NamedTuple

import aiohttp
import msgspec

from kafka_io.batches import BatchSender, Row
from kafka_io.brokers import EmbeddedBroker
from kafka_io.child_process import ChildProcess
from kafka_io.producers import started_producer
from kafka_io.settings import Settings
from kafka_io.topic_admin import apply_topics
from schemas.alert import Alert, AlertState
from schemas.catalogue import Brand
from schemas.mention import Mention
from schemas.topics import ALERTS, CATALOGUE, MENTIONS, WINDOWS
from schemas.window import Window

BRANDS = 50
_UPDATES_S = 10
_MINUTE_MS = 60_000
_SAMPLE_S = 10.0
_REDRAW_S = 1.0
_CHROMIUM = "/usr/bin/chromium"
_MB = 1 << 20
_PATIENCE_S = 120


class Sample(NamedTuple):
    """What was measured at one moment; 0: nothing to measure."""

    at_s: float
    center_bytes: int
    """Resident, without files."""
    heap_bytes: int
    """JavaScript heap of the first wall, after a collection."""
    nodes: int
    """DOM nodes of that page."""
    events: int
    """That all followers have heard."""


def _resident(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    found = re.search(r"RssAnon:\s+(\d+) kB", status)
    return int(found[1]) << 10 if found else 0


class _Load:
    """Windows of the current minute, revised again and again; an alert; some posts."""

    def __init__(self) -> None:
        self._drawn = random.Random(3)
        self._number = 0

    def rows(self) -> list[Row]:
        """What comes of one tenth of a second."""
        self._number += 1
        now_ms = time.time_ns() // 1_000_000
        start_ms = now_ms // _MINUTE_MS * _MINUTE_MS - _MINUTE_MS
        brand = f"b{self._drawn.randrange(BRANDS)}"
        posts = self._drawn.randrange(1, 90)
        window = Window(
            brand=brand, start_ms=start_ms, size_ms=_MINUTE_MS, revision=self._number,
            posts=posts, originals=posts, reposts=0, positive=0, neutral=posts, negative=0,
            sentiment_milli=0, reach=posts, authors=posts, texts=posts, owned=0, paid=0,
            earned=posts,
        )  # fmt: skip
        post = Mention(
            brand=brand, partition=0, offset=self._number, event_time_ms=start_ms,
            author=f"u{self._number % 999}", post=f"p{self._number}", source="weibo",
            text=f"第{self._number}条", terms=("手机",),
        )  # fmt: skip
        found = [
            Row(WINDOWS.name, 0, window.key, msgspec.json.encode(window)),
            Row(MENTIONS.name, 0, brand.encode(), msgspec.json.encode(post)),
        ]
        if self._number % _UPDATES_S == 0:
            found.append(self._alert(brand, now_ms))
        return found

    def _alert(self, brand: str, now_ms: int) -> Row:
        number = self._number // _UPDATES_S // 30  # each goes on for half a minute
        is_over = self._number // _UPDATES_S % 30 == 29
        alert = Alert(
            id=f"a{number}", fingerprint=f"spike/{brand}", rule="spike", kind="spike", brand=brand,
            state=AlertState.RESOLVED if is_over else AlertState.FIRING,
            ended_at_ms=now_ms if is_over else None,
            revision=self._number, severity=1 + number % 9, started_at_ms=now_ms,
            updated_at_ms=now_ms, seen=19.0, expected=2.0, reason="19 posts",
        )  # fmt: skip
        return Row(ALERTS.name, 0, alert.fingerprint.encode(), msgspec.json.encode(alert))


async def _send(settings: Settings, stop: asyncio.Event) -> None:
    producer = await started_producer(settings)
    sender = BatchSender(producer)
    load = _Load()
    try:
        brands = [Brand(f"b{number}", f"品牌{number}") for number in range(BRANDS)]
        await sender.send(
            Row(CATALOGUE.name, 0, f"brand:{one.id}".encode(), msgspec.json.encode(one))
            for one in brands
        )
        while not stop.is_set():
            await sender.send(load.rows())
            await sender.flush()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), 1 / _UPDATES_S)
    finally:
        await producer.stop()


@contextlib.asynccontextmanager
async def _each(
    count: int, one: Callable[[aiohttp.ClientSession, int], Awaitable[None]]
) -> AsyncIterator[None]:
    """So many at once, by number, until the block ends."""
    timeout = aiohttp.ClientTimeout(total=None, sock_read=_PATIENCE_S)
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(timeout=timeout, connector=connector) as session:
        tasks = [asyncio.ensure_future(one(session, number)) for number in range(count)]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


class _Followers:
    """Clients of the stream, each with a connection of its own."""

    def __init__(self, url: str, count: int) -> None:
        self._url, self._count = url, count
        self.events = 0
        self.lost = 0

    def follow(self) -> AbstractAsyncContextManager[None]:
        return _each(self._count, self._one)

    async def _one(self, session: aiohttp.ClientSession, _: int) -> None:
        try:
            async with session.get(f"{self._url}/api/stream") as answer:
                answer.raise_for_status()
                async for part in answer.content.iter_any():
                    self.events += part.count(b"event: ")
            self.lost += 1
        except (aiohttp.ClientError, TimeoutError):
            self.lost += 1


class _Walls:
    """Screens that do what `wall.js` does: follow the stream, and ask for a picture as things come,
    once a second at most, and every five seconds anyhow."""

    def __init__(self, url: str, count: int) -> None:
        self._url, self._count = url, count
        self.pictures = 0
        self.lost = 0
        self.took_ms: deque[float] = deque(maxlen=5_000)

    def show(self) -> AbstractAsyncContextManager[None]:
        return _each(self._count, self._one)

    async def _one(self, session: aiohttp.ClientSession, number: int) -> None:
        came = asyncio.Event()
        width, height = ((1920, 1080), (3840, 2160), (1280, 720))[number % 3]
        screen = {"w": width, "h": height, "lang": ("zh", "en")[number % 2], "group": ""}
        drawing = asyncio.create_task(self._draw(session, screen, came))
        try:
            async with session.get(f"{self._url}/api/stream") as answer:
                answer.raise_for_status()
                async for part in answer.content.iter_any():
                    if b"event: " in part:
                        came.set()
            self.lost += 1
        except (aiohttp.ClientError, TimeoutError):
            self.lost += 1
        finally:
            drawing.cancel()
            await asyncio.gather(drawing, return_exceptions=True)

    async def _draw(
        self, session: aiohttp.ClientSession, screen: dict[str, Any], came: asyncio.Event
    ) -> None:
        while True:
            began_s = time.monotonic()
            async with session.get(f"{self._url}/wall/picture", params=screen) as answer:
                answer.raise_for_status()
                await answer.read()
            self.took_ms.append(1000 * (time.monotonic() - began_s))
            self.pictures += 1
            await asyncio.sleep(_REDRAW_S)
            came.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(came.wait(), 4 * _REDRAW_S)


@contextlib.asynccontextmanager
async def _pages(url: str, count: int) -> AsyncIterator[Any]:
    """The wall in so many pages; a session of the debugger with the first. None: no page."""
    if not count:
        yield None
        return
    from playwright.async_api import async_playwright  # noqa: PLC0415 - of development alone

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=_CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        pages = [await browser.new_page() for _ in range(count)]
        for page in pages:
            await page.goto(f"{url}/wall")
            await page.wait_for_selector("#picture svg", timeout=_PATIENCE_S * 1000)
        session = await pages[0].context.new_cdp_session(pages[0])
        try:
            yield session
        finally:
            await browser.close()


async def _heap(session: Any) -> tuple[int, int]:
    if session is None:
        return 0, 0
    await session.send("HeapProfiler.collectGarbage")
    used = (await session.send("Runtime.getHeapUsage"))["usedSize"]
    return int(used), int((await session.send("Memory.getDOMCounters"))["nodes"])


def _slope(samples: list[Sample], field: str) -> str:
    """Growth an hour over the second half."""
    half = samples[len(samples) // 2 :]
    times = [one.at_s for one in half]
    values = [getattr(one, field) for one in half]
    if len(half) < 2 or not any(values):
        return "not measured"
    slope, _ = linear_regression(times, values)
    return f"{median(values) / _MB:,.1f} MB, {slope * 3600 / _MB:+,.2f} MB an hour"


async def _measure(arguments: argparse.Namespace, folder: Path, settings: Settings) -> None:
    await apply_topics(settings)
    command = [sys.executable, "-m", "leimo", "center", "--port", "0"]
    command += ["--store", f"sqlite:///{folder}/center.db"]
    root = str(Path(__file__).resolve().parents[1])
    environment = {
        **os.environ, "LEIMO_BROKER": settings.broker, "LEIMO_PARTITIONS": "1", "PYTHONPATH": root,
    }  # fmt: skip
    center = ChildProcess(command, folder, folder / "center.log", environment)
    stop = asyncio.Event()
    sending = asyncio.create_task(_send(settings, stop))
    samples: list[Sample] = []
    try:
        url = await _address(center)
        followers = _Followers(url, arguments.followers)
        walls = _Walls(url, arguments.walls)
        async with followers.follow(), walls.show(), _pages(url, arguments.pages) as session:
            began_s = time.monotonic()
            while (at_s := time.monotonic() - began_s) < arguments.minutes * 60:
                heap, nodes = await _heap(session)
                sample = Sample(at_s, _resident(center.pid), heap, nodes, followers.events)
                samples.append(sample)
                print(
                    f"{at_s:6.0f} s  center {sample.center_bytes / _MB:7.1f} MB  "
                    f"heap {heap / _MB:6.2f} MB  nodes {nodes}  events {followers.events}  "
                    f"pictures {walls.pictures}  lost {followers.lost + walls.lost}",
                    flush=True,
                )
                await asyncio.sleep(_SAMPLE_S)
    finally:
        stop.set()
        await asyncio.gather(sending, return_exceptions=True)
        await asyncio.to_thread(center.stop)
    print(f"{arguments.minutes:g} minutes, {arguments.followers} followers, lost {followers.lost}")
    took = f", a picture in {median(walls.took_ms):.0f} ms" if walls.took_ms else ""
    print(f"{arguments.walls} walls, lost {walls.lost}, {walls.pictures:,} pictures{took} (median)")
    print(f"center: {_slope(samples, 'center_bytes')}")
    print(f"heap of a wall: {_slope(samples, 'heap_bytes')}")


async def _address(center: ChildProcess) -> str:
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        said = center.log.read_text(encoding="utf-8")
        if found := re.search(r"http://127\.0\.0\.1:\d+", said):
            return found.group()
        if time.monotonic() > deadline or not center.is_running:
            raise RuntimeError(f"the center does not answer: {said}")
        await asyncio.sleep(0.1)


def main() -> None:
    """Run it and tell."""
    parser = argparse.ArgumentParser(prog="bench walls", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--followers", type=int, default=300)
    parser.add_argument("--walls", type=int, default=50, help="that ask for pictures")
    parser.add_argument("--pages", type=int, default=1, help="walls in Chromium")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, EmbeddedBroker.start() as broker:
        settings = Settings(broker=broker.address, partitions=1, replication=1)
        asyncio.run(_measure(arguments, Path(folder), settings))
