"""Posts a second through all stages: leimo, plain Faust, leimo's peers, and the analysis alone.

On one broker, in one run, over the same posts; `python -m bench --help`.
"""

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path

from analysis.shipped import analyser_of
from bench import dictionaries, plain_faust_topics
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
NOT_PEERS = ("analysis", "leimo", "plain")

Peer = Callable[[Settings, Path, int], System]
"""Settings, catalogue, workers: as many processes or threads."""


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
        float("nan"),
        mentions,
        0,
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
    system = System(
        _named("leimo", workers), command, environment, processes=workers, folder=folder
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
    system = System("plain Faust", command, environment)
    return await measure(system, dictionary, settings, posts)


async def run_peer(
    peer: Peer, posts: list[bytes], catalogue: Path, dictionary: str, broker: str, workers: int
) -> Result:
    settings = await empty_broker(broker)
    await topics.create(settings)
    await produce(settings, posts)
    system = peer(settings, catalogue, workers)
    system = system._replace(name=_named(system.name, workers))
    return await measure(system, dictionary, settings, posts)


def _named(name: str, workers: int) -> str:
    return name if workers == 1 else f"{name}, {workers} workers"


PEERS: dict[str, tuple[Callable[[], str | None], Peer]] = {
    "quix": (quix.missing, quix.system),
    "kafka-streams": (java.missing, java.kafka_streams("at_least_once")),
    "kafka-streams-eos": (java.missing, java.kafka_streams("exactly_once_v2")),
    "flink": (java.missing, java.flink("at_least_once")),
    "flink-eos": (java.missing, java.flink("exactly_once")),
}
"""What a peer lacks here, and how it is started."""


def peers(wanted: list[str]) -> list[Peer]:
    """The peers that can run here; says of the others what is missing."""
    found = []
    for key, (missing, peer) in PEERS.items():
        if key in wanted:
            if told := missing():
                print(f"{key}: {told}", file=sys.stderr)
            else:
                found.append(peer)
    return found


async def compare(options: argparse.Namespace, broker: str, *, is_kafka: bool) -> list[Result]:
    posts = posts_for(options.posts, options.count)
    wanted = options.systems.split(",")
    found = peers(wanted) if is_kafka else []
    results: list[Result] = []

    def keep(result: Result) -> None:
        results.append(result)
        print(line(result), file=sys.stderr, flush=True)

    with tempfile.TemporaryDirectory() as folder:
        for dictionary, catalogue in dictionaries_for(options, Path(folder)):
            for _ in range(options.repeat):
                if "analysis" in wanted:
                    keep(analysis_alone(posts, catalogue, dictionary))
                for workers in range(1, options.workers + 1) if "leimo" in wanted else ():
                    keep(await run_leimo(posts, catalogue, dictionary, broker, workers))
                for peer, workers in product(found, range(1, options.workers + 1)):
                    keep(await run_peer(peer, posts, catalogue, dictionary, broker, workers))
                if "plain" in wanted:
                    plain = posts[: options.plain_count]
                    keep(await run_plain_faust(plain, catalogue, dictionary, broker))
    return results


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
    parser.add_argument("--workers", type=int, default=1, help="up to so many of each system")
    parser.add_argument("--repeat", type=int, default=1, help="runs of each; medians are shown")
    parser.add_argument(
        "--systems",
        default=",".join((*NOT_PEERS, *PEERS)),
        help="what to run, of %(default)s",
    )
    parser.add_argument("--json", action="store_true", help="print JSON, every run a record")
    parser.add_argument(
        "--report",
        type=Path,
        metavar="FOLDER",
        help="write throughput.md and throughput.svg there as well",
    )
    parser.add_argument(
        "--against",
        metavar="COMMIT",
        help="leimo alone, beside the workers of another commit: the ratios of both",
    )
    options = parser.parse_args()
    if options.against:
        from bench import against  # noqa: PLC0415 - it measures with what stands here

        against.main(options)
        return
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
    if options.report:
        write(medians(results), options.report)


if __name__ == "__main__":
    main()
