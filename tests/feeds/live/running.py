"""A live feed in this process, against a broker, for as long as a test wants."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from random import Random

from feeds.live.kept import all_gaps, all_positions
from feeds.live.runner import LiveRun
from feeds.live.source import LiveFeed
from kafka_io.settings import Settings
from schemas.feed import FeedGap, FeedPosition, FeedState
from schemas.topics import POSTS_RAW
from streams.metrics import FeedMetrics
from tests.kafka_io.broker_log import committed

DEADLINE_S = 60.0


class Running:
    """What a test sees of a feed that runs."""

    def __init__(self, run: LiveRun, metrics: FeedMetrics, stop: asyncio.Event) -> None:
        self.run = run
        self.stop = stop
        self._metrics = metrics

    def value(self, name: str, **labels: str) -> float:
        """A metric of the feed."""
        found = self._metrics.registry.get_sample_value(
            name, {"feed": self.run.feed.name, **labels}
        )
        return found or 0.0


@asynccontextmanager
async def running(
    feed: LiveFeed,
    settings: Settings,
    metrics: FeedMetrics | None = None,
    *,
    sample: float = 1.0,
) -> AsyncIterator[Running]:
    """Run `feed` while the body runs, then end it in an orderly way; pauses are short."""
    known = metrics or FeedMetrics()
    stop = asyncio.Event()
    run = LiveRun(feed, settings, known, random=Random(3), longest_pause_s=0.2, sample=sample)
    task = asyncio.create_task(run.run(stop))
    try:
        yield Running(run, known, stop)
    finally:
        stop.set()
        await task


async def until(holds: Callable[[], bool], what: str = "") -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + DEADLINE_S
    while not holds():
        assert time.monotonic() < deadline, f"it does not come to pass: {what or holds}"
        await asyncio.sleep(0.01)


async def raw_values(settings: Settings) -> list[bytes]:
    """All values of `posts.raw`, by partition."""
    found = await committed(settings, POSTS_RAW.name)
    return [record.value for records in found.values() for record in records]


async def gaps(settings: Settings) -> list[FeedGap]:
    """What was told as missing."""
    return await all_gaps(settings)


async def position(settings: Settings, feed: str = "jetstream") -> FeedPosition:
    """Where a feed stands; before it has written that, nowhere."""
    for each in await all_positions(settings):
        if each.feed == feed:
            return each
    return FeedPosition(
        feed=feed, position="", event_time_ms=0, at_ms=0, state=FeedState.RECONNECTING
    )


async def has_value(settings: Settings, part: bytes) -> None:
    """Wait until a value of `posts.raw` holds `part`."""
    deadline = time.monotonic() + DEADLINE_S
    while not any(part in value for value in await raw_values(settings)):
        assert time.monotonic() < deadline
