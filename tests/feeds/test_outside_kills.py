"""Feeds that others drive, killed again and again on a real Kafka: nothing accepted is lost."""

import asyncio
import json
import signal
import subprocess
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from random import Random

import aiohttp
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from feeds.columns import columns_of
from feeds.follow.forms import PostsOf
from feeds.from_topic import FromTopic
from feeds.publish import Tally
from feeds.sinks import Connection
from feeds.source import FeedError
from kafka_io.brokers import ApacheKafka, free_port
from kafka_io.settings import Settings
from kafka_io.topic_admin import apply_topics
from schemas.post import Source
from schemas.topics import POSTS_RAW
from tests.kafka_io.broker_log import committed
from tests.leimo.started import started

pytestmark = pytest.mark.kafka
KILLS = 3
PARTITIONS = 4


def post(number: int) -> bytes:
    fields = {
        "id": number, "text": "小米手机" * (number % 20), "created_at": "2026-05-25T14:23:28Z",
        "author": {"id": f"u{number % 50}"},
    }  # fmt: skip
    return json.dumps(fields, ensure_ascii=False).encode()


async def settings_for(broker: ApacheKafka) -> Settings:
    settings = Settings(broker=broker.address, partitions=PARTITIONS)
    await apply_topics(settings)
    return settings


async def counts(settings: Settings) -> Counter[int]:
    """How often each id stands in `posts.raw`."""
    records = await committed(settings, POSTS_RAW.name)
    return Counter(json.loads(record.value)["id"] for some in records.values() for record in some)


@contextmanager
def killed_at_the_end(*arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    with started(*arguments) as process:
        yield process
        process.kill()
        process.communicate()


async def test_what_push_has_answered_is_kept_through_kills(kafka_broker: ApacheKafka) -> None:
    settings = await settings_for(kafka_broker)
    port, draw = free_port(), Random(4)
    url = f"http://127.0.0.1:{port}/posts"
    accepted: set[int] = set()
    number = 0
    for _ in range(KILLS):
        with killed_at_the_end(
            "feed", "push", "--broker", settings.broker, "--listen", f"127.0.0.1:{port}"
        ):
            until = len(accepted) + draw.randrange(500, 3_000)
            async with aiohttp.ClientSession() as session:

                async def send(batch: range) -> None:
                    while not accepted.issuperset(batch):
                        try:
                            async with session.post(
                                url,
                                data=b"\n".join(map(post, batch)),
                                headers={"Content-Type": "application/x-ndjson"},
                            ) as answer:
                                if answer.status == 200:
                                    assert (await answer.json())["accepted"] == len(batch)
                                    accepted.update(batch)
                        except aiohttp.ClientConnectionError:
                            await asyncio.sleep(0.02)

                sending: set[asyncio.Task[None]] = set()
                async with asyncio.timeout(60):
                    while len(accepted) < until:
                        while len(sending) < 8:
                            sending.add(asyncio.create_task(send(range(number, number + 50))))
                            number += 50
                        _, sending = await asyncio.wait(
                            sending, return_when=asyncio.FIRST_COMPLETED
                        )
                for task in sending:  # the server is killed while these are under way
                    task.cancel()
    found = await counts(settings)
    assert accepted <= found.keys()
    assert max(found.values()) == 1


async def test_a_followed_file_arrives_whole_through_kills(
    kafka_broker: ApacheKafka, tmp_path: Path
) -> None:
    settings = await settings_for(kafka_broker)
    draw, number = Random(5), 0
    file = tmp_path / "posts.ndjson"
    command = (
        *("feed", "follow", str(file), "--source", "leimo", "--broker", settings.broker),
        "--quiet",
    )
    file.touch()
    for _ in range(KILLS):
        with killed_at_the_end(*command):
            goal = sum((await counts(settings)).values()) + draw.randrange(1_000, 5_000)
            async with asyncio.timeout(60):
                while sum((await counts(settings)).values()) < goal:
                    number = append(file, number, 500)
                    if draw.random() < 0.2:
                        file.rename(tmp_path / f"posts.ndjson.{number}")
                        file.touch()
            append_half(file, number)
        number = finish_half(file, number)
    with started(*command, "--once") as last:
        _, error = last.communicate(timeout=60)
    assert last.returncode == 0, error.decode()
    found = await counts(settings)
    assert found.keys() == set(range(number))
    # A second of reading at most is repeated by each kill.
    assert sum(found.values()) - number < KILLS * 20_000


def append(file: Path, number: int, count: int) -> int:
    with file.open("ab") as more:
        more.write(b"".join(post(each) + b"\n" for each in range(number, number + count)))
    return number + count


def append_half(file: Path, number: int) -> None:
    with file.open("ab") as more:
        more.write(post(number)[:20])


def finish_half(file: Path, number: int) -> int:
    with file.open("ab") as more:
        more.write(post(number)[20:] + b"\n")
    return number + 1


async def test_follow_ends_in_an_orderly_way_and_goes_on_without_a_repeat(
    kafka_broker: ApacheKafka, tmp_path: Path
) -> None:
    settings = await settings_for(kafka_broker)
    file = tmp_path / "posts"
    append(file, 0, 2_000)
    command = (
        *("feed", "follow", str(tmp_path), "--source", "leimo", "--broker", settings.broker),
        "--quiet",
    )
    with started(*command) as process:
        async with asyncio.timeout(60):
            while not await counts(settings):
                await asyncio.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        _, error = process.communicate(timeout=30)
    assert (process.returncode, error) == (128 + signal.SIGTERM, b"")
    append(file, 2_000, 1_000)
    with started(*command, "--once", "--json") as process:
        out, error = process.communicate(timeout=60)
    assert process.returncode == 0, error.decode()
    assert json.loads(out)["posts"] == 1_000
    assert await counts(settings) == Counter(range(3_000))


@asynccontextmanager
async def topic_of_somebody(settings: Settings, posts: range) -> AsyncIterator[str]:
    name = "forum"
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.broker)
    await admin.start()
    await admin.create_topics([NewTopic(name, 3, 1)])
    await admin.close()
    producer = AIOKafkaProducer(bootstrap_servers=settings.broker)
    await producer.start()
    for number in posts:
        fields = json.loads(post(number))
        value = {
            "uid": fields["author"]["id"], "body": {"zh": fields["text"]}, "pid": number,
            "at": "2026-05-25 22:23:28",
        }  # fmt: skip
        await producer.send(name, json.dumps(value).encode(), key=b"%d" % number)
    await producer.stop()
    yield name


MAP = "id=pid,text=body.zh,created_at=at,author_id=uid"


async def test_a_topic_of_somebody_is_forwarded_and_resumed_exactly(
    kafka_broker: ApacheKafka,
) -> None:
    settings = await settings_for(kafka_broker)
    async with topic_of_somebody(settings, range(2_000)) as name:
        group = "leimo-feed-forum-test"
        posts_of = PostsOf(Source.LEIMO, columns_of(MAP))
        for goal in (300, 900, 2_000):  # orderly ends: no repeat
            reader = FromTopic(settings, name, group, posts_of, from_end=False, most_records=200)
            tally, stop = Tally(), asyncio.Event()
            async with Connection(settings, Source.LEIMO) as sink, asyncio.timeout(60):
                running = asyncio.create_task(reader.run(sink, tally, stop))
                while sum((await counts(settings)).values()) < goal and not running.done():
                    await asyncio.sleep(0.01)
                stop.set()
                await running
        assert await counts(settings) == Counter(range(2_000))
    records = await committed(settings, POSTS_RAW.name)
    first = next(iter(records.values()))[0]
    fields = json.loads(first.value)
    assert fields["author"]["id"].encode() == first.key
    assert dict(first.headers)["source"] == b"leimo"


async def test_a_forwarding_that_is_killed_loses_nothing(kafka_broker: ApacheKafka) -> None:
    settings = await settings_for(kafka_broker)
    async with topic_of_somebody(settings, range(3_000)) as name:
        command = (
            *("feed", "kafka", "--from", name, "--map", MAP, "--zone", "+08:00", "--quiet"),
            *("--broker", settings.broker, "--group", "leimo-feed-forum-killed"),
        )
        with killed_at_the_end(*command):
            async with asyncio.timeout(60):
                while not await counts(settings):
                    await asyncio.sleep(0.01)
        with killed_at_the_end(*command):
            async with asyncio.timeout(60):
                while (await counts(settings)).keys() != set(range(3_000)):
                    await asyncio.sleep(0.05)


async def test_a_topic_that_does_not_exist_is_named(kafka_broker: ApacheKafka) -> None:
    settings = await settings_for(kafka_broker)
    posts_of = PostsOf(Source.LEIMO)
    reader = FromTopic(settings, "nowhere", "leimo-feed-nowhere", posts_of, from_end=False)
    async with Connection(settings, Source.LEIMO) as sink:
        with pytest.raises(FeedError, match="--from nowhere: no such topic"):
            await reader.run(sink, Tally(), asyncio.Event())
