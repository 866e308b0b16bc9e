"""What one machine does live: posts whose event time is now, at one rate after the other.

    python -m bench live [--rates 3000,32312,3000] [--seconds 60] [--brands 50000] [--workers 2]

One Apache Kafka, one or several workers, and in this process a feed of real posts, with new ids and
the time of now. Every few seconds the feed adds six posts that name a brand together with a crisis
word; the time from their append to the alert, as a reader of committed records sees it, is the
alert's latency. The time from append to the commit of the count is the workers' own metric. A
window's latency counts from the earliest moment at which it may close.

In the end one worker is killed under the last rate and started again at once.
"""

import argparse
import asyncio
import itertools
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence, Set
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import aiohttp
import msgspec
import orjson
from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient
from prometheus_client.parser import text_string_to_metric_families

from bench import dictionaries
from bench.evaluate import tables
from bench.posts import posts_for
from bench.report import put_into_page
from bench.runs import PARTITIONS, ROOT, cpu_s_of, peak_mib, rss_mib
from bench.throughput import SHARED
from catalogue.file import SHIPPED, load
from catalogue.topic import publish
from feeds.sinks import Connection, TopicSink
from feeds.source import DuePost
from kafka_io.brokers import ApacheKafka, free_port
from kafka_io.clients import client_options
from kafka_io.reading import PartitionReader
from kafka_io.settings import Settings
from kafka_io.topic_admin import apply_topics
from schemas.alert import AlertState
from schemas.catalogue import Catalogue
from schemas.post import Source
from schemas.rules import CrisisRule, RuleKind
from schemas.topics import ALERTS, MENTIONS, POSTS_RAW, WINDOWS

SLICE_S = 0.05
CRISIS_EVERY_S = 2.037
"""No multiple of the tick: every phase of it is met."""
CRISIS_POSTS = 6
WARM_S = 20
DRAIN_S = 300
READY_S = 300
SETTLE_S = 3
ALERTS_S = 15
"""An alert that cannot be seen so long after all is counted does not come."""
_TEMPLATES = 100_000
_CREATED_AT = re.compile(rb'(?<="created_at":")[^"]+')
_ID = re.compile(rb'(?<="idstr":")[^"]+')


class Load(NamedTuple):
    """Posts a second over a time."""

    rate: float
    seconds: float


class Seen(NamedTuple):
    """What readers of committed records saw, and when."""

    alerts_s: dict[str, float]
    """When the first crisis alert of a brand could be read."""
    windows_s: list[float]
    """How long after the earliest moment of its closing each window could be read."""


class Template(NamedTuple):
    """A post without its id and its time."""

    pieces: tuple[bytes, bytes, bytes]
    is_id_first: bool


def templates(posts: Iterable[bytes]) -> list[Template]:
    """Posts that lack an id or a time are left out.

    >>> templates([b'{"created_at":"Sun","idstr":"7"}', b"{}"])
    [Template(pieces=(b'{"created_at":"', b'","idstr":"', b'"}'), is_id_first=False)]
    """
    found = []
    for post in posts:
        ident, at = _ID.search(post), _CREATED_AT.search(post)
        if ident and at:
            first, second = sorted((ident, at), key=lambda one: one.start())
            pieces = (
                post[: first.start()], post[first.end() : second.start()], post[second.end() :]
            )  # fmt: skip
            found.append(Template(pieces, first is ident))
    return found


class Feed:
    """Posts with new ids and the time of now, sent as they fall due."""

    def __init__(
        self,
        sink: TopicSink,
        posts: Sequence[Template],
        brands: Iterable[tuple[str, str]],
        word: str,
        seen: Seen,
    ) -> None:
        self._sink = sink
        self._templates = itertools.cycle(posts)
        self._brands = iter(brands)
        self._word = word
        self._seen = seen
        self._ids = itertools.count(1)
        self.appended_s: dict[str, float] = {}
        """When the crisis posts of a brand were acknowledged to stand in `posts.raw`."""
        self.sent = 0

    async def run(self, load: Load) -> None:
        began_s = time.monotonic()
        sent, next_crisis_s = 0, CRISIS_EVERY_S
        while (elapsed_s := time.monotonic() - began_s) < load.seconds:
            due = int(load.rate * elapsed_s) - sent
            created_at = _weibo_time(time.time())
            await self._send([self._again(created_at) for _ in range(due)])
            sent += due
            if elapsed_s >= next_crisis_s:
                next_crisis_s += CRISIS_EVERY_S
                await self._crisis(created_at)
            await asyncio.sleep(max(0.0, SLICE_S - (time.monotonic() - began_s - elapsed_s)))
        await self._sink.flush()

    async def _crisis(self, created_at: bytes) -> None:
        brand, name = next(one for one in self._brands if one[0] not in self._seen.alerts_s)
        posts = []
        for _ in range(CRISIS_POSTS):
            number = next(self._ids)
            status = {
                "idstr": str(number),
                "created_at": created_at.decode(),
                "text": f"【{name}】{self._word}",
                "user": {"id": number, "screen_name": f"user {number}", "followers_count": 100},
            }
            posts.append(DuePost(0, b"%d" % number, orjson.dumps(status)))
        appended_s = time.time()
        await self._send(posts)
        await self._sink.flush()
        self.appended_s[brand] = appended_s

    async def _send(self, posts: list[DuePost]) -> None:
        self.sent += len(posts)
        await self._sink.send(posts, int(time.time() * 1000))

    def _again(self, created_at: bytes) -> DuePost:
        ident = b"%d" % next(self._ids)
        (before, between, after), is_id_first = next(self._templates)
        first, second = (ident, created_at) if is_id_first else (created_at, ident)
        return DuePost(0, ident, b"".join((before, first, between, second, after)))


def _weibo_time(now_s: float) -> bytes:
    return time.strftime("%a %b %d %H:%M:%S +0000 %Y", time.gmtime(now_s)).encode()


async def watch(settings: Settings, seen: Seen) -> None:
    """Note when each window and the first crisis alert of each brand can be read; never ends."""
    closes_after_s = settings.disorder_s + settings.grace_s
    consumer = AIOKafkaConsumer(
        ALERTS.name, WINDOWS.name, **client_options(settings), isolation_level="read_committed",
        auto_offset_reset="earliest", fetch_max_wait_ms=50,
    )  # fmt: skip
    async with consumer:
        async for record in consumer:
            if record.topic == WINDOWS.name:
                window = orjson.loads(record.value)
                if not window.get("revision"):
                    end_s = (window["start_ms"] + window["size_ms"]) / 1000
                    seen.windows_s.append(time.time() - end_s - closes_after_s)
                continue
            alert = orjson.loads(record.value)
            if alert["kind"] == RuleKind.CRISIS.value and alert["state"] == AlertState.FIRING.value:
                seen.alerts_s.setdefault(alert["brand"], time.time())


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


def quantile(counts: Counter[float], share: float) -> float:
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


def start_worker(settings: Settings, number: int, url: str) -> subprocess.Popen[bytes]:
    """A worker with a stable name, whose metrics are at the address."""
    environment = {
        "LEIMO_BROKER": settings.broker, "LEIMO_GROUP": settings.group,
        "LEIMO_PARTITIONS": str(settings.partitions), "LEIMO_METRICS_ADDRESS": url,
        "LEIMO_INSTANCE": f"worker-{number}", "LEIMO_LOG_LEVEL": "WARNING",
    }  # fmt: skip
    command = [sys.executable, "-m", "leimo", "worker"]
    return subprocess.Popen(command, cwd=ROOT, env={**os.environ, **environment})


@contextmanager
def workers(settings: Settings, count: int) -> Iterator[list[tuple[subprocess.Popen[bytes], str]]]:
    """Workers, each with the address of its metrics; the caller may put others in their places."""
    running = []
    try:
        for number in range(count):
            url = f"127.0.0.1:{free_port()}"
            running.append((start_worker(settings, number, url), url))
        yield running
    finally:
        for process, _ in running:
            process.terminate()
        for process, _ in running:
            process.wait(20)


async def until_ready(process: subprocess.Popen[bytes], url: str) -> None:
    """Wait until the worker owns its partitions."""
    deadline = time.monotonic() + READY_S
    async with aiohttp.ClientSession() as session:
        while time.monotonic() < deadline and process.poll() is None:
            with suppress(aiohttp.ClientError):
                async with session.get(f"http://{url}/health") as answer:
                    if answer.status == 200:
                        return
            await asyncio.sleep(SLICE_S)
    raise SystemExit(f"the worker is not ready after {READY_S} s, or ended")


class Bench:
    """The workers, the feed, and what is seen of them."""

    def __init__(
        self,
        settings: Settings,
        feed: Feed,
        seen: Seen,
        running: list[tuple[subprocess.Popen[bytes], str]],
        base_rate: float,
    ) -> None:
        self._settings = settings
        self._feed = feed
        self._seen = seen
        self._running = running
        self._base_rate = base_rate

    async def at(self, load: Load) -> dict[str, str]:
        """A row of the table: the rate, then the lowest one until nothing waits any more."""
        urls = [url for _, url in self._running]
        processes = [process for process, _ in self._running]
        counted_before, windows_before = await counted_within(urls), len(self._seen.windows_s)
        crises_before, sent_before = set(self._feed.appended_s), self._feed.sent
        began_s, cpu_s = time.monotonic(), cpu_s_of(processes)
        own_cpu_s = time.process_time()
        await self._feed.run(load)
        took_s, sent = time.monotonic() - began_s, self._feed.sent - sent_before
        cpu_s, own_cpu_s = cpu_s_of(processes) - cpu_s, time.process_time() - own_cpu_s
        waiting = await lag(self._settings)
        gone_s = await self._until_drained(self._feed.appended_s.keys() - crises_before)
        counted = await counted_within(urls)
        counted.subtract(counted_before)
        crises = {
            brand: at_s
            for brand, at_s in self._feed.appended_s.items()
            if brand not in crises_before
        }
        alerts_s = [
            self._seen.alerts_s[one] - at_s
            for one, at_s in crises.items()
            if one in self._seen.alerts_s
        ]
        return {
            "posts/s": f"{sent / took_s:,.0f}",
            "waiting at its end": f"{waiting:,}",
            "gone after": f"{gone_s:.1f} s",
            "counted p50 / p99": f"{quantile(counted, 0.5):.2f} / {quantile(counted, 0.99):.2f} s",
            "alert p50 / p99": f"{_p50_p99(alerts_s)} ({len(alerts_s)} of {len(crises)})",
            "window p50 / p99": _p50_p99(self._seen.windows_s[windows_before:]),
            "cores: workers, feed": f"{cpu_s / took_s:.2f}, {own_cpu_s / took_s:.2f}",
            "MiB of the workers": " + ".join(f"{rss_mib(process):.0f}" for process in processes),
        }

    async def _until_drained(self, crises: Set[str]) -> float:
        """Until nothing waits, and the crises have their alerts; returns the former's seconds."""
        base = asyncio.create_task(self._feed.run(Load(self._base_rate, DRAIN_S)))
        try:
            gone_s = await drained_s(self._settings, self._base_rate)
            deadline = time.monotonic() + ALERTS_S
            while crises - self._seen.alerts_s.keys() and time.monotonic() < deadline:
                await asyncio.sleep(SLICE_S)
        finally:
            base.cancel()
            await asyncio.gather(base, return_exceptions=True)
        return gone_s

    async def restart(self, rate: float) -> str:
        """Kill the first worker under a rate, and start it again at once."""
        base = asyncio.create_task(self._feed.run(Load(rate, DRAIN_S)))
        try:
            await asyncio.sleep(SETTLE_S)
            process, url = self._running[0]
            process.kill()
            process.wait()
            began_s = time.monotonic()
            self._running[0] = (start_worker(self._settings, 0, url), url)
            await until_ready(*self._running[0])
            ready_s = time.monotonic() - began_s
            await drained_s(self._settings, rate)
            gone_s = time.monotonic() - began_s
        finally:
            base.cancel()
            await asyncio.gather(base, return_exceptions=True)
        peaks = " + ".join(f"{peak_mib(process):.0f}" for process, _ in self._running)
        return (
            f"A worker killed under {rate:,.0f} posts/s and started again at once owned its "
            f"partitions after {ready_s:.1f} s; no more than a second's posts waited after "
            f"{gone_s:.1f} s. Most memory: {peaks} MiB."
        )


def _p50_p99(took_s: list[float]) -> str:
    if len(took_s) < 2:
        return "none"
    p99 = statistics.quantiles(took_s, n=100, method="inclusive")[98]
    return f"{statistics.median(took_s):.2f} / {p99:.2f} s"


async def run(
    options: argparse.Namespace, catalogue: Catalogue, broker: str
) -> tuple[list[dict[str, str]], str]:
    settings = Settings(broker=broker, group="bench-live", partitions=PARTITIONS)
    await apply_topics(settings)
    await publish(settings, catalogue)
    word = next(rule.words[0] for rule in catalogue.rules if isinstance(rule, CrisisRule))
    brands = [(brand.id, brand.name) for brand in catalogue.brands if not brand.ambiguous]
    posts = templates(posts_for(options.posts, _TEMPLATES))
    seen = Seen({}, [])
    rows = []
    with workers(settings, options.workers) as running:
        for process, url in running:
            await until_ready(process, url)
        async with Connection(settings, Source.WEIBO) as sink:
            watching = asyncio.create_task(watch(settings, seen))
            feed = Feed(sink, posts, brands, word, seen)
            bench = Bench(settings, feed, seen, running, min(options.rates))
            await feed.run(Load(min(options.rates), WARM_S))
            for rate in options.rates:
                rows.append(
                    {"offered": f"{rate:,.0f}"} | await bench.at(Load(rate, options.seconds))
                )
                print(rows[-1], file=sys.stderr, flush=True)
            restarted = await bench.restart(options.rates[-1])
            watching.cancel()
    return rows, restarted


def catalogue_of_size(brands: int, names: Path) -> Catalogue:
    """The shipped one for 0; else so many companies, and the shipped rules that watch all."""
    shipped = load(SHIPPED)
    if not brands:
        return shipped
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "brands.yml")
        dictionaries.companies(path, names, brands)
        rules = tuple(rule for rule in shipped.rules if not rule.brands and not rule.trades)
        return msgspec.structs.replace(load(path), rules=rules)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench live", description=__doc__)
    parser.add_argument("--posts", type=Path, default=SHARED / "stream/weibo_statuses.ndjson.gz")
    parser.add_argument(
        "--names", type=Path, default=SHARED / "brands/Company-Shorter-Form_280k.txt.gz"
    )
    parser.add_argument(
        "--rates",
        type=lambda words: [float(word) for word in words.split(",")],
        default=[3_000, 32_312, 3_000],
        help="posts a second, one after the other (%(default)s)",
    )
    parser.add_argument("--seconds", type=float, default=60, help="at each rate")
    parser.add_argument("--brands", type=int, default=50_000, help="0: the shipped catalogue")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--write", action="store_true", help="put it into docs/performance.md")
    options = parser.parse_args()
    if options.brands and not options.names.is_file():
        parser.error(f"{options.names} is absent; name another list with --names, or --brands 0")
    catalogue = catalogue_of_size(options.brands, options.names)
    with ApacheKafka.start(quick=False) as broker:
        rows, restarted = asyncio.run(run(options, catalogue, broker.address))
    brands = f"{len(catalogue.brands):,} brands"
    of = f"{brands}, {options.workers} workers, {options.seconds:.0f} s at each rate."
    table = tables.table(list(rows[0]), [list(row.values()) for row in rows])
    text = f"{of}\n\n{table}\n\n{restarted}"
    print(text)
    if options.write:
        put_into_page("live", text)


if __name__ == "__main__":
    main()
