"""docs/topics.md says what is so: its examples run, its tables are whole."""

import ast
import asyncio
import inspect
import re
from typing import Any

import msgspec
import pytest

from agents.measure import cloud_event_headers
from kafka_io.batches import Row
from kafka_io.brokers import EmbeddedBroker
from kafka_io.settings import Settings
from kafka_io.topic_admin import apply_topics
from schemas.alert import Alert, AlertState
from schemas.dead_letter import DropReason
from schemas.json_schemas import TOPICS_PAGE
from schemas.post import Source
from schemas.topics import POSTS_RAW, TOPICS, WINDOWS
from schemas.window import Window
from sources.parsing import parse
from tests.kafka_io.broker_log import append, committed

PAGE = TOPICS_PAGE.read_text(encoding="utf-8")
WRITER, READER = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)

ZERO: dict[str, Any] = dict.fromkeys(set(Window.__struct_fields__) - {"intents"}, 0)


@pytest.fixture
async def settings(embedded_broker: EmbeddedBroker) -> Settings:
    settings = Settings(broker=embedded_broker.address, partitions=4, metrics_address="")
    await apply_topics(settings)
    return settings


def example(text: str, settings: Settings) -> Any:
    """The example as it stands, with the address of the test's broker, ready to run."""
    assert text.count('"127.0.0.1:9092"') == 1
    address = text.replace('"127.0.0.1:9092"', repr(settings.broker))
    return compile(address, "docs/topics.md", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


@pytest.mark.embedded
async def test_the_example_of_a_writer_writes_a_post(settings: Settings) -> None:
    run = example(WRITER, settings)
    await asyncio.to_thread(exec, run, {"__name__": "example"})

    [record] = [
        record
        for records in (await committed(settings, POSTS_RAW.name)).values()
        for record in records
    ]
    source = dict(record.headers)["source"].decode()
    post = parse(source, record.value, record.timestamp)
    assert (post.source, post.id, post.author.id) == (Source.LEIMO, "1", record.key.decode())
    assert post.text == "小米手机真好用"


@pytest.mark.embedded
async def test_the_example_of_a_reader_keeps_the_highest_revision(settings: Settings) -> None:
    windows = [
        Window(**{**ZERO, "brand": brand, "revision": revision, "posts": posts})
        for brand, revision, posts in (("a", 0, 1), ("a", 2, 3), ("b", 0, 4), ("a", 1, 2))
    ]
    await append(
        settings,
        *(Row(WINDOWS.name, 0, window.key, msgspec.json.encode(window)) for window in windows),
    )
    imports = "import orjson\nfrom aiokafka import AIOKafkaConsumer\n"
    seen: dict[str, Any] = {}

    code = eval(example(imports + READER, settings), seen)
    assert inspect.iscoroutine(code)
    task = asyncio.create_task(code)
    try:
        async with asyncio.timeout(20):
            while seen.get("record") is None or seen["record"].offset < len(windows) - 1:
                await asyncio.sleep(0.01)
            await asyncio.sleep(0)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    found = {key: window["posts"] for key, window in seen["windows"].items()}
    assert found == {b"a|0|0": 3, b"b|0|0": 4}


def test_every_topic_and_every_reason_is_there() -> None:
    assert re.findall(r"^\| `([a-z_.-]+)` \|", PAGE, re.MULTILINE) == [
        *TOPICS,
        *("source", "received_at"),
        *(reason for reason in DropReason if reason is not DropReason.NO_POST),
    ]


def test_the_header_source_has_the_documented_values() -> None:
    row = re.search(r"^\| `source` \| (.*?) \|", PAGE, re.MULTILINE)

    assert row
    assert set(re.findall(r"`(\w+)`", row[1])) == set(Source)


def test_the_headers_of_alerts_are_named() -> None:
    alert = Alert(
        id="a", fingerprint="f", rule="r", kind="spike", brand="b", state=AlertState.FIRING,
        severity=1, started_at_ms=1, updated_at_ms=1, seen=1, expected=1, reason="",
    )  # fmt: skip
    sent = {name for name, _ in cloud_event_headers(alert)}

    assert set(re.findall(r"`(ce_\w+)`", PAGE)) == sent


def test_the_partitions_are_those_of_the_topics() -> None:
    [sentence] = re.findall(r"^(`posts\.raw`, .*?)have `LEIMO_PARTITIONS`", PAGE, re.MULTILINE)

    assert re.findall(r"`([^`]+)`", sentence) == [
        name for name, topic in TOPICS.items() if topic.scales
    ]
    assert f"partitions ({Settings.model_fields['partitions'].default})" in PAGE
