"""`python -m bench delivery`: how quickly and with how much memory one `leimo deliver` delivers.

Webhooks without a limit of their own, on a local server; Apache Kafka on the same machine.
"""

import argparse
import asyncio
import multiprocessing
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web

from catalogue.topic import publish
from kafka_io.batches import BatchSender, Row
from kafka_io.brokers import ApacheKafka, free_port
from kafka_io.producers import started_producer
from kafka_io.settings import Settings
from kafka_io.topic_admin import apply_topics
from schemas.alert import Alert, AlertState
from schemas.catalogue import Brand, Catalogue, ReceivingChannel, Subscriber
from schemas.topics import ALERTS

ROOT = Path(__file__).resolve().parents[1]
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


def serve(port: int, taken: "Synchronized[int]", latencies: Any) -> None:
    """Take all, and note for how long each was under way since its alert was appended."""

    async def handle(request: web.Request) -> web.Response:
        body = await request.read()
        data = msgspec.json.decode(body)["data"]
        sent_ns = int(data["reason"] or 0)
        if sent_ns:
            latencies.put((time.time_ns() - sent_ns) / 1e6)
        with taken.get_lock():
            taken.value += 1
        return web.Response(status=204)

    app = web.Application()
    app.router.add_post("/{who}", handle)
    web.run_app(app, host="127.0.0.1", port=port, print=None, access_log=None)


def alert(number: int, brand: str, *, timed: bool = False) -> Alert:
    now_ns = time.time_ns()
    return Alert(
        id=f"{number:020x}", fingerprint=f"f{number}", rule="burst", kind="spike", brand=brand,
        state=AlertState.FIRING, severity=6, started_at_ms=now_ns // 1_000_000,
        updated_at_ms=now_ns // 1_000_000, seen=100.0, expected=10.0,
        reason=str(now_ns) if timed else "",
    )  # fmt: skip


def subscribers(count: int, brand: str) -> tuple[Subscriber, ...]:
    return tuple(
        Subscriber(
            id=f"{brand}-{at}", channel=ReceivingChannel.WEBHOOK, address="SUBSCRIBER_URL",
            secret="SUBSCRIBER_KEY", brands=(brand,), per_minute=6000, interval_min=0,
        )
        for at in range(count)
    )  # fmt: skip


@contextmanager
def delivering(settings: Settings, port: int) -> Iterator[int]:
    """The process's id."""
    environment = {
        **os.environ, "LEIMO_BROKER": settings.broker, "LEIMO_GROUP": settings.group,
        "LEIMO_PARTITIONS": str(settings.partitions), "LEIMO_METRICS_ADDRESS": "",
        "LEIMO_DELIVER_NETWORKS": "127.0.0.0/8", "SUBSCRIBER_KEY": "whsec_" + "A" * 40,
        "SUBSCRIBER_URL": f"http://127.0.0.1:{port}/x",
    }  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-m", "leimo", "deliver"], cwd=ROOT, env=environment
    )
    try:
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def memory_mib(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE / (1 << 20)


async def until(reached: Callable[[], bool], seconds: float) -> None:
    async with asyncio.timeout(seconds):
        while not reached():
            await asyncio.sleep(0.02)


async def measure(
    options: argparse.Namespace, broker: str, port: int, taken: Any, found: Any
) -> None:
    settings = Settings.load(broker=broker, partitions=8, group="bench-deliver")
    await apply_topics(settings)
    many = (*subscribers(50, "busy"), *subscribers(2, "quick"))
    many += subscribers(options.subscribers - len(many), "idle")
    brands = tuple(Brand(id=one, name=one) for one in ("busy", "quick", "idle"))
    await publish(settings, Catalogue(brands=brands, subscribers=many))
    producer = await started_producer(settings)
    sender = BatchSender(producer)

    async def tell(*alerts: Alert) -> None:
        rows = (
            Row(ALERTS.name, int(a.id, 16) % 8, a.id.encode(), msgspec.json.encode(a))
            for a in alerts
        )
        await sender.send(rows)
        await sender.flush()

    with delivering(settings, port) as pid:
        number = 0
        while not taken.value:  # the first start tells of alerts from then on
            number += 1
            await tell(alert(number, "quick"))
            await asyncio.sleep(0.2)
        await until(lambda: taken.value >= 2, 60)
        print(f"{options.subscribers:,} subscribers: {memory_mib(pid):.0f} MiB at rest")
        for _ in range(options.looks):
            number += 1
            await tell(alert(number, "quick", timed=True))
            await asyncio.sleep(0.3)
        wanted = 2 * options.looks
        latencies: list[float] = []
        while len(latencies) < wanted:
            latencies.append(await asyncio.to_thread(found.get, True, 60))
        cuts = statistics.quantiles(latencies, n=100)
        print(f"from `alerts` to the receiver: median {cuts[49]:.0f} ms, p99 {cuts[98]:.0f} ms")
        before, before_s, began_s = taken.value, cpu_s(pid), time.monotonic()
        await tell(*(alert(1_000_000 + n, "busy") for n in range(options.alerts)))
        count = 50 * options.alerts
        await until(lambda: taken.value >= before + count, 600)
        wall_s, used_s = time.monotonic() - began_s, cpu_s(pid) - before_s
        print(
            f"{count:,} deliveries: {count / wall_s:,.0f}/s on the clock, "
            f"{count / used_s:,.0f} in a second of one core; {memory_mib(pid):.0f} MiB then"
        )
    await producer.stop()


def main() -> None:
    """Measure, and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--subscribers", type=int, default=10_000)
    parser.add_argument("--alerts", type=int, default=200, help="for 50 subscribers each")
    parser.add_argument("--looks", type=int, default=100, help="alerts that are timed")
    options = parser.parse_args()
    taken, port = multiprocessing.Value("i", 0), free_port()
    found: multiprocessing.Queue[float] = multiprocessing.Queue()
    server = multiprocessing.Process(target=serve, args=(port, taken, found), daemon=True)
    server.start()
    try:
        with ApacheKafka.start() as broker:
            asyncio.run(measure(options, broker.address, port, taken, found))
    finally:
        server.terminate()
