"""How many calls a post, a mention and a closed minute take: work, counted and not timed.

    python -m tests.agents.call_counts

A machine that others use too makes any figure of time useless for a test. The number of calls, of
Python's functions and of those in C, is the same each time, and rises with the work: a loop over
all brands where one over the busy ones would do shows at once.
"""

import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from types import FrameType
from typing import Any

import orjson

from agents.analyse import AnalyseStage
from agents.measure import MeasureStage
from analysis.groups import Groups
from analysis.shipped import analyser_of
from catalogue.file import SHIPPED, load
from feeds.simulate.stream import Simulation
from kafka_io.batches import Row
from kafka_io.settings import Settings
from schemas.topics import MENTIONS, WINDOWS
from streams.metrics import Metrics
from tests.kafka_io.records import record

START_MS = 1_325_376_000_000
PARTITIONS = 1
BATCH = 200

LIVE = Simulation(
    start_ms=START_MS, rate=8.0, duration_s=600.0, first_event_s=240.0, is_rhythmic=False
)
"""Ten minutes with an event in them."""
SPARSE = Simulation(start_ms=START_MS, rate=0.05, duration_s=86_400.0, is_rhythmic=False)
"""A day in which few brands are named twice in an hour: a replay of an archive."""

_HEADERS = (("source", b"weibo"), ("received_at", b"%d" % (START_MS + 1_000_000_000)))


class Counter:
    """Calls between its start and its end, by what they were for."""

    def __init__(self) -> None:
        self.calls: dict[str, int] = defaultdict(int)

    @contextmanager
    def counting(self, what: str) -> Iterator[None]:
        found = 0

        def seen(frame: FrameType, event: str, argument: object) -> None:
            nonlocal found
            found += event in {"call", "c_call"}

        sys.setprofile(seen)
        try:
            yield
        finally:
            sys.setprofile(None)
            self.calls[what] += found


class _Worker:
    """Both stages in one process, without Kafka."""

    def __init__(self) -> None:
        settings = Settings(broker="127.0.0.1:1", partitions=PARTITIONS)
        catalogue = load(SHIPPED)
        self.analyse = AnalyseStage(
            settings, Metrics(), analyser_of(catalogue), Groups(catalogue), lambda: START_MS
        )
        self.measure = MeasureStage(settings, Metrics(), catalogue)
        self.analyse.open(range(PARTITIONS))
        self.measure.open(range(PARTITIONS))
        self._waiting: dict[int, list[Any]] = defaultdict(list)
        self._offsets: dict[int, int] = defaultdict(int)
        self.counter = Counter()
        self.units: dict[str, int] = defaultdict(int)

    def read(self, posts: list[bytes], first: int) -> None:
        """A batch of posts, a tick, and what comes of both in `measure`."""
        records = [
            record(post, offset=first + number, headers=_HEADERS)
            for number, post in enumerate(posts)
        ]
        with self.counter.counting("post"):
            rows = self.analyse.step(0, records)
        self.units["post"] += len(posts)
        rows += self.analyse.ticks(lambda partition: False, START_MS)
        for row in rows:
            if row.topic == MENTIONS.name:
                self._wait(row)
        for partition in range(PARTITIONS):
            self._measured(partition)

    def _wait(self, row: Row) -> None:
        offset = self._offsets[row.partition]
        self._offsets[row.partition] += 1
        self._waiting[row.partition].append(
            record(row.value, key=row.key, offset=offset, topic=row.topic)
        )

    def _measured(self, partition: int) -> None:
        waiting, self._waiting[partition] = self._waiting[partition], []
        for is_mention, some in groupby(waiting, lambda read: read.key is not None):
            self._step(partition, list(some), "mention" if is_mention else "closed minute")
        with self.counter.counting("closed minute"):
            self.measure.state_rows(partition)

    def _step(self, partition: int, records: list[Any], what: str) -> None:
        with self.counter.counting(what):
            rows = self.measure.step(partition, records)
        if what == "mention":
            self.units[what] += len(records)
        else:
            self.units[what] += sum(row.topic == WINDOWS.name for row in rows)


def counted(plan: Simulation) -> dict[str, float]:
    """Calls for each post, mention and published window of a simulated stream."""
    worker = _Worker()
    posts = [post.value for batch in plan.batches() for post in batch]
    for first in range(0, len(posts), BATCH):
        worker.read(posts[first : first + BATCH], first)
    return {
        what: round(worker.counter.calls[what] / units, 1)
        for what, units in worker.units.items()
        if units
    }


def main() -> None:
    found = {"live": counted(LIVE), "sparse": counted(SPARSE)}
    sys.stdout.buffer.write(orjson.dumps(found, option=orjson.OPT_INDENT_2) + b"\n")


if __name__ == "__main__":
    main()
