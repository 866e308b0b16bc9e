"""Debian's Alertmanager is told what fires, again and again, and learns what is over."""

import asyncio
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from msgspec.structs import replace

from delivery.clock import Clock
from kafka_io.brokers import HOST, free_port
from schemas.alert import Alert
from schemas.catalogue import ReceivingChannel
from schemas.delivery import Outcome
from tests.delivery.alerts import HOSTILE, alert, resolved, subscriber
from tests.delivery.desk import Desk, desk
from tests.ops.test_alerts_fire import OPS, program

WHO = subscriber(ReceivingChannel.ALERTMANAGER)


class Alertmanager:
    """The real one, with its own folder."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._folder = folder
        self._program = program("prometheus-alertmanager", "alertmanager")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(
            [
                self._program,
                f"--config.file={OPS / 'alertmanager/alertmanager.yml'}",
                f"--storage.path={self._folder / 'data'}",
                f"--web.listen-address={HOST}:{self.port}",
                "--cluster.listen-address=",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    async def asked(self, method: str = "GET", path: str = "alerts", **more: Any) -> Any:
        """What its API says; None while it does not answer."""
        url = f"http://{HOST}:{self.port}/api/v2/{path}"
        try:
            async with (
                aiohttp.ClientSession() as session,
                session.request(method, url, **more) as answer,
            ):
                return await answer.json() if answer.status == 200 else None
        except aiohttp.ClientError:
            return None


async def until(reached: Callable[[], Awaitable[Any]], what: str) -> Any:
    try:
        async with asyncio.timeout(30):
            while not (found := await reached()):
                await asyncio.sleep(0.05)
            return found
    except TimeoutError:
        raise AssertionError(what) from None


class Leap(Clock):
    """The wall clock, which can be put forward."""

    ahead_ms = 0

    def now_ms(self) -> int:
        return super().now_ms() + self.ahead_ms


def recent(one: Alert, clock: Clock, *, minutes_ago: int = 5) -> Alert:
    """The alert with times that an Alertmanager takes for the present."""
    start_ms = clock.now_ms() - minutes_ago * 60_000
    ended_ms = None if one.ended_at_ms is None else clock.now_ms()
    return replace(one, started_at_ms=start_ms, updated_at_ms=start_ms, ended_at_ms=ended_ms)


async def sent(one: Desk, given: Alert) -> None:
    """Take in and send, without the refreshes that go on while it fires."""
    await one.take_in(given)
    running = asyncio.create_task(one.receiver.run())
    await until(lambda: _is_told(one, given), f"not told: {one.written.latest}")
    one.receiver.stop()
    await running
    one.receiver._stopping = False


async def _is_told(one: Desk, given: Alert) -> bool:
    return one.written.latest[given.id].told_revision == given.revision


async def test_it_learns_what_fires_changes_is_silenced_and_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, clock = Alertmanager(tmp_path), Leap()
    monkeypatch.setenv("SUBSCRIBER_OPS_URL", f"http://{HOST}:{server.port}/")
    server.start()
    try:
        await until(lambda: server.asked(path="status"), "it does not start")
        async with desk(WHO, clock=clock) as one:
            first = recent(alert(1, brand=HOSTILE), clock)
            await sent(one, first)
            [told] = await until(server.asked, "no alert came")
            assert told["labels"]["kind"] == "spike"
            assert told["annotations"]["severity"] == "6"
            assert "手机起火了" in told["annotations"]["description"]

            worse = replace(first, revision=1, severity=8)
            await sent(one, worse)
            [again] = await server.asked()
            assert again["fingerprint"] == told["fingerprint"]  # the same alert, not another
            assert again["annotations"]["severity"] == "8"

            silence = {
                "matchers": [{"name": "kind", "value": "spike", "isRegex": False, "isEqual": True}],
                "startsAt": told["startsAt"], "endsAt": told["endsAt"],
                "createdBy": "x", "comment": "x",
            }  # fmt: skip
            assert await server.asked("POST", "silences", json=silence)

            async def is_suppressed() -> bool:
                found = await server.asked()
                return bool(found) and found[0]["status"]["state"] == "suppressed"

            await until(is_suppressed, "it was not silenced")

            server.kill()  # it keeps no alerts: they are told again within a minute
            server.start()
            await until(lambda: server.asked(path="status"), "it does not start again")
            assert await server.asked() == []
            clock.ahead_ms = 61_000
            running = asyncio.create_task(one.receiver.run())
            [back] = await until(server.asked, "it was not told again")
            assert back["fingerprint"] == told["fingerprint"]
            assert back["endsAt"] > back["updatedAt"]
            one.receiver.stop()
            await running
            one.receiver._stopping = False

            over = recent(resolved(1, brand=HOSTILE), clock)
            await sent(one, replace(over, ended_at_ms=Clock().now_ms()))
            assert one.written.latest[over.id].outcome is Outcome.SENT

            async def is_over() -> bool:
                return bool(await server.asked() == [])

            await until(is_over, "it is not over")
    finally:
        server.kill()


async def test_an_absence_of_a_quarter_of_an_hour_is_no_end(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What it was told last holds for longer than ten minutes without us."""
    server = Alertmanager(tmp_path)
    monkeypatch.setenv("SUBSCRIBER_OPS_URL", f"http://{HOST}:{server.port}")
    server.start()
    try:
        await until(lambda: server.asked(path="status"), "it does not start")
        clock = Leap()
        clock.ahead_ms = -10 * 60_000  # told ten minutes ago, and never again
        async with desk(WHO, clock=clock) as one:
            await sent(one, recent(alert(2), clock))
        [told] = await until(server.asked, "it took ten minutes of absence for an end")
        assert told["status"]["state"] == "active"
    finally:
        server.kill()
