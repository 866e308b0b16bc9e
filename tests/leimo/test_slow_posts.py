"""Posts that take long do not keep a real worker, on real brokers, from the others."""

import asyncio
import time
from typing import Any

import orjson
import pytest

from kafka_io.brokers import Broker
from schemas.dead_letter import DeadLetter
from tests.agents.test_slow_texts import NAMES, NEAR
from tests.leimo import pipeline_run
from tests.leimo.slow_worker import HANG, SLOW
from tests.leimo.test_broken_input import append, dead_letters

SOURCE = [("source", b"leimo")]
PROGRAM = "tests.leimo.slow_worker"
COUNTED_WITHIN_S = 60
"""Of a worker under test on a busy machine; twelve such posts ended worker after worker."""


def own(number: int, text: str) -> bytes:
    return orjson.dumps(
        {"id": str(number), "text": text, "created_at": "2014-05-01T08:00:00+08:00"}
    )


async def posts_of(settings: Any, brand: str) -> int:
    windows = await pipeline_run.windows(settings)
    return sum(window["posts"] for window in windows if window["brand"] == brand)


async def test_twelve_posts_that_took_many_seconds_each_hold_up_nobody(broker: Broker) -> None:
    settings = await pipeline_run.prepared(broker.address, "twelve")
    others = [own(number, "华为手机真好用") for number in range(500)]
    slow = [own(1000 + number, text) for number, text in enumerate((NEAR, NAMES) * 6)]

    async def all_counted() -> bool:
        return await posts_of(settings, "huawei") == 500 and await posts_of(settings, "xiaomi") >= 6

    with pipeline_run.leimo(settings, "worker") as worker:
        await append(settings, [*others[:250], *slow, *others[250:]], SOURCE)
        started_s = time.monotonic()
        await pipeline_run.until(all_counted, lambda: "not all posts were counted")
        assert time.monotonic() - started_s < COUNTED_WITHIN_S
        assert worker.poll() is None
    assert await dead_letters(settings) == []


async def test_a_post_that_never_ends_is_put_aside_and_those_around_it_count(
    broker: Broker,
) -> None:
    settings = await pipeline_run.prepared(broker.address, "endless", max_record_cpu_s=1)
    values = [own(1, "华为手机真好用"), own(2, SLOW), own(3, "华为手机真不好用"), own(4, SLOW)]
    letters: list[DeadLetter] = []

    async def both_seen() -> bool:
        letters[:] = await dead_letters(settings)
        return len(letters) == 2 and await posts_of(settings, "huawei") == 2

    with pipeline_run.leimo(settings, "worker", program=PROGRAM) as worker:
        await append(settings, values, SOURCE)
        await pipeline_run.until(both_seen, lambda: f"{len(letters)} dead letters")
        assert worker.poll() is None
    assert [(letter.reason, letter.offset) for letter in letters] == [
        ("too_slow", 1), ("too_slow", 3)
    ]  # fmt: skip


@pytest.mark.kafka
async def test_a_post_that_ends_workers_is_put_aside_by_the_fourth(kafka_broker: Broker) -> None:
    settings = await pipeline_run.prepared(kafka_broker.address, "hangs", stall_s=6)
    await append(settings, [own(1, "华为手机真好用"), own(2, HANG), own(3, "华为手机不好")], SOURCE)
    letters: list[DeadLetter] = []

    for _ in range(3):
        with pipeline_run.leimo(settings, "worker", program=PROGRAM) as worker:
            assert await asyncio.to_thread(worker.wait, 120) not in {0, None}
        assert await dead_letters(settings) == []

    async def all_seen() -> bool:
        letters[:] = await dead_letters(settings)
        return bool(letters) and await posts_of(settings, "huawei") == 2

    with pipeline_run.leimo(settings, "worker", program=PROGRAM) as worker:
        await pipeline_run.until(all_seen, lambda: f"{len(letters)} dead letters")
        assert worker.poll() is None
    assert [(letter.reason, letter.offset) for letter in letters] == [("too_slow", 1)]
    assert "ended one worker after the other" in letters[0].detail
