"""A record that ends worker after worker is put aside, and its partition goes on."""

import asyncio
from collections import Counter

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.structs import OffsetAndMetadata

from kafka_io.batches import Row
from kafka_io.dead_letters import read_dead_letter
from kafka_io.reading import PartitionReader
from kafka_io.settings import Settings
from schemas.dead_letter import DeadLetter
from schemas.topics import POSTS_DEAD, POSTS_RAW
from streams.attempts import ALONE, BEGAN
from tests.kafka_io import words
from tests.streams.counting_worker import HANG, POISON

STALL_S = "6"


async def dead_letters(settings: Settings) -> list[DeadLetter]:
    async with PartitionReader(settings) as reader:
        bounds = await reader.bounds([(POSTS_DEAD.name, 0)])
        return [
            read_dead_letter(record)
            async for _, records in reader.read(bounds)
            for record in records
        ]


async def fed(broker: str, value: bytes) -> Counter[bytes]:
    """Words in all partitions, and the value in the middle of those of the first one."""
    truth: Counter[bytes] = Counter()
    async with words.feeding(broker) as sender:
        await words.feed(sender, truth, 40, seed=1)
        await sender.send([Row(POSTS_RAW.name, 0, b"k", value)])
        await sender.flush()
        await words.feed(sender, truth, 40, seed=2)
    return truth


async def deaths_until_done(broker: str, group: str, truth: Counter[bytes]) -> int:
    """Start worker after worker until one has counted everything."""
    settings = words.settings(broker, group)
    for deaths in range(6):
        with words.worker(broker, group, LEIMO_STALL_S=STALL_S) as worker:
            done = asyncio.create_task(words.settled(settings, truth, deadline_s=60))
            ended = asyncio.create_task(asyncio.to_thread(worker.wait, 90))
            await asyncio.wait({done, ended}, return_when=asyncio.FIRST_COMPLETED)
            if done.done():
                await done
                worker.terminate()
                await ended
                return deaths
            done.cancel()
            await asyncio.gather(done, return_exceptions=True)
            assert ended.result() not in {0, None}
    raise AssertionError("six workers ended")


async def test_a_record_that_stands_at_the_start_ends_three_workers(kafka_topics: str) -> None:
    """One shows that it is there, one which record it is, and one that it was no accident."""
    truth = await fed(kafka_topics, HANG)

    assert await deaths_until_done(kafka_topics, "hangs-twice", truth) == 3

    [letter] = await dead_letters(words.settings(kafka_topics, "hangs-twice"))
    assert (letter.reason, letter.value) == ("too_slow", HANG)
    assert (letter.topic, letter.partition, letter.offset) == (POSTS_RAW.name, 0, 10)


async def test_a_record_that_comes_after_progress_ends_four(kafka_topics: str) -> None:
    """The first one had committed what was before, and so had left no note."""
    settings = words.settings(kafka_topics, "hangs-later")
    truth: Counter[bytes] = Counter()
    async with words.feeding(kafka_topics) as sender:
        with words.worker(kafka_topics, settings.group, LEIMO_STALL_S=STALL_S) as worker:
            await words.feed(sender, truth, 40, seed=1)
            await words.settled(settings, truth)
            await sender.send([Row(POSTS_RAW.name, 0, b"k", HANG)])
            await sender.flush()
            await asyncio.to_thread(worker.wait, 60)
        await words.feed(sender, truth, 40, seed=2)

    assert await deaths_until_done(kafka_topics, settings.group, truth) == 3

    assert [letter.offset for letter in await dead_letters(settings)] == [10]


@pytest.mark.parametrize("note", [BEGAN, ALONE])
async def test_an_ordinary_record_at_which_a_worker_was_killed_is_counted(
    kafka_topics: str, note: str
) -> None:
    """Nothing was wrong with it: somebody pulled the plug."""
    settings = words.settings(kafka_topics, f"killed-{note}")
    truth: Counter[bytes] = Counter()
    async with words.feeding(kafka_topics) as sender:
        await words.feed(sender, truth, 40, seed=1)
    source = TopicPartition(POSTS_RAW.name, 0)
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka_topics, group_id=settings.group)
    consumer.assign([source])
    await consumer.start()
    await consumer.commit({source: OffsetAndMetadata(0, note)})
    await consumer.stop()

    with words.worker(kafka_topics, settings.group):
        await words.settled(settings, truth)

    assert await dead_letters(settings) == []


async def test_a_fault_of_our_own_stops_every_worker(kafka_topics: str) -> None:
    """It would come again with other records: nobody must be told that they were at fault."""
    await fed(kafka_topics, POISON)
    for _ in range(5):
        with words.worker(kafka_topics, "own-fault") as worker:
            _, output = await asyncio.to_thread(worker.communicate, timeout=60)
        assert worker.returncode == 70
        assert b"a bug of our own" in output
    assert await dead_letters(words.settings(kafka_topics, "own-fault")) == []
