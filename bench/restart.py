"""How long a worker takes to go on after a kill, with the state of many brands.

    python -m bench restart [--brands 50000] [--minutes 10]

Each brand is named once in each of so many minutes, spread over the two hours that the ring holds.
Then the worker is killed, and the time from its next start to the first step is measured: reading
the catalogue, taking the partitions over, reading the changelog.
"""

import argparse
import asyncio
import tempfile
import time
from pathlib import Path
from typing import Any

import aiohttp
import orjson
from prometheus_client.parser import text_string_to_metric_families

from bench import dictionaries
from bench.evaluate import tables
from bench.live import drained_s, until_ready, workers
from bench.report import put_into_page
from bench.runs import PARTITIONS, peak_mib, produce, rss_mib
from bench.throughput import SHARED
from catalogue.file import load
from catalogue.topic import publish
from kafka_io.brokers import ApacheKafka
from kafka_io.reading import PartitionReader
from kafka_io.settings import Settings
from kafka_io.topic_admin import apply_topics
from schemas.topics import BRANDS_CHANGELOG

RING_S = 7_000
READY_S = 300
POLL_S = 0.05


def posts_of(names: list[str], minutes: int, now_s: int) -> list[bytes]:
    """A status for each name and minute, in the order of their times."""
    return [
        orjson.dumps(
            {
                "id": minute * len(names) + number,
                "text": f"【{name}】真不错",
                "created_at": now_s - RING_S + minute * RING_S // minutes,
                "user": {"id": number, "screen_name": f"user {number}", "followers_count": 100},
            }
        )
        for minute in range(minutes)
        for number, name in enumerate(names)
    ]


async def gauge(url: str, name: str) -> float:
    async with aiohttp.ClientSession() as session, session.get(f"http://{url}/metrics") as answer:
        text = await answer.text()
    return sum(
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name
    )


async def run(options: argparse.Namespace, broker: str, catalogue_file: Path) -> dict[str, Any]:
    settings = Settings(broker=broker, group="bench-restart", partitions=PARTITIONS)
    catalogue = load(catalogue_file)
    await apply_topics(settings)
    await publish(settings, catalogue)
    names = [brand.name for brand in catalogue.brands]
    await produce(settings, posts_of(names, options.minutes, int(time.time())))
    with workers(settings, 1) as [(process, url)]:
        await until_ready(process, url)
        await drained_s(settings, rate=0)
        brands = await gauge(url, "leimo_brands")
        first_mib = rss_mib(process)
        process.kill()
        process.wait()
    async with PartitionReader(settings) as reader:
        bounds = await reader.bounds((BRANDS_CHANGELOG.name, p) for p in range(PARTITIONS))
        size = 0
        async for _, records in reader.read(bounds):
            size += sum(len(record.value or b"") for record in records)
    began_s = time.monotonic()
    with workers(settings, 1) as [(process, url)]:
        await until_ready(process, url)
        ready_s = time.monotonic() - began_s
        while (restored := await gauge(url, "leimo_brands")) != brands:
            if time.monotonic() - began_s > READY_S:
                raise SystemExit(f"{restored:.0f} of {brands:.0f} brands came back")
            await asyncio.sleep(POLL_S)
        mib, restored_mib = peak_mib(process), rss_mib(process)
    return {
        "names": len(names),
        "brands in the state": int(restored),
        "changelog records": sum(end - first for first, end in bounds.values()),
        "changelog MiB": round(size / (1 << 20)),
        "ready after s": round(ready_s, 1),
        "MiB before the kill": round(first_mib),
        "MiB after the start": round(restored_mib),
        "peak MiB": round(mib),
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench restart", description=__doc__)
    parser.add_argument(
        "--names", type=Path, default=SHARED / "brands/Company-Shorter-Form_280k.txt.gz"
    )
    parser.add_argument("--brands", type=int, default=50_000)
    parser.add_argument("--minutes", type=int, default=10, help="in which each brand is named")
    parser.add_argument("--write", action="store_true", help="put it into docs/performance.md")
    options = parser.parse_args()
    if not options.names.is_file():
        parser.error(f"{options.names} is absent; name another list with --names")
    with ApacheKafka.start(quick=False) as broker, tempfile.TemporaryDirectory() as folder:
        catalogue = Path(folder, "brands.yml")
        dictionaries.companies(catalogue, options.names, options.brands)
        found = asyncio.run(run(options, broker.address, catalogue))
    for name, value in found.items():
        print(f"{name:<20} {value}")
    if options.write:
        cells = [f"{value:,}" for value in found.values()]
        put_into_page("restart", tables.table(list(found), [cells]))


if __name__ == "__main__":
    main()
