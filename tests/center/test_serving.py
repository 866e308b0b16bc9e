"""`leimo center` and `leimo query`: starting, refusing, asking."""

import asyncio
import json
import re
import socket
import sys
from pathlib import Path

import msgspec
import pytest
from httpx import AsyncClient
from typer.testing import CliRunner

from center.serving import CenterError, access_of, bound, now_ms
from center.store.opening import open_store
from center.store.protocol import HOUR_MS, MINUTE_MS
from kafka_io.batches import Row
from kafka_io.brokers import EmbeddedBroker
from kafka_io.child_process import ChildProcess
from kafka_io.settings import Settings
from kafka_io.topic_admin import apply_topics
from leimo.cli import app
from schemas.errors import OperatorError
from schemas.topics import ALERTS, MENTIONS, WINDOWS
from tests.center.records import START_MS, alert, mention, records, windows_of
from tests.kafka_io.broker_log import append


@pytest.mark.parametrize("host", ["0.0.0.0", "10.0.0.7", "[::]"])
def test_nobody_listens_outside_without_access(host: str) -> None:
    with pytest.raises(OperatorError, match="can be reached from outside"):
        access_of(Settings(center_address=f"{host}:9470"))
    access_of(Settings(center_address="127.0.0.1:9470"))


def test_a_port_that_is_taken_is_refused_with_the_mend() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(CenterError, match="in use; name another with --port"):
            bound(address)


@pytest.mark.embedded
async def test_a_running_center_answers_of_what_comes(
    embedded_broker: EmbeddedBroker, tmp_path: Path
) -> None:
    settings = Settings(broker=embedded_broker.address, partitions=2)
    await apply_topics(settings)
    begin_ms = (now_ms() - HOUR_MS) // MINUTE_MS * MINUTE_MS  # what is old is dropped
    posts = [mention(n, begin_ms + n) for n in range(5)]
    windows = windows_of(posts)
    fired = alert(started_at_ms=begin_ms)
    command = [sys.executable, "-m", "leimo", "center", "--broker", settings.broker, "--port", "0"]
    command += ["--store", f"sqlite:///{tmp_path}/center.db"]
    center = ChildProcess(command, tmp_path, tmp_path / "log")
    try:
        url = await _address(center)
        async with AsyncClient(base_url=url) as client:
            stream = asyncio.create_task(_heard(url))
            await append(
                settings,
                *(Row(MENTIONS.name, 0, b"xiaomi", msgspec.json.encode(one)) for one in posts),
                *(Row(WINDOWS.name, 0, one.key, msgspec.json.encode(one)) for one in windows),
                Row(ALERTS.name, 0, b"spike/xiaomi", msgspec.json.encode(fired)),
            )
            asked = f"brand=xiaomi&from={begin_ms}&to={begin_ms + MINUTE_MS}"
            async with asyncio.timeout(60):
                # Before its first window the brand is not known: no definition names it.
                while (await client.get(f"/api/mentions?{asked}")).json().get("counted") != 5:
                    await asyncio.sleep(0.05)
                assert "event: alert" in await stream
            done = {"kind": "acknowledged", "on": "alert", "subject": "a1"}
            proof = {"X-CSRF-Token": (await client.get("/api/me")).json()["csrf"]}
            answer = await client.post("/api/actions", json=done, headers=proof)
            assert answer.status_code == 201, answer.text
            page = (await client.get("/api/alerts/a1")).json()
            assert page["acknowledged_by"] == "local"
        found = await asyncio.to_thread(
            CliRunner().invoke,
            app,
            ["query", "alerts", "--url", url, "--json"],
        )
        assert [one["id"] for one in json.loads(found.output)["items"]] == ["a1"]
        await asyncio.to_thread(center.stop, 30)
        assert center.exit_code == 0
    finally:
        center.stop()


async def _address(center: ChildProcess) -> str:
    async with asyncio.timeout(60):
        while not (found := re.search(r"http://127\.0\.0\.1:\d+", said_by(center))):
            assert center.is_running, said_by(center)
            await asyncio.sleep(0.05)
    return found.group()


def said_by(center: ChildProcess) -> str:
    """Its log."""
    return center.log.read_text()


async def _heard(url: str) -> str:
    """What the stream tells until an alert."""
    text = ""
    async with (
        AsyncClient(base_url=url, timeout=60) as client,
        client.stream("GET", "/api/stream") as answer,
    ):
        async for part in answer.aiter_text():
            text += part
            if "event: alert" in text:
                break
    return text


def test_a_store_is_asked_without_a_center(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'center.db'}"
    runner = CliRunner()
    missing = runner.invoke(app, ["query", "alerts", "--store", url])
    assert missing.exit_code == 2
    assert "no such store; start `leimo center`" in missing.output
    store = open_store(url)
    posts = [mention(n, START_MS + n) for n in range(3)]
    store.apply(records(MENTIONS.name, *posts) + records(WINDOWS.name, *windows_of(posts)), {})
    store.close()
    span = ["--store", url, "--brand", "xiaomi", "--from", "2026-05-23", "--to", "2026-05-24"]
    listed = runner.invoke(app, ["query", "mentions", "手机", *span])
    assert "小米手机真好用" in listed.output
    assert "3 posts" in listed.output
    unknown = runner.invoke(app, ["query", "kpis", "--store", url, "--brand", "nope"])
    assert unknown.exit_code == 2
    assert "brand 'nope' is not known" in unknown.output
    counted = runner.invoke(app, ["query", "windows", *span, "--step", "1d", "--json"])
    assert json.loads(counted.output)["series"][0]["points"][0][1] == 3
    table = runner.invoke(app, ["query", "windows", *span, "--step", "1d", "--by", "polarity"])
    assert "neutral" in table.output
    wrong = runner.invoke(app, ["query", "windows", *span, "--tz", "Mars"])
    assert wrong.exit_code == 2
    assert "tz='Mars' is no zone" in wrong.output
