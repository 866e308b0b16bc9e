"""257,411 real posts through real topics: every number of every window is right."""

import gzip
import random
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from analysis.shipped import analyser_of
from catalogue.file import SHIPPED, load
from kafka_io.brokers import Broker
from sources.parsing import parse
from tests import oracle
from tests.leimo import pipeline_run

Expected = dict[tuple[str, int], dict[str, Any]]


@pytest.fixture(scope="module")
def posts(shared_data: Path) -> list[bytes]:
    with gzip.open(shared_data / "stream" / "weibo_statuses.ndjson.gz", "rb") as lines:
        return [line.rstrip(b"\n") for line in lines]


@pytest.fixture(scope="module")
def expected(posts: list[bytes]) -> Expected:
    """The windows by a batch computation."""
    analyser = analyser_of(load(SHIPPED))
    return oracle.batch_windows(posts, analyser, int(time.time() * 1000))


async def assert_windows(settings: Any, expected: Expected) -> None:
    """Wait until the topic holds exactly the expected windows."""
    seen: list[str] = ["nothing read yet"]

    async def all_right() -> bool:
        seen[:] = oracle.differences(expected, await pipeline_run.windows(settings))
        return not seen

    await pipeline_run.until(
        all_right, lambda: f"{len(seen)} differences:\n" + "\n".join(seen[:20])
    )


async def test_one_worker_counts_every_post(
    broker: Broker, shared_data: Path, expected: Expected
) -> None:
    settings = await pipeline_run.prepared(broker.address, "replay-one")
    with pipeline_run.leimo(settings, "worker"):
        pipeline_run.feed(settings, shared_data / "stream" / "weibo_statuses.ndjson.gz")
        await assert_windows(settings, expected)


@pytest.mark.kafka
async def test_two_workers_on_shuffled_pieces_with_half_sent_twice_and_one_killed(
    kafka_broker: Broker, posts: Sequence[bytes], expected: Expected, tmp_path: Path
) -> None:
    settings = await pipeline_run.prepared(kafka_broker.address, "replay-two")
    pieces = shuffled_pieces(posts, tmp_path)
    half = oracle.compressed(tmp_path / "half.ndjson.zst", posts[: len(posts) // 2])
    with (
        pipeline_run.leimo(settings, "worker"),
        pipeline_run.leimo(settings, "worker") as victim,
    ):
        pipeline_run.feed(settings, *pieces)
        await pipeline_run.until(lambda: _has_windows(settings, 100), lambda: "no windows came")
        victim.send_signal(signal.SIGKILL)
        pipeline_run.feed(settings, half)
        with pipeline_run.leimo(settings, "worker"):
            await assert_windows(settings, expected)


async def _has_windows(settings: Any, count: int) -> bool:
    return len(await pipeline_run.windows(settings)) >= count


def shuffled_pieces(posts: Sequence[bytes], folder: Path) -> list[Path]:
    """Three files one after the other, each out of order by up to 50 s of the posts' own time.

    Disorder and grace together are 60 s by default.
    """
    rnd = random.Random(7)
    third = -(-len(posts) // 3)
    files = []
    for number in range(3):
        piece = posts[number * third : (number + 1) * third]
        order = {post: _event_time_ms(post) + rnd.random() * 50_000 for post in piece}
        shuffled = sorted(piece, key=order.__getitem__)
        files.append(oracle.compressed(folder / f"piece-{number}.ndjson.zst", shuffled))
    return files


def _event_time_ms(post: bytes) -> int:
    return parse("weibo", post, int(time.time() * 1000)).event_time_ms
