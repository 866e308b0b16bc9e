"""Two commits side by side: the working tree, and another commit, over the same posts in one run.

Machines are noisy from one minute to the next, so the two take turns, and what counts is the ratio
of each pair.
"""

import argparse
import asyncio
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import NamedTuple

import orjson

from bench.evaluate import tables
from bench.posts import posts_for
from bench.report import line, put_into_page
from bench.runs import ROOT, Result
from bench.throughput import dictionaries_for, run_leimo
from kafka_io.brokers import ApacheKafka


class Pair(NamedTuple):
    """One run of each, one right after the other."""

    before: Result
    now: Result


@contextmanager
def checked_out(commit: str) -> Iterator[Path]:
    """A folder with the tree of a commit; it is gone at the end.

    Raises:
        SystemExit: there is no such commit.
    """
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder, "tree")
        added = subprocess.run(
            ["git", "worktree", "add", "--quiet", "--detach", str(tree), commit],
            cwd=ROOT,
            check=False,
            capture_output=True,
            text=True,
        )
        if added.returncode:
            raise SystemExit(f"--against {commit}: {added.stderr.strip()}")
        try:
            yield tree
        finally:
            subprocess.run(
                ["git", "worktree", "remove", "--force", str(tree)], cwd=ROOT, check=True
            )


def pairs_of(options: argparse.Namespace) -> list[Pair]:
    """Run both commits `--repeat` times with each catalogue; who is first takes turns."""
    posts = posts_for(options.posts, options.count)
    found: list[Pair] = []
    with (
        checked_out(options.against) as tree,
        tempfile.TemporaryDirectory() as folder,
        ApacheKafka.start(quick=False) as broker,
    ):

        def run(dictionary: str, catalogue: Path, at: Path) -> Result:
            result = asyncio.run(
                run_leimo(posts, catalogue, dictionary, broker.address, options.workers, folder=at)
            )
            result = result._replace(name=options.against[:12] if at is tree else "working tree")
            print(line(result), file=sys.stderr, flush=True)
            return result

        for dictionary, catalogue in dictionaries_for(options, Path(folder)):
            for turn in range(options.repeat):
                order = [tree, ROOT] if turn % 2 == 0 else [ROOT, tree]
                results = {at: run(dictionary, catalogue, at) for at in order}
                found.append(Pair(results[tree], results[ROOT]))
    return found


def ratios(pairs: list[Pair]) -> dict[str, dict[str, float]]:
    """Of each catalogue: the median over its pairs of now / before.

    Mentions and windows show whether both did the same work. A share of 1.1 in `posts_per_s` is a
    tenth more posts a second; one of 0.9 in `cpu` a tenth less work for a post.
    """
    return {
        dictionary: {
            "posts_per_s": median(pair.now.posts_per_s / pair.before.posts_per_s for pair in some),
            "cpu": median(pair.now.cpu_us_per_post / pair.before.cpu_us_per_post for pair in some),
            "mentions": median(pair.now.mentions / pair.before.mentions for pair in some),
            "windows": median(pair.now.windows / pair.before.windows for pair in some),
        }
        for dictionary in dict.fromkeys(pair.now.dictionary for pair in pairs)
        if (some := [pair for pair in pairs if pair.now.dictionary == dictionary])
    }


def main(options: argparse.Namespace) -> None:
    pairs = pairs_of(options)
    found = ratios(pairs)
    if options.json:
        print(orjson.dumps(found, option=orjson.OPT_INDENT_2).decode())
        return
    told = (
        f"The working tree against `{options.against}`: {options.workers} workers, "
        f"{options.count:,} posts, medians of {options.repeat} pairs."
    )
    print(f"{told}\n{table(pairs, found)}")
    if options.write:
        put_into_page("against", f"{told}\n\n{table(pairs, found)}")


def table(pairs: list[Pair], found: dict[str, dict[str, float]]) -> str:
    """For docs/performance.md."""
    head = ["", "posts/s before", "now", "ratio", "CPU µs a post before", "now", "ratio"]
    rows = []
    for dictionary, shares in found.items():
        some = [pair for pair in pairs if pair.now.dictionary == dictionary]
        before, now = [pair.before for pair in some], [pair.now for pair in some]
        speeds = [median(run.posts_per_s for run in runs) for runs in (before, now)]
        costs = [median(run.cpu_us_per_post for run in runs) for runs in (before, now)]
        rows.append(
            [
                dictionary,
                *(f"{speed:,.0f}" for speed in speeds),
                f"{shares['posts_per_s']:.2f}",
                *(f"{cost:.1f}" for cost in costs),
                f"{shares['cpu']:.2f}",
            ]
        )
    return tables.table(head, rows)
