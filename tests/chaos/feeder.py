"""A feed that may be killed at any moment: it writes down what it sends, and repeats the end.

    python -m tests.chaos.feeder JOURNAL RATE GENERATION

Each line of the journal is a post, written before it is sent; so the journal is the truth about
what `posts.raw` has to hold. A feed that starts again sends the last lines once more, as real feeds
do that go on from a checkpoint. SIGTERM: send what was written down, and end.
"""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from feeds.simulate.stream import Simulation
from feeds.sinks import Connection, TopicSink
from feeds.source import DuePost
from kafka_io.settings import Settings
from schemas.post import Source

_REPEATED_BYTES = 4 << 20
"""About six thousand posts."""
_SLICE = 500


def lines(posts: list[DuePost]) -> list[bytes]:
    """Key and value of each post in a line; a value that holds a line's end is left out."""
    return [post.key + b"\t" + post.value for post in posts if b"\n" not in post.value]


def posts_of(written: bytes) -> list[DuePost]:
    """The posts of whole lines of a journal."""
    pairs = [line.split(b"\t", 1) for line in written.splitlines()]
    return [DuePost(0, key, value) for key, value in pairs]


def whole_end(path: Path) -> bytes:
    """The last whole lines of the journal; a line that was cut off is taken away."""
    with path.open("a+b") as file:
        size = file.seek(0, os.SEEK_END)
        start = max(0, size - _REPEATED_BYTES)
        file.seek(start)
        tail = file.read()
        whole = tail[: tail.rfind(b"\n") + 1]
        file.truncate(start + len(whole))
    return whole[whole.find(b"\n") + 1 :] if start else whole


async def main(journal: Path, rate: float, generation: int) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    tail = whole_end(journal)
    async with Connection(Settings.load(), Source.WEIBO) as sink:
        with journal.open("ab", buffering=0) as file:
            await _send(sink, posts_of(tail))
            for batch in _simulated(rate, generation):
                await _write_and_send(sink, file, batch)
                if stop.is_set():
                    break
                await asyncio.sleep(max(0.0, batch[-1].due_ms / 1000 - time.time()))
        await sink.flush()


def _simulated(rate: float, generation: int) -> Iterator[list[DuePost]]:
    """Posts from now on, with ids that no other generation has; `due_ms` is the wall clock."""
    start_ms = int(time.time() * 1000)
    plan = Simulation(
        start_ms=start_ms, rate=rate, seed=generation, is_rhythmic=False, broken_share=0.002,
        event_gap_s=90, first_event_s=20,
    )  # fmt: skip
    for number, batch in enumerate(plan.batches(), 1):
        if batch:
            yield [post._replace(due_ms=start_ms + 100 * number) for post in batch]


async def _write_and_send(sink: TopicSink, journal: BinaryIO, batch: list[DuePost]) -> None:
    written = b"".join(line + b"\n" for line in lines(batch))
    journal.write(written)
    await _send(sink, posts_of(written))


async def _send(sink: TopicSink, posts: list[DuePost]) -> None:
    for first in range(0, len(posts), _SLICE):
        await sink.send(posts[first : first + _SLICE], int(time.time() * 1000))
    await sink.flush()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])))
