"""The view follows real topics on real brokers."""

import asyncio
import io
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import orjson
import pytest
from aiokafka import AIOKafkaProducer
from rich.console import Console

from kafka_io.brokers import Broker, EmbeddedBroker
from kafka_io.settings import Settings
from kafka_io.topic_admin import apply_topics
from leimo.watch.session import run_json, run_once, run_watch
from schemas.catalogue import Brand, definition_key
from schemas.errors import OperatorError
from schemas.rules import SpikeRule
from schemas.topics import ALERTS, CATALOGUE, MENTIONS, POSTS_RAW, WINDOWS
from tests.views.records import MINUTE_MS, NOON_MS, alert, mention, tick, window
from views.stream import Stream, open_stream
from views.view import View

TIMEOUT_S = 60.0
encode = msgspec.json.encode


@asynccontextmanager
async def topics_on(broker: Broker) -> AsyncIterator[AIOKafkaProducer]:
    """Topics of two partitions, and a producer for them."""
    await apply_topics(Settings.load(broker=broker.address, partitions=2))
    producer = AIOKafkaProducer(bootstrap_servers=broker.address)
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


async def write_board(producer: AIOKafkaProducer) -> None:
    """Two windows of 小米, a mention, an alert, names and a tick; and what nobody can read."""
    brand = Brand(id="xiaomi", name="小米")
    rule = SpikeRule(id="spike")
    for definition in (brand, rule):
        key = definition_key(definition)
        await producer.send_and_wait(CATALOGUE.name, encode(definition), key=key)
    for revision, posts in ((0, 5), (1, 7)):
        record = window("xiaomi", 0, posts, revision=revision)
        await producer.send_and_wait(WINDOWS.name, encode(record), key=record.key)
    await producer.send_and_wait(WINDOWS.name, None, key=b"gone|0|60000")
    await producer.send_and_wait(ALERTS.name, b"{not json", key=b"broken")
    await producer.send_and_wait(ALERTS.name, encode(alert()), key=b"spike|xiaomi")
    await producer.send_and_wait(POSTS_RAW.name, b"{}", partition=0)
    await write_mention(producer, 1)


async def write_mention(producer: AIOKafkaProducer, offset: int) -> None:
    record = mention("xiaomi", offset, after_ms=MINUTE_MS + 1000)
    await producer.send_and_wait(MENTIONS.name, encode(record), key=b"xiaomi")
    await producer.send_and_wait(MENTIONS.name, encode(tick(MINUTE_MS + 2000)), partition=0)


async def seen(stream: Stream, condition: Callable[[View], bool]) -> View:
    """The first view for which `condition` holds."""
    deadline = time.monotonic() + TIMEOUT_S
    while not condition(view := stream.board.view()):
        assert time.monotonic() < deadline, view
        await asyncio.sleep(0.02)
    return view


def problems(stream: Stream) -> Sequence[str]:
    return stream.status(stream.board.view()).problems


def minute_posts(view: View) -> tuple[int | None, ...]:
    return view.brands[0].trend[-2:] if view.brands else ()


async def test_it_shows_what_stands_in_the_topics_and_what_comes(broker: Broker) -> None:
    async with topics_on(broker) as producer:
        await write_board(producer)
        async with open_stream(Settings(broker=broker.address), {}) as stream:
            view = await seen(
                stream,
                lambda view: (
                    minute_posts(view) == (7, 1)
                    and len(view.alerts) == 1
                    and view.brands[0].name == "小米"
                ),
            )
            assert view.brands[0].severity == 5
            await write_mention(producer, 2)
            await seen(stream, lambda view: minute_posts(view) == (7, 2))
            problems = stream.status(stream.board.view()).problems
            assert any("1 record could not be read" in problem for problem in problems)


@pytest.mark.kafka
async def test_uncommitted_windows_are_not_shown(kafka_broker: Broker) -> None:
    async with topics_on(kafka_broker) as producer:
        writer = AIOKafkaProducer(
            bootstrap_servers=kafka_broker.address, transactional_id="watch-test"
        )
        await writer.start()
        try:
            await writer.begin_transaction()
            record = window("xiaomi", 0, 99)
            await writer.send_and_wait(WINDOWS.name, encode(record), key=record.key)
            async with open_stream(Settings(broker=kafka_broker.address), {}) as stream:
                await write_mention(producer, 1)
                view = await seen(stream, lambda view: view.brands_total == 1)
                assert minute_posts(view) == (None, 1)
                await writer.commit_transaction()
                await seen(stream, lambda view: minute_posts(view) == (99, 1))
        finally:
            await writer.stop()


@pytest.mark.embedded
async def test_the_rate_of_the_feed_is_that_of_the_raw_topic(
    embedded_broker: EmbeddedBroker,
) -> None:
    async with (
        topics_on(embedded_broker) as producer,
        open_stream(Settings(broker=embedded_broker.address), {}) as stream,
    ):
        deadline = time.monotonic() + TIMEOUT_S
        while (stream.status(stream.board.view()).feed_per_s or 0) < 5:
            assert time.monotonic() < deadline
            await producer.send_and_wait(POSTS_RAW.name, b"{}", partition=0)
            await asyncio.sleep(0.01)


@pytest.mark.kafka
async def test_a_broker_that_goes_away_is_named_and_may_come_back(kafka_broker: Any) -> None:
    async with (
        topics_on(kafka_broker) as producer,
        open_stream(Settings(broker=kafka_broker.address), {}) as stream,
    ):
        kafka_broker.pause()
        try:
            deadline = time.monotonic() + TIMEOUT_S
            while not any("has not answered" in problem for problem in problems(stream)):
                assert time.monotonic() < deadline
                await asyncio.sleep(0.05)
        finally:
            kafka_broker.resume()  # clients wait for it when they stop
        await write_mention(producer, 1)
        await seen(stream, lambda view: view.brands_total == 1)


@pytest.mark.embedded
async def test_missing_topics_name_the_address_and_the_command(
    embedded_broker: EmbeddedBroker,
) -> None:
    with pytest.raises(OperatorError) as caught:
        async with open_stream(Settings(broker=embedded_broker.address), {}):
            pass
    assert embedded_broker.address in str(caught.value)
    assert "windows" in str(caught.value)
    assert "`leimo topics apply`" in str(caught.value)


async def test_a_broker_out_of_reach_is_named() -> None:
    with pytest.raises(OperatorError, match=r"no Kafka broker answers at 127\.0\.0\.1:1\b"):
        async with open_stream(Settings(broker="127.0.0.1:1"), {}):
            pass


@pytest.mark.embedded
async def test_one_screen_as_text_and_as_a_picture(embedded_broker: EmbeddedBroker) -> None:
    file = io.StringIO()
    async with topics_on(embedded_broker) as producer:
        await write_board(producer)
        picture = await run_once(
            Settings(broker=embedded_broker.address),
            console=Console(file=file, width=80, height=24),
            names={},
        )
    assert "小米: 412 posts, 38 expected." in file.getvalue()
    assert picture.startswith("<svg ")


@pytest.mark.embedded
async def test_json_once_is_one_object(
    embedded_broker: EmbeddedBroker, capsys: pytest.CaptureFixture[str]
) -> None:
    async with topics_on(embedded_broker) as producer:
        await write_board(producer)
        await run_json(
            Settings(broker=embedded_broker.address), stop=asyncio.Event(), names={}, once=True
        )
    (line,) = capsys.readouterr().out.splitlines()
    assert orjson.loads(line)["brands"][0]["posts_per_minute"][-2:] == [7, 1]


@pytest.mark.embedded
async def test_elsewhere_than_on_a_terminal_it_prints_lines_until_told_to_stop(
    embedded_broker: EmbeddedBroker,
) -> None:
    file, stop = io.StringIO(), asyncio.Event()
    async with topics_on(embedded_broker) as producer:
        await write_board(producer)
        watching = asyncio.create_task(
            run_watch(
                Settings(broker=embedded_broker.address),
                console=Console(file=file),
                stop=stop,
                names={"xiaomi": "小米"},
            )
        )
        while "\n" not in file.getvalue() and not watching.done():
            await asyncio.sleep(0.02)
        stop.set()
        await asyncio.wait_for(watching, TIMEOUT_S)
    summary, told = file.getvalue().splitlines()
    assert "小米 8 (" in summary
    assert told.startswith("ALERT severity 5 since")


def test_event_time_of_these_records_is_in_the_past() -> None:
    assert time.time() * 1000 > NOON_MS
