"""One system under measurement on one broker: topics, posts, processes, and the clock.

The rule is the same for every system: it runs alone beside the broker, and the clock runs from the
first commit at or past a quarter of the posts (so that neither the start of a process nor a cold
compiler counts) to the commit of the last post and of all that follows from it. The processor time
is that of the system's own processes in the same time. Several processes share one group: the clock
waits for the first commit after all of them have joined it, or the first one would be measured
alone and then the rebalance. All the time a post without a brand arrives now and then in each
partition: Flink tells how far it is only between two fetches, and one that finds nothing waits for
ten seconds.
"""

import asyncio
import os
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import NamedTuple, Self

import orjson
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from kafka_io.batches import BatchSender, Row
from kafka_io.partitions import partition_for
from kafka_io.reading import PartitionReader
from kafka_io.settings import Settings
from schemas.topics import MENTIONS, POSTS_RAW, WINDOWS

ROOT = Path(__file__).resolve().parents[1]
PARTITIONS = 8
DEADLINE_S = 900
POLL_S = 0.05
SKIPPED_SHARE = 0.25
TRICKLE_S = 0.5
_OF_LAST = ("created_at", "user")


class Result(NamedTuple):
    name: str
    dictionary: str
    posts: int
    posts_per_s: float
    cpu_us_per_post: float
    """User and system time of all its processes; the broker's is not in it."""
    peak_mib: float
    """0: not measured. Not a number would be kept as null, which is none."""
    mentions: int
    """Records with a key in `mentions`: nobody skips the work."""
    windows: int
    """Records in `windows`."""
    steady_s: float = 0
    """How long the clock ran."""
    does: str = ""


class System(NamedTuple):
    """How a system under measurement is started."""

    name: str
    command: list[str]
    environment: dict[str, str]
    does: str
    """What it does for a post, for people who compare the figures."""
    processes: int = 1
    reads_mentions: bool = True
    """False: it brings mentions to their brand by itself, and only writes the topic."""
    folder: Path = ROOT
    """Where its processes run: the tree whose code they take."""


async def empty_broker(broker: str, partitions: int = PARTITIONS) -> Settings:
    """Delete all topics; returns settings with a group that nobody has used yet."""
    settings = Settings(broker=broker, partitions=partitions, group=f"bench-{time.time_ns()}")
    admin = AIOKafkaAdminClient(bootstrap_servers=broker)
    await admin.start()
    try:
        while topics := [name for name in await admin.list_topics() if not name.startswith("__")]:
            await admin.delete_topics(topics)
    finally:
        await admin.close()
    return settings


def _producer(settings: Settings) -> AIOKafkaProducer:
    return AIOKafkaProducer(
        bootstrap_servers=settings.broker, enable_idempotence=True, max_batch_size=512 << 10
    )


async def produce(settings: Settings, posts: list[bytes]) -> None:
    """Write the posts to `posts.raw`, evenly over the partitions."""
    producer = _producer(settings)
    await producer.start()
    sender = BatchSender(producer)
    for first in range(0, len(posts), 5000):
        await sender.send(
            Row(POSTS_RAW.name, partition_for(key, settings.partitions), key, post)
            for number, post in enumerate(posts[first : first + 5000])
            for key in (b"%d" % (first + number),)
        )
    await sender.flush()
    await producer.stop()


@asynccontextmanager
async def _trickle(settings: Settings, last: bytes) -> AsyncIterator[None]:
    """Append a post that names nothing to each partition, again and again."""
    status = orjson.loads(last)
    post = orjson.dumps({"idstr": "0", "text": "…"} | {key: status[key] for key in _OF_LAST})

    async def append() -> None:
        async with _producer(settings) as producer:
            while True:
                for partition in range(settings.partitions):
                    await producer.send(POSTS_RAW.name, post, b"trickle", partition=partition)
                await asyncio.sleep(TRICKLE_S)

    task = asyncio.create_task(append())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def measure(
    system: System, dictionary: str, settings: Settings, some_posts: list[bytes]
) -> Result:
    """Start the system's processes, and time them over the posts, which `posts.raw` holds."""
    posts = len(some_posts)
    async with PartitionReader(settings) as reader:
        ends = await _ends(reader, POSTS_RAW.name, settings.partitions)
    with _processes(system) as running:
        async with _trickle(settings, some_posts[-1]):
            started, skipped, cpu_s = await _until_done(system, settings, ends, running)
        took_s, cpu_s = time.monotonic() - started, cpu_s_of(running) - cpu_s
        most_mib = max(peak_mib(process) for process in running)
        async with PartitionReader(settings) as reader:
            mentions = await _records(reader, MENTIONS.name, settings.partitions)
            windows = await _records(reader, WINDOWS.name, settings.partitions)
    counted = posts - skipped
    if not counted:
        raise SystemExit(
            f"{system.name}: one commit held all {posts} posts; raise --count or --plain-count"
        )
    return Result(
        system.name,
        dictionary,
        posts,
        counted / took_s,
        cpu_s / counted * 1e6,
        most_mib,
        mentions,
        windows,
        took_s,
        system.does,
    )


async def _until_done(
    system: System,
    settings: Settings,
    ends: Mapping[int, int],
    running: list[subprocess.Popen[bytes]],
) -> tuple[float, int, float]:
    """Wait for the end; returns when the clock began, after how many posts, and the CPU till then.

    What stands in `mentions` when the last post is committed has to be measured; what comes
    after (ticks) does not.
    """
    deadline = time.monotonic() + DEADLINE_S
    posts = sum(ends.values())
    least = int(posts * SKIPPED_SHARE)
    first: tuple[float, int, float] | None = None

    def check() -> None:
        if time.monotonic() > deadline or any(process.poll() is not None for process in running):
            raise SystemExit(f"{system.name}: did not finish within {DEADLINE_S} s, or ended")

    joined_at = -1 if len(running) == 1 else None
    async with _Progress(settings) as progress:
        while (done := await progress.committed(POSTS_RAW.name, ends)) < posts or first is None:
            if done >= posts and joined_at is None:
                raise SystemExit(f"{system.name}: done before all had joined; raise --count")
            if joined_at is None and await progress.members() == len(running):
                joined_at = done
            if joined_at is not None and first is None and done > max(joined_at, least):
                first = (time.monotonic(), done, cpu_s_of(running))
            check()
            await asyncio.sleep(POLL_S)
        if system.reads_mentions:
            async with PartitionReader(settings) as reader:
                ends = await _ends(reader, MENTIONS.name, settings.partitions)
            while await progress.committed(MENTIONS.name, ends) < sum(ends.values()):
                check()
                await asyncio.sleep(POLL_S)
    return first


async def _bounds(
    reader: PartitionReader, topic: str, partitions: int
) -> dict[tuple[str, int], tuple[int, int]]:
    return await reader.bounds((topic, partition) for partition in range(partitions))


async def _ends(reader: PartitionReader, topic: str, partitions: int) -> dict[int, int]:
    bounds = await _bounds(reader, topic, partitions)
    return {partition: end for (_, partition), (_, end) in bounds.items()}


async def _records(reader: PartitionReader, topic: str, partitions: int) -> int:
    """Records with a key; ticks have none."""
    found = 0
    async for _, records in reader.read(await _bounds(reader, topic, partitions)):
        found += sum(record.key is not None for record in records)
    return found


@contextmanager
def _processes(system: System) -> Iterator[list[subprocess.Popen[bytes]]]:
    with tempfile.TemporaryDirectory() as folder:
        running = [
            subprocess.Popen(
                system.command,
                cwd=system.folder,
                stdout=subprocess.DEVNULL,
                env={**os.environ, **system.environment, "BENCH_FOLDER": f"{folder}/{number}"},
            )
            for number in range(system.processes)
        ]
        try:
            yield running
        finally:
            for process in running:
                process.terminate()
            for process in running:
                try:
                    process.wait(15)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()


class _Progress:
    """Committed offsets of the group, read through one connection."""

    def __init__(self, settings: Settings) -> None:
        self._admin = AIOKafkaAdminClient(bootstrap_servers=settings.broker)
        self._group = settings.group

    async def __aenter__(self) -> Self:
        await self._admin.start()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._admin.close()

    async def members(self) -> int:
        """Processes in the group, once it is stable; a new broker has no coordinator at first."""
        try:
            answers = await self._admin.describe_consumer_groups([self._group])
        except KafkaError:
            return 0
        groups = [group for answer in answers for group in answer.to_object()["groups"]]
        return sum(len(group["members"]) for group in groups if group["state"] == "Stable")

    async def committed(self, topic: str, ends: Mapping[int, int]) -> int:
        """Records of a topic, up to these ends, that are committed; 0 before the group exists."""
        try:
            offsets = await self._admin.list_consumer_group_offsets(self._group)
        except KafkaError:
            return 0
        return sum(
            min(max(0, item.offset), ends[source.partition])
            for source, item in offsets.items()
            if source.topic == topic
        )


def cpu_s_of(running: list[subprocess.Popen[bytes]]) -> float:
    """Processor time that the processes have used."""
    ticks = 0
    for process in running:
        fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def peak_mib(process: subprocess.Popen[bytes]) -> float:
    """The most memory that the process has held."""
    return _status_mib(process, "VmHWM")


def rss_mib(process: subprocess.Popen[bytes]) -> float:
    """The memory that the process holds now."""
    return _status_mib(process, "VmRSS")


def _status_mib(process: subprocess.Popen[bytes], what: str) -> float:
    for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if line.startswith(f"{what}:"):
            return int(line.split()[1]) / 1024
    return 0.0
