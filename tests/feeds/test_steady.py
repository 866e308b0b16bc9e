"""A feed that goes on for good: through failures of the broker, and to an end on a signal."""

import asyncio
import os
import signal

import pytest
from aiokafka.errors import KafkaTimeoutError, RequestTimedOutError

from feeds import steady
from feeds.publish import Tally
from feeds.run import Outcome
from feeds.sinks import TopicSink
from feeds.source import DuePost, FeedError
from feeds.steady import Work, run_steadily
from kafka_io.brokers import EmbeddedBroker
from kafka_io.settings import Settings
from kafka_io.topic_admin import apply_topics
from leimo.terminal import terminal
from schemas.post import Source
from schemas.topics import POSTS_RAW
from tests.kafka_io.broker_log import committed

pytestmark = pytest.mark.embedded


@pytest.fixture
async def settings(embedded_broker: EmbeddedBroker, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr(steady, "_FIRST_PAUSE_S", 0.01)
    made = Settings(broker=embedded_broker.address, partitions=2)
    await apply_topics(made)
    return made


async def run(work: Work, settings: Settings) -> Outcome:
    return await run_steadily(work, settings, Source.LEIMO, terminal(err=True), quiet=True)


async def test_a_failed_broker_is_connected_to_again(settings: Settings) -> None:
    failures = [RequestTimedOutError(), KafkaTimeoutError()]

    async def work(sink: TopicSink, tally: Tally, stop: asyncio.Event) -> None:
        await sink.send([DuePost(0.0, b"u", b"%d" % len(failures))], 1)
        await sink.flush()
        tally.posts += 1
        if failures:
            raise failures.pop()

    outcome = await run(work, settings)
    assert (outcome.exit_code, outcome.error, outcome.tally.posts) == (0, "", 3)
    records = await committed(settings, POSTS_RAW.name)
    assert sorted(record.value for some in records.values() for record in some) == [
        b"0", b"1", b"2",
    ]  # fmt: skip


async def test_what_no_new_try_mends_ends_it(settings: Settings) -> None:
    async def work(sink: TopicSink, tally: Tally, stop: asyncio.Event) -> None:
        raise FeedError("nothing to read")

    outcome = await run(work, settings)
    assert (outcome.exit_code, outcome.error) == (1, "nothing to read")


async def test_a_broker_that_was_never_there_is_an_error(client_leaks: None) -> None:
    with EmbeddedBroker.start() as gone:
        pass

    async def work(sink: TopicSink, tally: Tally, stop: asyncio.Event) -> None:
        raise AssertionError("it has no sink")

    outcome = await run(work, Settings(broker=gone.address))
    assert outcome.exit_code == 1
    assert gone.address in outcome.error


async def test_a_signal_while_it_waits_for_the_broker_ends_it(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steady, "_FIRST_PAUSE_S", 60.0)

    async def work(sink: TopicSink, tally: Tally, stop: asyncio.Event) -> None:
        asyncio.get_running_loop().call_later(0.05, os.kill, os.getpid(), signal.SIGTERM)
        raise RequestTimedOutError

    async with asyncio.timeout(30):
        outcome = await run(work, settings)
    assert outcome.exit_code == 128 + signal.SIGTERM


async def test_a_mistake_of_our_own_is_loud(settings: Settings) -> None:
    async def work(sink: TopicSink, tally: Tally, stop: asyncio.Event) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await run(work, settings)
