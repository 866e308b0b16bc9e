"""Posts a second through all stages: leimo, plain Faust, and the analysis alone.

On one broker, in one run, over the same posts; `python -m bench.throughput --help`.
"""

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, Self

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from analysis.pipeline import Analyser
from analysis.sentiment import SentimentModel
from analysis.sources import parse
from analysis.tokens import tokenizer_named
from bench import dictionaries, plain_faust_topics
from feeds.files import read_lines
from leimo.catalogue_file import load
from leimo.catalogue_topic import publish
from schemas.topics import MENTIONS, POSTS_RAW
from streams.batches import BatchSender, Row
from streams.brokers import ApacheKafka, BrokerMissing, EmbeddedBroker
from streams.partitions import partition_for
from streams.reading import PartitionReader
from streams.settings import Settings
from streams.topic_admin import apply_topics
from streams.transport import MAX_BATCH_RECORDS

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared" / "data"
PARTITIONS = 8
DEADLINE_S = 600
POLL_S = 0.05


class Result(NamedTuple):
    name: str
    dictionary: str
    posts_per_s: float
    cpu_s_per_million: float
    peak_mib: float


def read_posts(path: Path, limit: int) -> list[bytes]:
    """The first `limit` lines of an NDJSON file, plain, .gz or .zst."""
    posts: list[bytes] = []
    for lines in read_lines(path, refuse=lambda refusal: None):
        posts += lines
        if len(posts) >= limit:
            break
    return posts[:limit]


def analysis_alone(posts: list[bytes], catalogue: Path, dictionary: str) -> Result:
    """One core, in process: parse and find mentions, nothing else."""
    analyser = Analyser(load(catalogue).brands, SentimentModel.load(), tokenizer_named())
    now_ms = int(time.time() * 1000)
    started, cpu = time.perf_counter(), time.process_time()
    for first in range(0, len(posts), MAX_BATCH_RECORDS):
        parsed = [parse("weibo", line, now_ms) for line in posts[first : first + MAX_BATCH_RECORDS]]
        analyser.mentions_many(parsed, 0, range(first, first + len(parsed)))
    took_s, cpu_s = time.perf_counter() - started, time.process_time() - cpu
    return Result(
        "analysis alone", dictionary, len(posts) / took_s, cpu_s / len(posts) * 1e6, float("nan")
    )


async def run_leimo(
    posts: list[bytes], catalogue: Path, dictionary: str, broker: str, workers: int
) -> Result:
    settings = await _fresh_topics(broker)
    await publish(settings, load(catalogue))
    await _produce(settings, posts)
    environment = {
        "LEIMO_BROKER": broker,
        "LEIMO_METRICS_ADDRESS": "",
        "LEIMO_LOG_LEVEL": "WARNING",
    }
    name = "leimo" if workers == 1 else f"leimo, {workers} workers"
    with _processes([sys.executable, "-m", "leimo", "worker"], environment, workers) as running:
        return await _measure(name, dictionary, settings, settings.group, len(posts), running)


async def run_plain_faust(
    posts: list[bytes], catalogue: Path, dictionary: str, broker: str
) -> Result:
    settings = await _fresh_topics(broker)
    await plain_faust_topics.create(settings)
    await _produce(settings, posts)
    environment = {
        "BENCH_BROKER": broker,
        "BENCH_CATALOGUE": str(catalogue),
        "BENCH_PARTITIONS": str(PARTITIONS),
    }
    command = [sys.executable, "-m", "bench.plain_faust", "worker", "-l", "error"]
    with _processes(command, environment, 1) as running:
        return await _measure(
            "plain Faust", dictionary, settings, plain_faust_topics.GROUP, len(posts), running
        )


async def _fresh_topics(broker: str) -> Settings:
    settings = Settings(broker=broker, partitions=PARTITIONS, group=f"bench-{time.time_ns()}")
    admin = AIOKafkaAdminClient(bootstrap_servers=broker)
    await admin.start()
    try:
        while topics := [name for name in await admin.list_topics() if not name.startswith("__")]:
            await admin.delete_topics(topics)
    finally:
        await admin.close()
    await apply_topics(settings)
    os.environ["LEIMO_GROUP"] = settings.group
    return settings


async def _produce(settings: Settings, posts: list[bytes]) -> None:
    producer = AIOKafkaProducer(
        bootstrap_servers=settings.broker, enable_idempotence=True, max_batch_size=512 << 10
    )
    await producer.start()
    sender = BatchSender(producer)
    for first in range(0, len(posts), 5000):
        await sender.send(
            Row(POSTS_RAW.name, partition_for(key, PARTITIONS), key, post)
            for number, post in enumerate(posts[first : first + 5000])
            for key in (b"%d" % (first + number),)
        )
    await sender.flush()
    await producer.stop()


@contextmanager
def _processes(
    command: list[str], environment: dict[str, str], count: int
) -> Iterator[list[subprocess.Popen[bytes]]]:
    with tempfile.TemporaryDirectory() as folder:
        running = [
            subprocess.Popen(
                command,
                cwd=ROOT,
                stdout=subprocess.DEVNULL,
                env={**os.environ, **environment, "BENCH_FOLDER": folder},
            )
            for _ in range(count)
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


async def _measure(
    name: str,
    dictionary: str,
    settings: Settings,
    group: str,
    posts: int,
    running: list[subprocess.Popen[bytes]],
) -> Result:
    """From the first progress to all posts and their mentions committed."""
    deadline = time.monotonic() + DEADLINE_S
    first: tuple[float, int, float] | None = None
    async with _Progress(settings, group) as progress:
        while True:
            if time.monotonic() > deadline or any(p.poll() is not None for p in running):
                raise SystemExit(f"{name}: did not finish within {DEADLINE_S} s, or ended")
            done = await progress.committed(POSTS_RAW.name)
            if done and first is None:
                first = (time.monotonic(), done, _cpu_s(running))
            if first is not None and done >= posts:
                break
            await asyncio.sleep(POLL_S)
        # What stands in `mentions` by now has to be measured; ticks go on behind it.
        async with PartitionReader(settings) as reader:
            bounds = await reader.bounds((MENTIONS.name, part) for part in range(PARTITIONS))
        wanted = sum(end for _, end in bounds.values())
        while await progress.committed(MENTIONS.name) < wanted:
            await asyncio.sleep(POLL_S)
    took_s, cpu_s = time.monotonic() - first[0], _cpu_s(running) - first[2]
    counted = posts - first[1]
    return Result(
        name,
        dictionary,
        counted / took_s,
        cpu_s / counted * 1e6,
        max(_peak_mib(process) for process in running),
    )


class _Progress:
    """Committed offsets of a group, read through one connection."""

    def __init__(self, settings: Settings, group: str) -> None:
        self._admin = AIOKafkaAdminClient(bootstrap_servers=settings.broker)
        self._group = group

    async def __aenter__(self) -> Self:
        await self._admin.start()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._admin.close()

    async def committed(self, topic: str) -> int:
        """Sum of the committed offsets of a topic; 0 before the group exists."""
        try:
            offsets = await self._admin.list_consumer_group_offsets(self._group)
        except KafkaError:
            return 0
        return sum(max(0, item.offset) for source, item in offsets.items() if source.topic == topic)


def _cpu_s(running: list[subprocess.Popen[bytes]]) -> float:
    ticks = 0
    for process in running:
        fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _peak_mib(process: subprocess.Popen[bytes]) -> float:
    for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return float("nan")


def report(results: list[Result]) -> str:
    """A table for a person; every speed also as a multiple of plain Faust's."""
    lines = [f"{'':<20} {'dictionary':<22} {'posts/s':>9} {'x plain':>8} {'CPU s/M':>8} {'MiB':>6}"]
    plain = {r.dictionary: r.posts_per_s for r in results if r.name == "plain Faust"}
    for result in results:
        times = result.posts_per_s / plain[result.dictionary] if plain else float("nan")
        lines.append(
            f"{result.name:<20} {result.dictionary:<22} {result.posts_per_s:>9,.0f} "
            f"{times:>8.1f} {result.cpu_s_per_million:>8.1f} {result.peak_mib:>6.0f}"
        )
    return "\n".join(lines)


async def compare(options: argparse.Namespace, broker: str) -> list[Result]:
    posts = read_posts(options.posts, options.count)
    results: list[Result] = []
    with tempfile.TemporaryDirectory() as folder:
        for dictionary, catalogue in _dictionaries(options, Path(folder)):
            results.append(analysis_alone(posts, catalogue, dictionary))
            results += [
                await run_leimo(posts, catalogue, dictionary, broker, workers)
                for workers in range(1, options.workers + 1)
            ]
            plain = posts[: options.plain_count]
            results.append(await run_plain_faust(plain, catalogue, dictionary, broker))
    return results


def _dictionaries(options: argparse.Namespace, folder: Path) -> Iterator[tuple[str, Path]]:
    small = folder / "small.yml"
    yield f"{dictionaries.shipped(small):,} names", small
    if options.names.is_file():
        large = folder / "large.yml"
        yield f"{dictionaries.companies(large, options.names, 50_000):,} names", large


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--posts",
        type=Path,
        default=SHARED / "stream/weibo_statuses.ndjson.gz",
        help="NDJSON of Weibo statuses; make one with `leimo feed simulate --out`",
    )
    parser.add_argument(
        "--names",
        type=Path,
        default=SHARED / "brands/Company-Shorter-Form_280k.txt.gz",
        help="list of names for the large dictionary; left out where absent",
    )
    parser.add_argument("--count", type=int, default=200_000, help="posts for leimo")
    parser.add_argument("--plain-count", type=int, default=40_000, help="posts for plain Faust")
    parser.add_argument("--workers", type=int, default=2, help="up to so many leimo workers")
    options = parser.parse_args()
    if not options.posts.is_file():
        raise SystemExit(
            f"--posts {options.posts}: no such file; make one with "
            "`leimo feed simulate --rate 10000 --duration 20 --out posts.ndjson`"
        )
    try:
        with ApacheKafka.start(quick=False) as broker:
            results = asyncio.run(compare(options, broker.address))
    except BrokerMissing as missing:
        print(f"{missing}\nusing the embedded broker instead", file=sys.stderr)
        with EmbeddedBroker.start() as embedded:
            results = asyncio.run(compare(options, embedded.address))
    print(report(results))


if __name__ == "__main__":
    main()
