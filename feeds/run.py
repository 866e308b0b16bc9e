"""Run a feed from start to end: connect, show, stop on a signal, sum up."""

import asyncio
import signal
import time
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import Any, NamedTuple

from aiokafka.errors import KafkaError
from rich.console import Console

from feeds.progress import shown, summary
from feeds.publish import OnSent, SystemClock, Tally, publish
from feeds.sinks import Sink
from feeds.source import Feed, FeedError, one_after_another


class Outcome(NamedTuple):
    """How a run ended."""

    tally: Tally
    seconds: float
    signal: int
    """The signal that stopped it; 0: none."""
    error: str
    """Why it broke off; empty: it did not."""

    @property
    def exit_code(self) -> int:
        return 128 + self.signal if self.signal else int(bool(self.error))

    def summary(self, refused: int = 0) -> dict[str, Any]:
        return summary(self.tally, self.seconds, refused)


async def run(
    feed: Feed,
    target: AbstractAsyncContextManager[Sink],
    console: Console,
    *,
    total: int | None = None,
    quiet: bool = False,
    on_sent: OnSent | None = None,
) -> Outcome:
    """Send a feed's posts to `target`.

    The first signal stops it cleanly: what was handed over is flushed. A second one kills.
    """
    tally = Tally()
    stop = asyncio.Event()
    error = ""
    started_s = time.monotonic()
    with _signals(stop) as received:
        try:
            async with target as sink, shown(tally, console, total=total, quiet=quiet):
                batches = one_after_another(feed.batches())
                started_s = time.monotonic()
                await publish(batches, sink, tally, stop=stop, clock=SystemClock(), on_sent=on_sent)
        except FeedError as failure:
            error = str(failure)
        except KafkaError as failure:
            error = (
                f"the broker did not take the posts: {failure or type(failure).__name__}; the last "
                "ones sent may be missing: start again from an earlier point"
            )
        except OSError as failure:
            error = f"cannot go on: {failure}"
    return Outcome(tally, time.monotonic() - started_s, received[0] if received else 0, error)


@contextmanager
def _signals(stop: asyncio.Event) -> Iterator[list[int]]:
    """Set `stop` at the first signal, and leave the second to the system."""
    loop = asyncio.get_running_loop()
    received: list[int] = []

    def take(number: int) -> None:
        received.append(number)
        stop.set()
        for each in _STOPPING:
            loop.remove_signal_handler(each)

    for each in _STOPPING:
        loop.add_signal_handler(each, take, each)
    try:
        yield received
    finally:
        for each in _STOPPING:
            loop.remove_signal_handler(each)


_STOPPING = (signal.SIGINT, signal.SIGTERM)
