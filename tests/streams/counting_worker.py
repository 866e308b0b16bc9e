"""A worker of two small stages on the real transport, for faults: spread lines, count words.

`posts.raw` holds words; `spread` sends each word to its partition of `mentions`, with the offset it
came from; `count` keeps `word -> (total, last offset of each raw partition)` and writes the new
total to `windows`. The truth is `collections.Counter` over the input.

Run as `python -m tests.streams.counting_worker`; LEIMO_* variables are the settings,
FAULT=POINT:KIND:N makes the process hurt itself at the N-th time that a commit of `count` reaches
POINT: KIND `kill` is SIGKILL, `stop` is SIGSTOP (somebody else has to continue it).
"""

import asyncio
import os
import signal
import threading
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import msgspec

from kafka_io.batches import Row
from kafka_io.dead_letters import dead_letter_row
from kafka_io.partitions import partition_for
from kafka_io.settings import Settings
from kafka_io.stop_signals import stop_on_signals
from kafka_io.writers import has_transactions
from schemas.dead_letter import DropReason
from schemas.topics import BRANDS_CHANGELOG, MENTIONS, POSTS_RAW, WINDOWS, Topic
from streams.app import add_stages, batch_topic, declare_changelog, new_app
from streams.metrics import Metrics
from streams.stall_watch import watch_for_stalls
from streams.worker import run_app

Count = tuple[int, dict[int, int]]
POISON = b"!"
"""A word on which `spread` fails."""
HANG = b"?"
"""A word on which `spread` never ends."""


class Spread:
    name = "analyse"
    topic = POSTS_RAW
    changelog: Topic | None = None
    notes: Topic | None = None

    def __init__(self, partitions: int) -> None:
        self._partitions = partitions

    def open(self, partitions: Collection[int]) -> None: ...

    def recall_from(self, partition: int, start: int) -> int:
        return start

    def recall(self, partition: int, posts: Sequence[tuple[int, int]]) -> None: ...

    def identities(self, records: Sequence[Any]) -> list[tuple[int, int]]:
        return []

    def restore(self, partition: int, entries: object) -> None: ...
    def drop(self) -> None: ...

    def append_ms(self, records: Sequence[Any]) -> int:
        return records[-1].timestamp if records else 0

    def state_rows(self, partition: int) -> list[Row]:
        return []

    def set_aside(self, partition: int, record: Any, detail: str) -> list[Row]:
        source = (POSTS_RAW.name, partition)
        return [dead_letter_row(source, record, DropReason.TOO_SLOW, detail)]

    def step(self, partition: int, records: Sequence[Any]) -> list[Row]:
        if any(record.value == POISON for record in records):
            raise ArithmeticError("a bug of our own")
        if any(record.value == HANG for record in records):
            threading.Event().wait()
        return [
            Row(
                MENTIONS.name,
                partition_for(record.value, self._partitions),
                record.value,
                b"%d %d" % (partition, record.offset),
            )
            for record in records
        ]


class CountWords:
    name = "measure"
    topic = MENTIONS
    changelog: Topic | None = BRANDS_CHANGELOG
    notes: Topic | None = None

    def __init__(self) -> None:
        self._counts: dict[bytes, Count] = {}
        self._changed: dict[int, set[bytes]] = defaultdict(set)

    def open(self, partitions: Collection[int]) -> None: ...

    def recall_from(self, partition: int, start: int) -> int:
        return start

    def recall(self, partition: int, posts: Sequence[tuple[int, int]]) -> None: ...

    def identities(self, records: Sequence[Any]) -> list[tuple[int, int]]:
        return []

    def restore(self, partition: int, entries: Iterable[tuple[bytes, bytes]]) -> None:
        for word, value in entries:
            self._counts[word] = msgspec.msgpack.decode(value, type=Count)

    def drop(self) -> None:
        self._counts.clear()
        self._changed.clear()

    def step(self, partition: int, records: Sequence[Any]) -> list[Row]:
        rows = []
        for record in records:
            raw_partition, raw_offset = map(int, record.value.split())
            total, applied = self._counts.get(record.key, (0, {}))
            if raw_offset <= applied.get(raw_partition, -1):
                continue
            count = (total + 1, {**applied, raw_partition: raw_offset})
            self._counts[record.key] = count
            self._changed[partition].add(record.key)
            rows.append(Row(WINDOWS.name, partition, record.key, b"%d" % count[0]))
        return rows

    def append_ms(self, records: Sequence[Any]) -> int:
        return records[-1].timestamp if records else 0

    def state_rows(self, partition: int) -> list[Row]:
        counts = self._counts
        return [
            Row(BRANDS_CHANGELOG.name, partition, word, msgspec.msgpack.encode(counts[word]))
            for word in self._changed.pop(partition, set())
        ]


class Fault:
    """Hurts the process at the N-th arrival at a point of the commit."""

    def __init__(self, text: str) -> None:
        self._point, self._kind, times = text.split(":")
        self._left = int(times)

    def __call__(self, point: str) -> None:
        if point == f"measure {self._point}":
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL if self._kind == "kill" else signal.SIGSTOP)


async def main() -> None:
    settings = Settings.load()
    transactional = os.environ.get("MODE") != "idempotent" and await has_transactions(settings)
    app = new_app(settings)
    declare_changelog(app, BRANDS_CHANGELOG, settings.partitions)
    fault = os.environ.get("FAULT")
    add_stages(
        app,
        settings,
        Metrics(),
        [Spread(settings.partitions), CountWords()],
        transactional=transactional,
        checkpoint=Fault(fault) if fault else lambda point: None,
    )
    for topic in (POSTS_RAW, MENTIONS):
        app.agent(batch_topic(app, topic), name=topic.name)(app.run_stage)
    watching = asyncio.create_task(watch_for_stalls(settings, app.ownership))
    await run_app(app, stop_on_signals())
    watching.cancel()


if __name__ == "__main__":
    asyncio.run(main())
