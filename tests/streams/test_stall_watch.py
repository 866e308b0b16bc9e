"""The watchdog sees real brokers, and ends real workers."""

import asyncio

import pytest
from aiokafka import AIOKafkaConsumer

from kafka_io.batches import Row
from kafka_io.brokers import EmbeddedBroker
from kafka_io.settings import Settings
from schemas.topics import MENTIONS, POSTS_RAW
from streams.stall_watch import look, unowned_partitions
from streams.watchdog import Watchdog
from tests.conftest import create_topics
from tests.kafka_io import words
from tests.streams.counting_worker import HANG
from tests.streams.owner import ASSIGNED, MENTION, RAW, feed, owning


async def test_it_sees_how_far_behind_a_worker_is(settings: Settings) -> None:
    await feed(settings, 5)
    async with owning(settings) as owner:
        before = await look(settings, owner.ownership)
        await owner.ownership.take_over(ASSIGNED)
        await owner.read(RAW, range(2))

        after = await look(settings, owner.ownership)

        assert before is not None
        assert after is not None
        assert (before.is_open, before.positions) == (False, {})
        assert after.steps > before.steps
        assert after.is_open
        assert (after.positions, after.ends) == ({RAW: 2, MENTION: 0}, {RAW: 5, MENTION: 5})
        watchdog = Watchdog(stall_s=60)
        assert watchdog.judge(after, 0) is None
        assert watchdog.judge(after, 60) is not None


async def test_a_broker_that_is_away_is_not_the_workers_fault(
    embedded_broker: EmbeddedBroker,
) -> None:
    await create_topics(embedded_broker)
    settings = words.settings(embedded_broker.address, "away")
    async with owning(settings) as owner:
        embedded_broker.kill()

        assert await look(settings, owner.ownership) is None


async def test_a_worker_that_hangs_ends_itself_and_says_where(kafka_topics: str) -> None:
    async with words.feeding(kafka_topics) as sender:
        with words.worker(kafka_topics, "hangs", LEIMO_STALL_S="6") as worker:
            await sender.send([Row(POSTS_RAW.name, 0, b"k", HANG)])
            await sender.flush()
            _, output = await asyncio.to_thread(worker.communicate, timeout=60)

    assert worker.returncode not in {0, None}
    assert b"in step" in output, output.decode()


@pytest.mark.kafka
async def test_partitions_that_nobody_has_are_found(kafka_settings: Settings) -> None:
    settings = kafka_settings
    members = [
        AIOKafkaConsumer(
            MENTIONS.name, bootstrap_servers=settings.broker, group_id=settings.group,
            enable_auto_commit=False, metadata_max_age_ms=1000,
        )
        for _ in range(2)
    ]  # fmt: skip
    for member in members:
        await member.start()
    async with asyncio.timeout(60):
        while not (unowned := await unowned_partitions(settings)):
            await asyncio.sleep(0.05)
    for member in members:
        await member.stop()

    assert unowned == {(POSTS_RAW.name, partition) for partition in range(settings.partitions)}
