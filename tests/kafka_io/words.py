"""Drive the counting worker: feed words, run workers, read the result."""

import asyncio
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import msgspec
from aiokafka import AIOKafkaProducer

from kafka_io.batches import BatchSender, Row
from kafka_io.reading import PartitionReader
from kafka_io.settings import Settings
from schemas.topics import BRANDS_CHANGELOG, POSTS_RAW, WINDOWS

ROOT = Path(__file__).resolve().parents[2]
PARTITIONS = 4
SESSION_S = 6


def settings(broker: str, group: str) -> Settings:
    return Settings(
        broker=broker,
        group=group,
        partitions=PARTITIONS,
        session_timeout_s=SESSION_S,
        commit_interval_s=0.1,
        metrics_address="",
    )


def environment(broker: str, group: str, **extra: str) -> dict[str, str]:
    """Environment of a worker process with the settings above."""
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("LEIMO_")},
        "PYTHONPATH": str(ROOT),
        "LEIMO_BROKER": broker,
        "LEIMO_GROUP": group,
        "LEIMO_PARTITIONS": str(PARTITIONS),
        "LEIMO_SESSION_TIMEOUT_S": str(SESSION_S),
        "LEIMO_COMMIT_INTERVAL_S": "0.1",
        "LEIMO_METRICS_ADDRESS": "",
        **extra,
    }


@contextmanager
def worker(broker: str, group: str, **extra: str) -> Iterator[subprocess.Popen[bytes]]:
    """A counting worker; stopped for certain at the end, also where it stopped itself."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.streams.counting_worker"],
        cwd=ROOT,
        env=environment(broker, group, **extra),
        stderr=subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGCONT)
            process.terminate()
        try:
            process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


def is_stopped(process: subprocess.Popen[bytes]) -> bool:
    """Whether SIGSTOP holds the process."""
    state = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0]
    return state == "T"


@asynccontextmanager
async def feeding(broker: str) -> AsyncIterator[BatchSender]:
    producer = AIOKafkaProducer(bootstrap_servers=broker, enable_idempotence=True)
    await producer.start()
    try:
        yield BatchSender(producer)
    finally:
        await producer.stop()


async def feed(sender: BatchSender, truth: Counter[bytes], count: int, seed: int) -> None:
    """Append `count` words to `posts.raw` and to the truth."""
    rnd = random.Random(seed)
    words = [b"w%d" % (rnd.paretovariate(0.5) % 500) for _ in range(count)]
    truth.update(words)
    await sender.send(
        Row(POSTS_RAW.name, index % PARTITIONS, b"k", word) for index, word in enumerate(words)
    )
    await sender.flush()


async def feed_until(
    reached: Callable[[], bool], sender: BatchSender, truth: Counter[bytes], deadline_s: float = 60
) -> None:
    """Keep a light load on until a condition holds."""
    async with asyncio.timeout(deadline_s):
        while not reached():
            await feed(sender, truth, 200, truth.total())
            await asyncio.sleep(0.02)


async def windows(config: Settings) -> Counter[bytes]:
    """Latest committed total of each word, as a reader of `windows` sees it."""
    totals: Counter[bytes] = Counter()
    async with PartitionReader(config) as reader:
        bounds = await reader.bounds((WINDOWS.name, part) for part in range(PARTITIONS))
        async for _, records in reader.read(bounds):
            totals.update({record.key: 0 for record in records})
            for record in records:
                totals[record.key] = int(record.value)
    return totals


async def changelog(config: Settings) -> Counter[bytes]:
    """Total of each word, as the next owner would recover it."""
    totals: Counter[bytes] = Counter()
    async with PartitionReader(config) as reader:
        bounds = await reader.bounds((BRANDS_CHANGELOG.name, part) for part in range(PARTITIONS))
        async for _, records in reader.read(bounds):
            for record in records:
                totals[record.key] = msgspec.msgpack.decode(record.value)[0]
    return totals


async def settled(config: Settings, truth: Counter[bytes], deadline_s: float = 60) -> None:
    """Wait until windows and changelog equal the truth; fails with the differences."""
    seen: Counter[bytes] = Counter()
    kept: Counter[bytes] = Counter()
    try:
        async with asyncio.timeout(deadline_s):
            while seen != truth or kept != truth:
                seen, kept = await windows(config), await changelog(config)
    except TimeoutError:
        raise AssertionError(
            f"after {deadline_s} s: truth {truth.total()}, windows {seen.total()}, "
            f"changelog {kept.total()}; words wrong: windows "
            f"{sum(truth[word] != seen[word] for word in truth)}, changelog "
            f"{sum(truth[word] != kept[word] for word in truth)}"
        ) from None
