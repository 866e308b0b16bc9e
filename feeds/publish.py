"""Send posts when they are due, and count what was sent."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Protocol

import msgspec

from feeds.pace import due_end
from feeds.sinks import Sink
from feeds.source import DuePost

AHEAD_MS = 60_000
"""A post this far ahead of its receipt is given another time by the worker."""

_TICK_MS = 20.0
"""Posts due within one tick go together: a wake-up for each would cost more than it."""
_SLICE = 1_000
"""Posts sent between two looks at the clock and at `stop`."""


class Clock(Protocol):
    """Processing time."""

    def now_ms(self) -> int:
        """Wall clock, UTC."""

    def elapsed_ms(self) -> float:
        """Milliseconds since some moment; never goes back."""

    async def wait(self, stop: asyncio.Event, ms: float) -> None:
        """Wait `ms` milliseconds, or until `stop` is set."""


class SystemClock:
    """The machine's clock."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def elapsed_ms(self) -> float:
        return time.monotonic() * 1_000

    async def wait(self, stop: asyncio.Event, ms: float) -> None:
        try:
            async with asyncio.timeout(ms / 1_000):
                await stop.wait()
        except TimeoutError:
            return


class Tally(msgspec.Struct):
    """What was sent so far; read by whoever shows the progress."""

    posts: int = 0
    bytes: int = 0
    newest_ms: int = 0
    """Event time of the newest post; 0 where times are not looked at."""
    ahead: int = 0
    """Posts dated more than `AHEAD_MS` after they were sent."""
    lag_ms: float = 0.0
    """How far the sending is behind the pace."""


OnSent = Callable[[Sequence[DuePost]], None]


async def publish(
    batches: AsyncIterator[list[DuePost]],
    sink: Sink,
    tally: Tally,
    *,
    stop: asyncio.Event,
    clock: Clock,
    on_sent: OnSent | None = None,
) -> None:
    """Send every post at its time until the feed ends or `stop` is set, then wait until all are
    safe, also where the feed broke off.

    `on_sent` is told the posts handed to the sink, in order.
    """
    start_ms = clock.elapsed_ms()
    try:
        async for batch in batches:
            done = 0
            while done < len(batch) and not stop.is_set():
                elapsed_ms = clock.elapsed_ms() - start_ms
                end = min(due_end(batch, done, elapsed_ms), done + _SLICE)
                if end > done:
                    posts = batch[done:end]
                    await sink.send(posts, clock.now_ms())
                    _count(tally, posts, clock.now_ms(), elapsed_ms)
                    if on_sent is not None:
                        on_sent(posts)
                    done = end
                else:
                    await clock.wait(stop, max(batch[done].due_ms - elapsed_ms, _TICK_MS))
            if stop.is_set():
                break
    except asyncio.CancelledError:
        raise  # the time for it is over
    except BaseException:
        await sink.flush()
        raise
    await sink.flush()


def _count(tally: Tally, posts: Sequence[DuePost], now_ms: int, elapsed_ms: float) -> None:
    tally.posts += len(posts)
    tally.bytes += sum([len(post.value) for post in posts])
    last = posts[-1]
    tally.lag_ms = elapsed_ms - last.due_ms if last.due_ms else 0.0
    if last.event_time_ms:
        times_ms = [post.event_time_ms for post in posts]
        tally.newest_ms = max(tally.newest_ms, *times_ms)
        if tally.newest_ms > now_ms + AHEAD_MS:
            tally.ahead += sum([at_ms > now_ms + AHEAD_MS for at_ms in times_ms])
