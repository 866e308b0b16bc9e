"""Run a feed from start to end: connect, show, stop on a signal, sum up."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from typing import Any, NamedTuple

from aiokafka.errors import KafkaError
from rich.console import Console

from feeds.progress import shown, summary
from feeds.publish import OnSent, SystemClock, Tally, publish
from feeds.sinks import Sink
from feeds.source import Feed, FeedError, one_after_another

END_S = 3.0
"""How long what was handed over may take to arrive, after the first signal."""


class Outcome(NamedTuple):
    """How a run ended."""

    tally: Tally
    seconds: float
    signal: int
    """The signal that stopped it; 0: none."""
    error: str
    """Why it broke off; empty: it did not."""
    is_given_up: bool = False
    """The broker did not answer; its client still tries, and goes on for half a minute when it is
    asked to end."""

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

    The first signal stops it cleanly: what was handed over is flushed, for `END_S` at most. A
    second one kills.
    """
    tally = Tally()
    stop = asyncio.Event()
    sink: Sink | None = None
    limit = asyncio.timeout(None)
    error = ""
    started_s = time.monotonic()
    with stop_signals(stop) as received:
        try:
            async with (
                limit,
                limited_by(stop, limit),
                target as sink,
                shown(tally, console, total=total, quiet=quiet),
            ):
                batches = one_after_another(feed.batches())
                started_s = time.monotonic()
                clock = SystemClock()
                await publish(batches, sink, tally, stop=stop, clock=clock, on_sent=on_sent)
        except FeedError as failure:
            error = str(failure)
        except KafkaError as failure:
            error = (
                f"the broker did not take the posts: {failure or type(failure).__name__}; the last "
                "ones sent may be missing: start again from an earlier point"
            )
        except OSError as failure:
            error = _unanswered(sink) if limit.expired() else f"cannot go on: {failure}"
    number = received[0] if received else 0
    return Outcome(tally, time.monotonic() - started_s, number, error, limit.expired())


def _unanswered(sink: Sink | None) -> str:
    left = sink.unacknowledged_posts if sink is not None else 0
    lost = f"{left:,} posts may be missing: the last ones" if left else "no post is missing"
    return f"the broker did not answer within {END_S:g} s of the signal; {lost}"


@asynccontextmanager
async def limited_by(stop: asyncio.Event, limit: asyncio.Timeout) -> AsyncIterator[None]:
    """Once `stop` is set, the body has `END_S` left; then `limit` is expired."""

    async def watch() -> None:
        await stop.wait()
        limit.reschedule(asyncio.get_running_loop().time() + END_S)

    task = asyncio.create_task(watch())
    try:
        yield
    finally:
        task.cancel()


@contextmanager
def stop_signals(stop: asyncio.Event) -> Iterator[list[int]]:
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
