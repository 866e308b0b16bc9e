"""Broken records go to `posts.dead` with their reason, and the worker goes on."""

import time
from typing import Any

import orjson

from kafka_io.batches import BatchSender, Headers, Row
from kafka_io.brokers import Broker
from kafka_io.dead_letters import read_dead_letter
from kafka_io.producers import started_producer
from kafka_io.reading import PartitionReader
from kafka_io.settings import Settings
from schemas.dead_letter import DeadLetter
from schemas.topics import POSTS_DEAD, POSTS_RAW
from tests.leimo import pipeline_run

GOOD = {
    "id": 1,
    "text": "华为手机真好用",
    "created_at": "Sun Jan 02 00:21:45 +0800 2011",
    "user": {"id": 7, "screen_name": "某人", "followers_count": 3},
}


def status(**changes: Any) -> bytes:
    """The good post with fields changed; a field given as None is left out."""
    merged = {**GOOD, **changes}
    return orjson.dumps({key: value for key, value in merged.items() if value is not None})


BROKEN = {
    # value -> reason
    b"": "empty",
    b"{}": "empty",
    b"this is not JSON": "not_json",
    b'{"id": 1, "text": "cut': "not_json",
    b"\xff\xfe\x00": "not_json",
    b"[1, 2, 3]": "wrong_type",
    status(text=["no", "text"]): "wrong_type",
    status(user="nobody"): "wrong_type",
    status(text=None): "missing_field",
    status(id=None): "missing_field",
    status(created_at=None): "missing_field",
    status(created_at="the other day"): "bad_time",
    status(created_at="Sun Jan 02 00:21:45 +0800 1970"): "bad_time",
    status(created_at="Sun Jan 02 00:21:45 +0800 2099"): "future_time",
    status(text="长" * 700_000): "too_large",
    status(text="字" * 30_000): "too_large",
    b'{"id": 1, "text": "\\ud800", "created_at": "Sun Jan 02 00:21:45 +0800 2011"}': "bad_text",
}


async def test_each_broken_record_is_put_aside_with_its_reason_and_the_next_post_counts(
    broker: Broker,
) -> None:
    settings = await pipeline_run.prepared(broker.address, "broken")
    await append(settings, [*BROKEN, status()])
    letters: list[DeadLetter] = []

    async def all_aside() -> bool:
        letters[:] = await dead_letters(settings)
        return len(letters) >= len(BROKEN) and bool(await pipeline_run.windows(settings))

    with pipeline_run.leimo(settings, "worker") as worker:
        await pipeline_run.until(all_aside, lambda: f"only {len(letters)} dead letters")
        assert worker.poll() is None
    assert {letter.value: letter.reason.value for letter in letters} == BROKEN
    assert list(range(len(BROKEN))) == sorted(letter.offset for letter in letters)
    assert all(letter.detail and len(letter.detail) <= 200 for letter in letters)
    [window] = await pipeline_run.windows(settings)
    assert (window["brand"], window["posts"]) == ("huawei", 1)


async def test_an_unknown_source_is_put_aside_and_a_user_s_own_post_counts(broker: Broker) -> None:
    settings = await pipeline_run.prepared(broker.address, "sources")
    own = orjson.dumps(
        {
            "id": "a1",
            "text": "华为手机真好用",
            "created_at": "2014-05-01T08:00:00+08:00",
            "author": {"id": "u1", "name": "me", "followers": 10},
        }
    )
    await append(settings, [status()], [("source", b"friendster")])
    await append(settings, [own], [("source", b"leimo")])
    letters: list[DeadLetter] = []

    async def both_seen() -> bool:
        letters[:] = await dead_letters(settings)
        return bool(letters) and bool(await pipeline_run.windows(settings))

    with pipeline_run.leimo(settings, "worker"):
        await pipeline_run.until(both_seen, lambda: f"{len(letters)} dead letters")
    assert [letter.reason for letter in letters] == ["unknown_source"]
    [window] = await pipeline_run.windows(settings)
    assert (window["posts"], window["reach"]) == (1, 10)


async def append(settings: Settings, values: list[bytes], headers: Headers | None = None) -> None:
    """Write values to one partition of `posts.raw`, in order, as a feed's producer would."""
    producer = await started_producer(settings)
    try:
        sender = BatchSender(producer)
        now_ms = int(time.time() * 1000)
        await sender.send(
            Row(POSTS_RAW.name, 0, b"7", value, headers or [], now_ms) for value in values
        )
        await sender.flush()
    finally:
        await producer.stop()


async def dead_letters(settings: Settings) -> list[DeadLetter]:
    async with PartitionReader(settings) as reader:
        bounds = await reader.bounds([(POSTS_DEAD.name, 0)])
        return [
            read_dead_letter(record)
            async for _, records in reader.read(bounds)
            for record in records
        ]
