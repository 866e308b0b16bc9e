"""`leimo lag` on a real broker: what waits without a worker, and what two workers tell."""

import asyncio
import json
from collections import Counter
from contextlib import ExitStack

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families
from typer.testing import CliRunner

from kafka_io.batches import Row
from kafka_io.brokers import HOST, ApacheKafka, free_port
from kafka_io.settings import Settings
from leimo.cli import app
from schemas.topics import POSTS_RAW
from tests.kafka_io.broker_log import append
from tests.leimo import pipeline_run

pytestmark = pytest.mark.kafka
Label = tuple[str, str]


async def lag_labels(port: int, metric: str) -> dict[Label, float] | None:
    """Lag by topic and partition, as served on a port; None: nobody answers there."""
    try:
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"http://{HOST}:{port}/metrics") as answer,
        ):
            text = await answer.text()
    except aiohttp.ClientError:
        return None
    return {
        (sample.labels["topic"], sample.labels["partition"]): sample.value
        for family in text_string_to_metric_families(text)
        if family.name == metric
        for sample in family.samples
    }


def printed(settings: Settings, *arguments: str) -> str:
    result = CliRunner().invoke(app, ["lag", *arguments], env=pipeline_run.environment(settings))
    assert result.exit_code == 0, result.output
    return result.stdout


def rows(count: int) -> list[Row]:
    return [Row(POSTS_RAW.name, number % 4, b"u", b"{}") for number in range(count)]


async def test_lag_is_known_without_a_worker_and_moves_with_its_partitions(
    kafka_broker: ApacheKafka,
) -> None:
    settings = await pipeline_run.prepared(kafka_broker.address, "lag-of-two")
    await append(settings, *rows(8))

    waiting = json.loads(await asyncio.to_thread(printed, settings, "--json"))
    assert waiting["posts.raw"] == {"0": 2, "1": 2, "2": 2, "3": 2}
    assert waiting["mentions"] == dict.fromkeys("0123", 0)

    ports = [free_port() for _ in range(3)]

    async def told(port: int) -> dict[Label, float]:
        return await lag_labels(port, "leimo_lag_records") or {}

    async def group() -> dict[Label, float]:
        return await lag_labels(ports[2], "leimo_group_lag_records") or {}

    async def first_has_all() -> bool:
        return len(await told(ports[0])) == 8

    async def each_is_told_once() -> bool:
        one, other = await told(ports[0]), await told(ports[1])
        return (
            bool(one and other)
            and set(Counter([*one, *other]).values()) == {1}
            and (len(one) + len(other) == 8)
        )

    async def group_is_done() -> bool:
        lags = await group()
        raw = [lag for (topic, _), lag in lags.items() if topic == POSTS_RAW.name]
        return len(lags) == 8 and sum(raw) == 0

    with ExitStack() as running:

        def start(*arguments: str) -> None:
            running.enter_context(pipeline_run.leimo(settings, *arguments))

        start("lag", "--serve", f"{HOST}:{ports[2]}")
        start("worker", "--metrics", f"{HOST}:{ports[0]}")
        await pipeline_run.until(first_has_all, lambda: "the first worker tells not all lags")
        start("worker", "--metrics", f"{HOST}:{ports[1]}")
        await pipeline_run.until(each_is_told_once, lambda: "a lost partition is still told")
        await pipeline_run.until(group_is_done, lambda: "the group has lag that nobody has")
