"""Posts a second through all stages: leimo, plain Faust, leimo's peers, and the analysis alone.

On one broker, one after the other, over the same posts; `python -m bench --help`. What was measured
is kept in a file: a run that is cut off goes on where it was, and `--only` makes parts of it.
"""

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from analysis.shipped import analyser_of
from bench import dictionaries, kept, plain_faust_topics
from bench.peers import java, quix, topics
from bench.posts import posts_for
from bench.report import as_json, line, medians, report, write
from bench.runs import PARTITIONS, ROOT, Result, System, empty_broker, measure, produce
from catalogue.file import load
from kafka_io.brokers import ApacheKafka, BrokerMissing, EmbeddedBroker
from kafka_io.settings import Settings
from kafka_io.topic_admin import apply_topics
from sources.parsing import parse
from streams.transport import MAX_BATCH_RECORDS

SHARED = ROOT.parent / "shared" / "data"

Peer = Callable[[Settings, Path, int], System]
"""Settings, catalogue, workers: as many processes or threads."""

PEERS: dict[str, tuple[Callable[[], str | None], Peer]] = {
    "quix": (quix.missing, quix.system),
    "kafka-streams": (java.missing, java.kafka_streams("at_least_once")),
    "kafka-streams-eos": (java.missing, java.kafka_streams("exactly_once_v2")),
    "flink": (java.missing, java.flink("at_least_once")),
    "flink-eos": (java.missing, java.flink("exactly_once")),
    "flink-rocksdb": (java.missing, java.flink("at_least_once", "rocksdb")),
}
"""What a peer lacks here, and how it is started."""
NAMES = {
    "analysis": "analysis alone",
    "leimo": "leimo",
    "quix": "Quix Streams",
    "kafka-streams": "Kafka Streams",
    "kafka-streams-eos": "Kafka Streams, exactly once",
    "flink": "Flink",
    "flink-eos": "Flink, exactly once",
    "flink-rocksdb": "Flink, RocksDB",
    "plain": "plain Faust",
}
"""What may be run, and what the tables call it."""
USUAL = (
    "leimo:1,leimo:2,quix:1,quix:2,kafka-streams:1,kafka-streams:2,flink:1,flink-rocksdb:1,analysis"
)


class Entry(NamedTuple):
    """A system to run, with so many workers."""

    system: str
    workers: int = 1

    @property
    def name(self) -> str:
        return _named(NAMES[self.system], self.workers)


def analysis_alone(posts: list[bytes], catalogue: Path, dictionary: str) -> Result:
    """One core, in process: parse and find mentions, nothing else."""
    analyser = analyser_of(load(catalogue))
    now_ms = int(time.time() * 1000)
    mentions = 0
    started, cpu = time.perf_counter(), time.process_time()
    for first in range(0, len(posts), MAX_BATCH_RECORDS):
        parsed = [parse("weibo", line, now_ms) for line in posts[first : first + MAX_BATCH_RECORDS]]
        found = analyser.mentions_many(parsed, 0, range(first, first + len(parsed)))
        mentions += sum(map(len, found))
    took_s, cpu_s = time.perf_counter() - started, time.process_time() - cpu
    return Result(
        "analysis alone",
        dictionary,
        len(posts),
        len(posts) / took_s,
        cpu_s / len(posts) * 1e6,
        0.0,
        mentions,
        0,
        took_s,
        "parse and analyse: no broker, no state",
    )


async def run_leimo(
    posts: list[bytes],
    catalogue: Path,
    dictionary: str,
    broker: str,
    workers: int = 1,
    partitions: int = PARTITIONS,
    folder: Path = ROOT,
) -> Result:
    """Measure the workers of the commit in `folder`."""
    settings = await empty_broker(broker, partitions)
    environment = {
        "LEIMO_BROKER": broker,
        "LEIMO_GROUP": settings.group,
        "LEIMO_PARTITIONS": str(settings.partitions),
        "LEIMO_METRICS_ADDRESS": "",
        "LEIMO_LOG_LEVEL": "WARNING",
    }
    # Its own commands: another commit may lay out topics and definitions in another way.
    for arguments in (["topics", "apply"], ["catalogue", "apply", str(catalogue)]):
        subprocess.run(
            [sys.executable, "-m", "leimo", *arguments],
            cwd=folder,
            env={**os.environ, **environment},
            stdout=subprocess.DEVNULL,
            check=True,
        )
    await produce(settings, posts)
    command = [sys.executable, "-m", "leimo", "worker"]
    does = "all of it: analysis, repeats, dead letters, windows, what is usual, rules; exactly once"
    system = System(
        _named("leimo", workers), command, environment, does, processes=workers, folder=folder
    )
    return await measure(system, dictionary, settings, posts)


async def run_plain_faust(
    posts: list[bytes], catalogue: Path, dictionary: str, broker: str
) -> Result:
    settings = await empty_broker(broker)
    await apply_topics(settings)
    await plain_faust_topics.create(settings)
    await produce(settings, posts)
    environment = {
        "BENCH_BROKER": broker,
        "BENCH_CATALOGUE": str(catalogue),
        "BENCH_GROUP": settings.group,
        "BENCH_PARTITIONS": str(settings.partitions),
    }
    command = [sys.executable, "-m", "bench.plain_faust", "worker", "-l", "error"]
    does = "leimo's own analysis; no repeats, dead letters, rules; can lose and double"
    system = System("plain Faust", command, environment, does)
    return await measure(system, dictionary, settings, posts)


async def run_peer(
    entry: Entry, posts: list[bytes], catalogue: Path, dictionary: str, broker: str
) -> Result:
    settings = await empty_broker(broker)
    await topics.create(settings)
    await produce(settings, posts)
    system = PEERS[entry.system][1](settings, catalogue, entry.workers)
    return await measure(system._replace(name=entry.name), dictionary, settings, posts)


def _named(name: str, workers: int) -> str:
    return name if workers == 1 else f"{name}, {workers} workers"


def entries(words: str) -> list[Entry]:
    """What `--only` names.

    Raises:
        ValueError: a name that is not in `NAMES`, or no number of workers.

    >>> entries("quix,leimo:2")
    [Entry(system='quix', workers=1), Entry(system='leimo', workers=2)]
    """
    found = []
    for word in words.split(","):
        system, _, workers = word.strip().partition(":")
        if system not in NAMES or not (workers or "1").isdecimal():
            raise ValueError(f"{word}: is none of {', '.join(NAMES)}, with :WORKERS behind it")
        found.append(Entry(system, int(workers or 1)))
    return found


def runnable(wanted: list[Entry], *, is_kafka: bool) -> list[Entry]:
    """Those that can run here; says of the others what is missing."""
    told = {
        system: missing() if is_kafka else "left out, it needs Apache Kafka"
        for system, (missing, _) in PEERS.items()
        if any(entry.system == system for entry in wanted)
    }
    for system, what in told.items():
        if what:
            print(f"{system}: {what}", file=sys.stderr)
    return [entry for entry in wanted if not told.get(entry.system)]


async def run_entry(
    entry: Entry, posts: list[bytes], catalogue: Path, dictionary: str, broker: str
) -> Result:
    match entry.system:
        case "analysis":
            return analysis_alone(posts, catalogue, dictionary)
        case "leimo":
            return await run_leimo(posts, catalogue, dictionary, broker, entry.workers)
        case "plain":
            return await run_plain_faust(posts, catalogue, dictionary, broker)
        case _:
            return await run_peer(entry, posts, catalogue, dictionary, broker)


async def compare(options: argparse.Namespace, broker: str, *, is_kafka: bool) -> list[Result]:
    """Run what is not in the file of results yet, and keep it there; returns all of this commit."""
    posts = posts_for(options.posts, options.count)
    wanted = runnable(entries(options.only), is_kafka=is_kafka)
    known = kept.read(options.results)
    with tempfile.TemporaryDirectory() as folder:
        for dictionary, catalogue in dictionaries_for(options, Path(folder)):
            for entry in wanted:
                some = posts[: options.plain_count] if entry.system == "plain" else posts
                wanted_run = (entry.name, dictionary, len(some))
                runs = [(run.name, run.dictionary, run.posts) for run in known].count(wanted_run)
                for _ in range(options.repeat - runs):
                    result = await run_entry(entry, some, catalogue, dictionary, broker)
                    kept.keep(options.results, result)
                    known.append(result)
                    print(line(result), file=sys.stderr, flush=True)
    return known


def dictionaries_for(options: argparse.Namespace, folder: Path) -> Iterator[tuple[str, Path]]:
    """The catalogues of a comparison, and what to call them."""
    small = folder / "small.yml"
    yield f"{dictionaries.shipped(small):,} names", small
    if options.names.is_file():
        large = folder / "large.yml"
        yield f"{dictionaries.companies(large, options.names, 50_000):,} names", large


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "--posts",
        type=Path,
        default=SHARED / "stream/weibo_statuses.ndjson.gz",
        help="NDJSON of Weibo statuses; the simulator's where absent",
    )
    parser.add_argument(
        "--names",
        type=Path,
        default=SHARED / "brands/Company-Shorter-Form_280k.txt.gz",
        help="list of names for the large dictionary; left out where absent",
    )
    parser.add_argument("--count", type=int, default=800_000, help="posts for each system")
    parser.add_argument("--plain-count", type=int, default=20_000, help="posts for plain Faust")
    parser.add_argument("--repeat", type=int, default=1, help="runs of each; medians are shown")
    parser.add_argument(
        "--only",
        default=USUAL,
        metavar="SYSTEM:WORKERS,...",
        help=f"what to run, of {', '.join(NAMES)}; %(default)s where nothing is said",
    )
    parser.add_argument(
        "--results",
        type=Path,
        default=kept.FILE,
        help="what was measured; nothing of it is measured again of the same commit (%(default)s)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON, every run a record")
    parser.add_argument(
        "--write",
        action="store_true",
        help="put all results of this commit into docs/performance.md, and the plot beside it",
    )
    parser.add_argument(
        "--against",
        metavar="COMMIT",
        help="leimo alone, beside the workers of another commit: the ratios of both",
    )
    parser.add_argument("--workers", type=int, default=2, help="with --against: of both")
    options = parser.parse_args()
    if options.against:
        from bench import against  # noqa: PLC0415 - it measures with what stands here

        against.main(options)
        return
    try:
        entries(options.only)
    except ValueError as error:
        parser.error(f"--only {error}")
    try:
        with ApacheKafka.start(quick=False) as broker:
            results = asyncio.run(compare(options, broker.address, is_kafka=True))
    except BrokerMissing as missing:
        print(f"{missing}\nusing the embedded broker instead, without peers", file=sys.stderr)
        with EmbeddedBroker.start() as embedded:
            results = asyncio.run(compare(options, embedded.address, is_kafka=False))
    if options.json:
        print(as_json(results).decode())
    else:
        print(report(medians(results)))
    if options.write:
        write(medians(results))


if __name__ == "__main__":
    main()
