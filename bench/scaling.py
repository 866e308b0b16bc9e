"""How cost grows: with workers, partitions, names, and brands in the state.

    python -m bench scaling [--write]

leimo alone, on one Apache Kafka, over the same posts; each row changes one thing.
"""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from bench import dictionaries
from bench.evaluate import tables
from bench.posts import posts_for
from bench.report import line, put_into_page, report
from bench.runs import PARTITIONS, Result
from bench.throughput import SHARED, analysis_alone, run_leimo
from kafka_io.brokers import ApacheKafka

WORKERS = (1, 2, 4)
PARTITION_COUNTS = (4, 16, 64)
NAMES = (1_000, 50_000, 200_000)


async def run(options: argparse.Namespace, broker: str, folder: Path) -> list[Result]:
    posts = posts_for(options.posts, options.count)
    catalogues = {}
    for count in NAMES:
        path = folder / f"{count}.yml"
        catalogues[f"{dictionaries.companies(path, options.names, count):,} names"] = path
    results: list[Result] = []

    def keep(result: Result, name: str = "") -> None:
        results.append(result._replace(name=name or result.name))
        print(line(results[-1]), file=sys.stderr, flush=True)

    middle, catalogue = list(catalogues.items())[1]
    for workers in WORKERS:
        keep(await run_leimo(posts, catalogue, middle, broker, workers))
    for partitions in PARTITION_COUNTS:
        result = await run_leimo(posts, catalogue, middle, broker, partitions=partitions)
        keep(result, name=f"leimo, {partitions} partitions")
    for names, path in catalogues.items():
        keep(analysis_alone(posts, path, names))
        if names != middle:
            keep(await run_leimo(posts, path, names, broker), name="leimo, 1 worker")
    return results


def table(results: list[Result]) -> str:
    """For docs/performance.md."""
    head = ["", "names", "mentions a post", "posts/s", "CPU µs a post", "peak MiB of a worker"]
    rows = [
        [
            one.name,
            one.dictionary.removesuffix(" names"),
            f"{one.mentions / one.posts:.2f}",
            f"{one.posts_per_s:,.0f}",
            f"{one.cpu_us_per_post:,.1f}",
            f"{one.peak_mib:,.0f}" if one.peak_mib else "",
        ]
        for one in results
    ]
    return tables.table(head, rows)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench scaling", description=__doc__)
    parser.add_argument("--posts", type=Path, default=SHARED / "stream/weibo_statuses.ndjson.gz")
    parser.add_argument(
        "--names", type=Path, default=SHARED / "brands/Company-Shorter-Form_280k.txt.gz"
    )
    parser.add_argument("--count", type=int, default=400_000, help="posts for each run")
    parser.add_argument("--write", action="store_true", help="put it into docs/performance.md")
    options = parser.parse_args()
    for path in (options.posts, options.names):
        if not path.is_file():
            parser.error(f"{path} is absent; name another with --posts or --names")
    with ApacheKafka.start(quick=False) as broker, tempfile.TemporaryDirectory() as folder:
        results = asyncio.run(run(options, broker.address, Path(folder)))
    usual = f"{PARTITIONS} partitions and 1 worker where nothing else is said"
    print(f"{usual}\n{report(results)}")
    if options.write:
        put_into_page("scaling", f"{options.count:,} posts, {usual}.\n\n{table(results)}")


if __name__ == "__main__":
    main()
