"""What is done in a browser stands on the real topics, and comes back from there."""

import asyncio
import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest
from aiokafka import AIOKafkaProducer
from playwright.sync_api import Browser, expect

from catalogue.topic import held_definitions, publish
from kafka_io.brokers import Broker, free_port
from kafka_io.reading import PartitionReader
from kafka_io.settings import Settings
from kafka_io.topic_admin import apply_topics
from schemas.action import Action, ActionKind
from schemas.alert import Alert, AlertState
from schemas.catalogue import Brand, Catalogue
from schemas.rules import SpikeRule
from schemas.topics import ACTIONS, ALERTS
from tests.center.pages.conftest import Visitor

T = TypeVar("T")
ROOT = Path(__file__).resolve().parents[3]
STARTED_MS = time.time_ns() // 1_000_000 - 300_000
ALERT = Alert(
    id="a1", fingerprint="spike/xiaomi", rule="spike", kind="spike", brand="xiaomi",
    state=AlertState.FIRING, severity=7, started_at_ms=STARTED_MS, updated_at_ms=STARTED_MS,
    seen=120, expected=10, reason="小米: 120 posts in 15 min, 10 expected", incident="a1",
)  # fmt: skip


CATALOGUE = Catalogue(brands=(Brand(id="xiaomi", name="小米"),), rules=(SpikeRule(id="spike"),))


async def _prepare(settings: Settings) -> None:
    await apply_topics(settings)
    await publish(settings, CATALOGUE)
    producer = AIOKafkaProducer(bootstrap_servers=settings.broker)
    await producer.start()
    try:
        await producer.send_and_wait(ALERTS.name, msgspec.json.encode(ALERT), key=b"spike/xiaomi")
    finally:
        await producer.stop()


async def _actions(settings: Settings) -> list[Action]:
    async with PartitionReader(settings) as reader:
        bounds = await reader.bounds([(ACTIONS.name, 0)])
        return [
            msgspec.json.decode(record.value, type=Action)
            async for _, records in reader.read(bounds)
            for record in records
        ]


async def _silences(settings: Settings) -> list[Any]:
    return [one for key, one in (await held_definitions(settings)).items() if "silence" in str(key)]


def apart(work: Coroutine[Any, Any, T]) -> T:
    """Run in a thread of its own: the browser's loop runs in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


@contextlib.contextmanager
def a_center(settings: Settings, folder: Path) -> Iterator[str]:
    """`leimo center` as a process of its own."""
    port = free_port()
    command = [sys.executable, "-m", "leimo", "center", "--port", str(port)]
    command += ["--broker", settings.broker, "--store", f"sqlite:///{folder / 'center.db'}"]
    environment = {name: value for name, value in os.environ.items() if name[:6] != "LEIMO_"}
    environment["PYTHONPATH"] = str(ROOT)
    with subprocess.Popen(command, cwd=folder, env=environment) as process:
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(20)


@pytest.mark.kafka
def test_acknowledged_and_silenced_in_the_browser_stand_on_the_topics(
    kafka_broker: Broker, browser: Browser, tmp_path: Path
) -> None:
    settings = Settings(broker=kafka_broker.address)
    apart(_prepare(settings))
    context = browser.new_context()
    with a_center(settings, tmp_path) as url, contextlib.closing(context):
        visitor = Visitor(context, url)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with contextlib.suppress(Exception):
                visitor.goes("/alerts/a1")
                visitor.page.get_by_role("button", name="Acknowledge").wait_for(timeout=3000)
                break
        visitor.page.get_by_role("button", name="Acknowledge").click()
        expect(visitor.page.locator("#sub")).to_contain_text("local is on it")
        visitor.page.get_by_role("button", name="Silence").click()
        visitor.page.fill("dialog input[name=reason]", "launch")
        visitor.page.click("dialog button.first")
        expect(visitor.page.locator(".doing", has_text="silenced it")).to_be_visible()
        visitor.goes("/feeds")
        expect(visitor.page.get_by_text("launch")).to_be_visible()

    actions = apart(_actions(settings))
    assert {action.kind for action in actions} >= {ActionKind.ACKNOWLEDGED, ActionKind.SILENCED}
    assert all((action.who, action.via) == ("local", "center") for action in actions)
    assert apart(_silences(settings))
