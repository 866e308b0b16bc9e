"""The process of a feed is killed, and so is its broker: what the source sent is all there."""

import asyncio
import os
import random
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

import pytest
from aiokafka.errors import KafkaConnectionError

from feeds.live.jetstream.feed import Jetstream
from kafka_io.batches import BatchSender, Row
from kafka_io.brokers import ApacheKafka
from kafka_io.settings import Settings
from kafka_io.topic_admin import apply_topics
from schemas.feed import FeedState
from schemas.topics import POSTS_RAW
from tests.feeds.live.jetstream_server import JetstreamServer
from tests.feeds.live.running import gaps, position, raw_values, running, until
from tests.feeds.live.test_jetstream import keys, numbers


@asynccontextmanager
async def process(*arguments: str) -> AsyncIterator[Process]:
    """`leimo feed jetstream` in a process of its own; killed where the body leaves it running."""
    started = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "leimo", "feed", "jetstream", "--quiet", *arguments,
        stdin=DEVNULL, stdout=DEVNULL, stderr=PIPE, env={**os.environ, "LEIMO_PARTITIONS": "2"},
    )  # fmt: skip
    try:
        yield started
    finally:
        if started.returncode is None:
            started.kill()
        await started.communicate()


@pytest.mark.embedded
@pytest.mark.slow
async def test_ten_kills_lose_nothing(settings: Settings) -> None:
    chance = random.Random(5)
    posts = 0
    async with JetstreamServer().serving() as server:
        at = ("--endpoint", server.url, "--broker", settings.broker)
        async with process(*at) as first:  # the first position of all: what was before is not asked
            await until(lambda: server.connections == 1)
            await server.add_posts(0, 10)
            posts = 10
            while not (await position(settings)).event_time_ms:
                await asyncio.sleep(0.02)
            first.kill()
        for _ in range(10):
            async with process(*at) as feed:
                enough = server.sent + chance.randrange(50, 4_000)
                connections = server.connections
                await until(lambda before=connections: server.connections > before)  # type: ignore[misc]
                while server.sent < enough:
                    await server.add_posts(posts, 50)
                    posts += 50
                    await asyncio.sleep(0)
                feed.kill()
        async with process(*at, "--metrics", "127.0.0.1:0") as feed:
            await server.add_posts(posts, 1)
            posts += 1
            while (await position(settings, "jetstream")).event_time_ms < newest_ms(server):
                await asyncio.sleep(0.02)
            feed.send_signal(signal.SIGTERM)
            _, log = await feed.communicate()
    assert feed.returncode == 128 + signal.SIGTERM
    assert b"Traceback" not in log, log.decode()
    assert numbers(await raw_values(settings)).keys() == keys(0, posts)
    assert (await position(settings, "jetstream")).state is FeedState.STOPPED
    assert await gaps(settings) == []


def newest_ms(server: JetstreamServer) -> int:
    return server.archive[-1].time_us // 1_000


@pytest.mark.kafka
@pytest.mark.slow
async def test_a_broker_that_is_killed_loses_nothing(kafka_broker: ApacheKafka) -> None:
    """Its client tries until it is back; the source is slowed down meanwhile."""
    settings = Settings(broker=kafka_broker.address, partitions=2, metrics_address="")
    await apply_topics(settings)
    async with (
        JetstreamServer().serving() as server,
        running(Jetstream([server.url]), settings) as feed,
    ):
        await until(lambda: feed.run.is_live)
        await server.add_posts(0, 500)
        await until(lambda: feed.run.tally.posts > 0)
        await asyncio.to_thread(kafka_broker.kill)
        await server.add_posts(500, 500)
        await kafka_broker.restart()
        await server.add_posts(1_000, 10)
        while (await position(settings)).event_time_ms < newest_ms(server):
            await asyncio.sleep(0.02)
    assert numbers(await raw_values(settings)).keys() == keys(0, 1_010)
    assert await gaps(settings) == []


@pytest.mark.embedded
async def test_posts_that_the_broker_did_not_take_are_asked_for_again(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The position is that of posts that it took, whatever was read since."""
    send, flush = BatchSender.send, BatchSender.flush
    lost: list[Row] = []
    is_broken = False

    async def send_or_lose(self: BatchSender, rows: Iterable[Row]) -> None:
        given = list(rows)
        if is_broken:
            lost.extend(row for row in given if row.topic == POSTS_RAW.name)
            given = [row for row in given if row.topic != POSTS_RAW.name]
        await send(self, given)

    async def flush_or_fail(self: BatchSender) -> None:
        nonlocal is_broken
        if is_broken and lost:
            is_broken = False
            raise KafkaConnectionError("gone")
        await flush(self)

    monkeypatch.setattr(BatchSender, "send", send_or_lose)
    monkeypatch.setattr(BatchSender, "flush", flush_or_fail)
    async with (
        JetstreamServer().serving() as server,
        running(Jetstream([server.url]), settings) as feed,
    ):
        await until(lambda: feed.run.is_live)
        posts = 0
        for _ in range(2):
            await server.add_posts(posts, 10)
            while (await position(settings)).event_time_ms < newest_ms(server):
                await asyncio.sleep(0.02)
            is_broken = True
            lost.clear()
            await server.add_posts(posts + 10, 10)
            while is_broken:
                await asyncio.sleep(0.01)
            posts += 20
        await server.add_posts(posts, 1)
        while (await position(settings)).event_time_ms < newest_ms(server):
            await asyncio.sleep(0.02)
    assert len(server.asked) == 3
    assert numbers(await raw_values(settings)).keys() == keys(0, posts + 1)
    assert await gaps(settings) == []
