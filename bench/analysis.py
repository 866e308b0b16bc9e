"""What the way from raw posts to rows costs, in one process without a broker: two trees in turns.

    python -m bench analysis --against COMMIT [--count 100000] [--rows]

The working tree and another commit each get the same batches, one right after the other, and who is
first takes turns: what else the machine does falls on both. What counts is the ratio of CPU time.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import IO

from bench.against import checked_out
from bench.posts import posts_for
from bench.runs import ROOT
from bench.throughput import SHARED, dictionaries_for

BATCH = 500
WARM_UP = 20
"""Batches that are not counted."""

_TURN = """
import hashlib, struct, sys, time
from pathlib import Path
from aiokafka.structs import ConsumerRecord
from agents.analyse import AnalyseStage
from analysis.groups import Groups
from analysis.shipped import analyser_of
from catalogue.file import load
from kafka_io.settings import Settings
from streams.metrics import Metrics

catalogue = load(Path(sys.argv[1]))
settings = Settings(broker="127.0.0.1:1", partitions=8)
now_ms = lambda: 1_700_000_000_000
stage = AnalyseStage(settings, Metrics(), analyser_of(catalogue), Groups(catalogue), now_ms)
stage.open([0])
headers = (("source", b"weibo"), ("received_at", b"1700000000000"))
told, offset, rows, size, read = hashlib.sha1(), 0, 0, 0, sys.stdin.buffer.read
while head := read(4):
    (count,) = struct.unpack("<I", head)
    records = []
    for _ in range(count):
        value = read(struct.unpack("<I", read(4))[0])
        records.append(
            ConsumerRecord("posts.raw", 0, offset, 1_700_000_000_000, 0, None, value, None, -1,
                           len(value), headers)
        )
        offset += 1
    begin = time.process_time_ns()
    found = stage.step(0, records)
    took = time.process_time_ns() - begin
    for row in found:
        told.update(row.value)
        if row.key is not None:
            rows, size = rows + 1, size + len(row.value)
    sys.stdout.buffer.write(struct.pack("<QQQ20s", took, rows, size, told.digest()))
    sys.stdout.buffer.flush()
"""
"""Run in each tree: batches in, nanoseconds and a fingerprint of all rows out. Nothing but what
both commits have."""


class Side:
    """One tree under measurement, in a process of its own."""

    def __init__(self, tree: Path, catalogue: Path) -> None:
        environment = {**os.environ, "PYTHONPATH": str(tree), "PYTHONHASHSEED": "0"}
        self._process = subprocess.Popen(
            [sys.executable, "-c", _TURN, str(catalogue)],
            cwd=tree,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self.us: list[float] = []
        """Microseconds of CPU a post, of each batch."""
        self.rows = 0
        """Records with a key ..."""
        self.row_bytes = 0
        """... and the size of their values."""
        self.fingerprint = b""

    def take(self, posts: list[bytes]) -> None:
        """Put a batch through."""
        packed = [_number(len(posts))]
        for post in posts:
            packed += [_number(len(post)), post]
        given, told = self._pipes()
        given.write(b"".join(packed))
        given.flush()
        answer = told.read(44)
        if len(answer) < 44:
            raise SystemExit(f"{self._process.args!r} ended with {self._process.wait()}")
        took, self.rows, self.row_bytes = (
            int.from_bytes(answer[at : at + 8], "little") for at in (0, 8, 16)
        )
        self.fingerprint = answer[24:]
        self.us.append(took / 1000 / len(posts))

    def close(self) -> None:
        """End the process."""
        self._pipes()[0].close()
        self._process.wait()

    def _pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        return self._process.stdin, self._process.stdout


def _number(value: int) -> bytes:
    return value.to_bytes(4, "little")


def compare(before: Path, now: Path, catalogue: Path, posts: list[bytes]) -> str:
    """Both trees over the same posts, as a line."""
    sides = Side(before, catalogue), Side(now, catalogue)
    for turn, first in enumerate(range(0, len(posts), BATCH)):
        for side in sides if turn % 2 else sides[::-1]:
            side.take(posts[first : first + BATCH])
    for side in sides:
        side.close()
    pairs = list(zip(*(side.us[WARM_UP:] for side in sides), strict=True))
    old, new = sides
    was_us, now_us = (median(side) for side in zip(*pairs, strict=True))
    return (
        f"us of CPU a post {was_us:6.2f} -> {now_us:6.2f}"
        f"  ratio {median(us / was for was, us in pairs):.3f}  rows {old.rows:,} -> {new.rows:,}"
        f"  bytes a row {old.row_bytes / max(old.rows, 1):.0f} ->"
        f" {new.row_bytes / max(new.rows, 1):.0f}"
        f"  {'the same bytes' if old.fingerprint == new.fingerprint else 'OTHER BYTES'}"
    )


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(prog="bench analysis", description=__doc__)
    parser.add_argument("--against", required=True, metavar="COMMIT", help="or a folder")
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--posts", type=Path, default=SHARED / "stream/weibo_statuses.ndjson.gz")
    parser.add_argument(
        "--names", type=Path, default=SHARED / "brands/Company-Shorter-Form_280k.txt.gz"
    )
    options = parser.parse_args()
    posts = posts_for(options.posts, options.count)
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        given = Path(options.against)
        tree = given if given.is_dir() else stack.enter_context(checked_out(options.against))
        for name, catalogue in dictionaries_for(options, Path(folder)):
            print(f"{name}: {compare(tree, ROOT, catalogue, posts)}", flush=True)
