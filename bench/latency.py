"""How long from the append of a post to what it causes, at a steady rate and through a burst.

    python -m bench latency [--rate 5000] [--seconds 60]
    python -m bench latency --burst 30000 --burst-seconds 60 --rate 1000

One Apache Kafka, one or several workers, and a feed of simulated posts in this process. Every few
seconds the feed adds six posts that name a brand together with a crisis word; the time from their
append to the alert, as a reader of committed records sees it, is the alert's latency. The time
from append to the commit of the count is the workers' own metric.
"""

import argparse
import asyncio
import itertools
import os
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import aiohttp
import orjson
from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient
from prometheus_client.parser import text_string_to_metric_families

from bench.runs import ROOT, cpu_s_of, peak_mib
from catalogue.file import SHIPPED, load
from catalogue.topic import publish
from feeds.simulate.stream import Simulation
from feeds.sinks import Connection, TopicSink
from feeds.source import DuePost
from kafka_io.brokers import ApacheKafka, free_port
from kafka_io.clients import client_options
from kafka_io.reading import PartitionReader
from kafka_io.settings import Settings
from kafka_io.topic_admin import apply_topics
from schemas.alert import AlertState
from schemas.post import Source
from schemas.rules import CrisisRule, RuleKind
from schemas.topics import ALERTS, MENTIONS, POSTS_RAW

SLICE_S = 0.05
CRISIS_EVERY_S = 2.037
"""No multiple of the tick: every phase of it is met."""
CRISIS_POSTS = 6
WARM_S = 15
DRAIN_S = 300
_TEMPLATES = 20_000


class Load(NamedTuple):
    """Posts a second over a time."""

    rate: float
    seconds: float


class Feed:
    """Simulated posts with new ids and the time of now, sent as they fall due."""

    def __init__(self, sink: TopicSink, brands: Iterable[tuple[str, str]], word: str) -> None:
        self._sink = sink
        self._templates = itertools.cycle(_templates())
        self._brands = iter(brands)
        self._word = word
        self._ids = itertools.count(1)
        self.appended_s: dict[str, float] = {}
        """When the crisis posts of a brand were acknowledged to stand in `posts.raw`."""
        self.sent = 0

    async def run(self, load: Load, *, has_crises: bool) -> None:
        began_s = time.monotonic()
        sent, next_crisis_s = 0, CRISIS_EVERY_S
        while (elapsed_s := time.monotonic() - began_s) < load.seconds:
            due = int(load.rate * elapsed_s) - sent
            created_at = _weibo_time(time.time())
            await self._send([self._again(created_at) for _ in range(due)])
            sent += due
            if has_crises and elapsed_s >= next_crisis_s:
                next_crisis_s += CRISIS_EVERY_S
                await self._crisis(created_at)
            await asyncio.sleep(max(0.0, SLICE_S - (time.monotonic() - began_s - elapsed_s)))
        await self._sink.flush()

    async def _crisis(self, created_at: str) -> None:
        brand, name = next(self._brands)
        posts = [self._again(created_at, f"{name}{self._word}") for _ in range(CRISIS_POSTS)]
        appended_s = time.time()
        await self._send(posts)
        await self._sink.flush()
        self.appended_s[brand] = appended_s

    async def _send(self, posts: list[DuePost]) -> None:
        self.sent += len(posts)
        await self._sink.send(posts, int(time.time() * 1000))

    def _again(self, created_at: str, text: str | None = None) -> DuePost:
        number = next(self._ids)
        status = next(self._templates)
        author = f"{number}" if text else status["user"]["id"]
        changed = {"id": number, "mid": str(number), "idstr": str(number), "created_at": created_at}
        if text:
            changed |= {"text": text, "user": status["user"] | {"id": number}}
        return DuePost(0, str(author).encode(), orjson.dumps(status | changed))


def _templates() -> list[dict[str, Any]]:
    simulation = Simulation(
        start_ms=int(time.time() * 1000), rate=5000, seed=1, is_rhythmic=False, broken_share=0,
        event_gap_s=1e9, first_event_s=1e9,
    )  # fmt: skip
    posts = itertools.chain.from_iterable(simulation.batches())
    return [orjson.loads(post.value) for post in itertools.islice(posts, _TEMPLATES)]


def _weibo_time(now_s: float) -> str:
    return time.strftime("%a %b %d %H:%M:%S +0000 %Y", time.gmtime(now_s))


async def alerts_seen(settings: Settings, seen_s: dict[str, float]) -> None:
    """Note when the first crisis alert of each brand can be read, until cancelled."""
    consumer = AIOKafkaConsumer(
        ALERTS.name, **client_options(settings), isolation_level="read_committed",
        auto_offset_reset="earliest", fetch_max_wait_ms=50,
    )  # fmt: skip
    async with consumer:
        async for record in consumer:
            alert = orjson.loads(record.value)
            if alert["kind"] == RuleKind.CRISIS.value and alert["state"] == AlertState.FIRING.value:
                seen_s.setdefault(alert["brand"], time.time())


async def lag(settings: Settings) -> int:
    """Records of both topics that are not committed yet."""
    sources = [
        (topic.name, p) for topic in (POSTS_RAW, MENTIONS) for p in range(settings.partitions)
    ]
    async with PartitionReader(settings) as reader:
        bounds = await reader.bounds(sources)
    admin = AIOKafkaAdminClient(**client_options(settings))
    await admin.start()
    try:
        committed = await admin.list_consumer_group_offsets(settings.group)
    finally:
        await admin.close()
    done = {(tp.topic, tp.partition): max(0, at.offset) for tp, at in committed.items()}
    return sum(max(0, end - done.get(source, first)) for source, (first, end) in bounds.items())


async def drained_s(settings: Settings, rate: float) -> float:
    """Seconds until no more waits than one second of the base rate brings."""
    began_s = time.monotonic()
    while await lag(settings) > rate:
        if time.monotonic() - began_s > DRAIN_S:
            raise SystemExit(f"the lag is not gone after {DRAIN_S} s")
        await asyncio.sleep(0.5)
    return time.monotonic() - began_s


async def counted_within(urls: list[str]) -> Counter[float]:
    """Upper bounds in seconds, and how many commits of counts were within each after the append."""
    counts: Counter[float] = Counter()
    async with aiohttp.ClientSession() as session:
        for url in urls:
            async with session.get(f"http://{url}/metrics") as answer:
                text = await answer.text()
            for family in text_string_to_metric_families(text):
                for sample in family.samples:
                    if (
                        sample.name == "leimo_latency_seconds_bucket"
                        and sample.labels["stage"] == "measure"
                    ):
                        bound = float(sample.labels["le"])
                        counts[bound] += int(sample.value)
    return counts


def _quantile(counts: Counter[float], share: float) -> float:
    """As Prometheus' `histogram_quantile`."""
    cumulated = sorted(counts.items())
    rank = share * cumulated[-1][1]
    below, below_count = 0.0, 0.0
    for bound, count in cumulated:
        if count >= rank and count > below_count:
            if bound == float("inf"):
                return below
            return below + (bound - below) * (rank - below_count) / (count - below_count)
        below, below_count = bound, count
    return below


@contextmanager
def workers(settings: Settings, count: int) -> Iterator[list[tuple[subprocess.Popen[bytes], str]]]:
    """Workers, each with the address of its metrics."""
    running = []
    try:
        for number in range(count):
            url = f"127.0.0.1:{free_port()}"
            environment = {
                "LEIMO_BROKER": settings.broker, "LEIMO_GROUP": settings.group,
                "LEIMO_PARTITIONS": str(settings.partitions), "LEIMO_METRICS_ADDRESS": url,
                "LEIMO_INSTANCE": f"worker-{number}", "LEIMO_LOG_LEVEL": "WARNING",
            }  # fmt: skip
            command = [sys.executable, "-m", "leimo", "worker"]
            process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **environment})
            running.append((process, url))
        yield running
    finally:
        for process, _ in running:
            process.terminate()
        for process, _ in running:
            process.wait(20)


async def run(options: argparse.Namespace, broker: str) -> dict[str, Any]:
    settings = Settings(broker=broker, group="bench-latency", partitions=8)
    await apply_topics(settings)
    catalogue = load(SHIPPED)
    await publish(settings, catalogue)
    word = next(rule.words[0] for rule in catalogue.rules if isinstance(rule, CrisisRule))
    brands = [(brand.id, brand.name) for brand in catalogue.brands if not brand.ambiguous]
    seen_s: dict[str, float] = {}
    with workers(settings, options.workers) as running:
        async with Connection(settings, Source.WEIBO) as sink:
            feed = Feed(sink, brands, word)
            await feed.run(Load(options.rate, WARM_S), has_crises=False)
            await drained_s(settings, options.rate)
            watching = asyncio.create_task(alerts_seen(settings, seen_s))
            processes = [process for process, _ in running]
            urls = [url for _, url in running]
            counted_before = await counted_within(urls)
            began_s, before, cpu_s = time.monotonic(), feed.sent, cpu_s_of(processes)
            await feed.run(Load(options.rate, options.seconds), has_crises=True)
            took_s = time.monotonic() - began_s
            cores = (cpu_s_of(processes) - cpu_s) / took_s
            await asyncio.sleep(5)
            counted = await counted_within(urls)
            counted.subtract(counted_before)
            result: dict[str, Any] = {
                "posts_per_s": round((feed.sent - before) / took_s),
                "cores": round(cores, 2),
                "counted_p50_s": round(_quantile(counted, 0.5), 3),
                "counted_p99_s": round(_quantile(counted, 0.99), 3),
            } | alert_latency(feed.appended_s, seen_s)
            if options.burst:
                result |= await burst(options, settings, feed)
            watching.cancel()
        result["peak_mib"] = round(max(peak_mib(process) for process, _ in running))
    return result


def alert_latency(appended_s: dict[str, float], seen_s: dict[str, float]) -> dict[str, Any]:
    """Of the crises: how many had an alert, and after how long."""
    took_s = sorted(seen_s[brand] - at_s for brand, at_s in appended_s.items() if brand in seen_s)
    if len(took_s) < 2:
        return {"crises": len(appended_s), "alerts": len(took_s)}
    return {
        "crises": len(appended_s),
        "alerts": len(took_s),
        "alert_p50_s": round(statistics.median(took_s), 3),
        "alert_p99_s": round(statistics.quantiles(took_s, n=100, method="inclusive")[98], 3),
        "alert_max_s": round(took_s[-1], 3),
    }


async def burst(options: argparse.Namespace, settings: Settings, feed: Feed) -> dict[str, Any]:
    """The burst over the base rate, and how long the lag takes to go."""
    began_s, before = time.monotonic(), feed.sent
    await feed.run(Load(options.burst, options.burst_seconds), has_crises=False)
    rate = (feed.sent - before) / (time.monotonic() - began_s)
    waiting = await lag(settings)
    base = asyncio.create_task(feed.run(Load(options.rate, DRAIN_S), has_crises=False))
    gone_s = await drained_s(settings, options.rate)
    base.cancel()
    return {
        "burst_posts_per_s": round(rate),
        "burst_lag_records": waiting,
        "burst_lag_gone_s": round(gone_s, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench latency", description=__doc__)
    parser.add_argument("--rate", type=float, default=5000, help="posts a second")
    parser.add_argument("--seconds", type=float, default=60, help="at the steady rate")
    parser.add_argument("--burst", type=float, default=0, help="posts a second of a burst after it")
    parser.add_argument("--burst-seconds", type=float, default=60)
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args()
    with ApacheKafka.start(quick=False) as broker:
        found = asyncio.run(run(options, broker.address))
    for name, value in found.items():
        print(f"{name:<20} {value}")


if __name__ == "__main__":
    main()
