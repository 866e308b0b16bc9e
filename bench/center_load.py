"""`leimo center` beside a broker in memory, with windows, posts and alerts that come."""

import asyncio
import contextlib
import os
import random
import re
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from kafka_io.batches import BatchSender, Row
from kafka_io.child_process import ChildProcess
from kafka_io.producers import started_producer
from kafka_io.settings import Settings
from kafka_io.topic_admin import apply_topics
from schemas.alert import Alert, AlertState
from schemas.catalogue import Brand
from schemas.mention import Mention
from schemas.topics import ALERTS, CATALOGUE, MENTIONS, WINDOWS
from schemas.window import Window

PATIENCE_S = 120
_MINUTE_MS = 60_000


class RunningCenter(NamedTuple):
    """A center that answers."""

    url: str
    pid: int


class Load:
    """Windows of the current minute, revised again and again; an alert a second; some posts."""

    def __init__(self, brands: int, updates_s: int) -> None:
        self.updates_s = updates_s
        self._brands = brands
        self._drawn = random.Random(3)
        self._number = 0

    def rows(self) -> list[Row]:
        """What comes with one update."""
        self._number += 1
        now_ms = time.time_ns() // 1_000_000
        start_ms = now_ms // _MINUTE_MS * _MINUTE_MS - _MINUTE_MS
        brand = f"b{self._drawn.randrange(self._brands)}"
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
        if self._number % self.updates_s == 0:
            found.append(self._alert(brand, now_ms))
        return found

    def _alert(self, brand: str, now_ms: int) -> Row:
        number = self._number // self.updates_s // 30  # each goes on for half a minute
        is_over = self._number // self.updates_s % 30 == 29
        alert = Alert(
            id=f"a{number}", fingerprint=f"spike/{brand}", rule="spike", kind="spike", brand=brand,
            state=AlertState.RESOLVED if is_over else AlertState.FIRING,
            ended_at_ms=now_ms if is_over else None,
            revision=self._number, severity=1 + number % 9, started_at_ms=now_ms,
            updated_at_ms=now_ms, seen=19.0, expected=2.0, reason="19 posts",
        )  # fmt: skip
        return Row(ALERTS.name, 0, alert.fingerprint.encode(), msgspec.json.encode(alert))


async def _send(settings: Settings, stop: asyncio.Event, load: Load, brands: int) -> None:
    producer = await started_producer(settings)
    sender = BatchSender(producer)
    try:
        defined = [Brand(f"b{number}", f"品牌{number}") for number in range(brands)]
        await sender.send(
            Row(CATALOGUE.name, 0, f"brand:{one.id}".encode(), msgspec.json.encode(one))
            for one in defined
        )
        while not stop.is_set():
            await sender.send(load.rows())
            await sender.flush()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), 1 / load.updates_s)
    finally:
        await producer.stop()


async def _address(center: ChildProcess) -> str:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        said = center.log.read_text(encoding="utf-8")
        if found := re.search(r"http://127\.0\.0\.1:\d+", said):
            return found.group()
        if time.monotonic() > deadline or not center.is_running:
            raise RuntimeError(f"the center does not answer: {said}")
        await asyncio.sleep(0.1)


@contextlib.asynccontextmanager
async def running_center(
    folder: Path, settings: Settings, brands: int, updates_s: int = 10
) -> AsyncIterator[RunningCenter]:
    """The center of so many brands; each second so many windows and posts, and an alert, come."""
    await apply_topics(settings)
    command = [sys.executable, "-m", "leimo", "center", "--port", "0"]
    command += ["--store", f"sqlite:///{folder}/center.db"]
    root = str(Path(__file__).resolve().parents[1])
    environment = {
        **os.environ, "LEIMO_BROKER": settings.broker, "LEIMO_PARTITIONS": "1", "PYTHONPATH": root,
    }  # fmt: skip
    center = ChildProcess(command, folder, folder / "center.log", environment)
    stop = asyncio.Event()
    sending = asyncio.create_task(_send(settings, stop, Load(brands, updates_s), brands))
    try:
        yield RunningCenter(await _address(center), center.pid)
    finally:
        stop.set()
        await asyncio.gather(sending, return_exceptions=True)
        await asyncio.to_thread(center.stop)
