"""The command center over hours: memory of its process with many followers, and of a wall's page.

    make bench ARGS="walls --minutes 30 --followers 300 --walls 50 --pages 1"

Starts a broker in memory and `leimo center`, sends ten windows (`--updates`) and an alert a second,
follows `/api/stream` as often as asked, asks for pictures as so many walls do, shows some in
Chromium, and says how fast memory grows: the slope of a line through the samples of the second
half, as the first fills caches. The stream's 20,000 events fill in 39 minutes with ten updates a
second, in two with 200.
"""

import argparse
import asyncio
import contextlib
import re
import tempfile
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from statistics import linear_regression, median
from typing import Any, NamedTuple

import aiohttp

from bench.center_load import PATIENCE_S, running_center
from kafka_io.brokers import EmbeddedBroker
from kafka_io.settings import Settings

_SAMPLE_S = 10.0
_REDRAW_S = 1.0
CHROMIUM = "/usr/bin/chromium"
_MB = 1 << 20


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


@contextlib.asynccontextmanager
async def _each(
    count: int, one: Callable[[aiohttp.ClientSession, int], Awaitable[None]]
) -> AsyncIterator[None]:
    """So many at once, by number, until the block ends."""
    timeout = aiohttp.ClientTimeout(total=None, sock_read=PATIENCE_S)
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
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        pages = [await browser.new_page() for _ in range(count)]
        for page in pages:
            await page.goto(f"{url}/wall")
            await page.wait_for_selector("#picture svg", timeout=PATIENCE_S * 1000)
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
    samples: list[Sample] = []
    async with running_center(folder, settings, arguments.brands, arguments.updates) as center:
        followers = _Followers(center.url, arguments.followers)
        walls = _Walls(center.url, arguments.walls)
        pages = _pages(center.url, arguments.pages)
        async with followers.follow(), walls.show(), pages as session:
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
    print(f"{arguments.minutes:g} minutes, {arguments.followers} followers, lost {followers.lost}")
    took = f", a picture in {median(walls.took_ms):.0f} ms" if walls.took_ms else ""
    print(f"{arguments.walls} walls, lost {walls.lost}, {walls.pictures:,} pictures{took} (median)")
    print(f"center: {_slope(samples, 'center_bytes')}")
    print(f"heap of a wall: {_slope(samples, 'heap_bytes')}")


def main() -> None:
    """Run it and tell."""
    parser = argparse.ArgumentParser(prog="bench walls", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--followers", type=int, default=300)
    parser.add_argument("--walls", type=int, default=50, help="that ask for pictures")
    parser.add_argument("--pages", type=int, default=1, help="walls in Chromium")
    parser.add_argument("--brands", type=int, default=50)
    parser.add_argument("--updates", type=int, default=10, help="windows and posts a second")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, EmbeddedBroker.start() as broker:
        settings = Settings(broker=broker.address, partitions=1, replication=1)
        asyncio.run(_measure(arguments, Path(folder), settings))
