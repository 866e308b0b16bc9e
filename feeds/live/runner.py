"""Run a live feed for good: source -> buffer -> `posts.raw`, then the position."""

import asyncio
import logging
from contextlib import suppress
from random import Random

from aiokafka.errors import KafkaError

from feeds.live.backoff import Backoff
from feeds.live.buffer import Buffer
from feeds.live.kept import kept_position
from feeds.live.reading import Contact, Reader
from feeds.live.sampling import ALL
from feeds.live.sending import Sender
from feeds.live.source import LiveFeed, PassReason, ReconnectReason, Resume
from feeds.publish import Clock, SystemClock, Tally
from feeds.sinks import BrokerAway, Connection
from kafka_io.settings import Settings
from schemas.feed import FeedState, GapReason
from schemas.topics import FEED_GAPS, FEED_POSITIONS
from streams.metrics import FeedMetrics

log = logging.getLogger(__name__)

TOPICS = (FEED_POSITIONS, FEED_GAPS)


class LiveRun:
    """A feed and what it needs. `run` returns when it was asked to stop."""

    def __init__(
        self,
        feed: LiveFeed,
        settings: Settings,
        metrics: FeedMetrics,
        *,
        clock: Clock | None = None,
        random: Random | None = None,
        longest_pause_s: float = 60.0,
        sample: float = ALL,
        tally: Tally | None = None,
    ) -> None:
        """`sample`: the share of the authors whose posts are taken, above 0, up to 1."""
        self.feed = feed
        self.tally = tally or Tally()
        self.contact = Contact()
        self._settings = settings
        self._metrics = metrics
        self._clock = clock or SystemClock()
        self._random = random or Random()
        self._longest_pause_s = longest_pause_s
        self._started_at_ms = self._clock.now_ms()
        self._has_begun = False
        self._sample = sample
        metrics.add_feed(
            feed.name,
            {
                "passed": [reason.value for reason in PassReason],
                "reconnects": [reason.value for reason in ReconnectReason],
                "gap_seconds": [reason.value for reason in GapReason],
            },
        )
        metrics.sample_ratio.labels(feed.name).set(sample)

    @property
    def is_live(self) -> bool:
        """Whether it is connected."""
        return self.contact.state is FeedState.LIVE

    async def run(self, stop: asyncio.Event) -> None:
        """Feed until `stop` is set.

        A broker that goes away is waited for, once it was there: the feed then goes on from the
        last position that it wrote.

        Raises:
            FeedError: it cannot begin (no broker, no topic, a position that cannot be read), or
                the source says that asking again is of no use.
        """
        backoff = Backoff(self._random, cap_s=self._longest_pause_s)
        while True:
            try:
                await self._run_once(stop)
            except (KafkaError, BrokerAway) as error:
                if not self._has_begun or stop.is_set():
                    raise
                pause_s = backoff.next_s()
                log.error("%s: %s; again in %.1f s", self.feed.name, _shown(error), pause_s)
                await self._clock.wait(stop, pause_s * 1_000)
            else:
                return

    async def _run_once(self, stop: asyncio.Event) -> None:
        """From the position that is kept, until `stop` is set or something fails."""
        connection = Connection(self._settings, self.feed.source, TOPICS)
        async with connection as sink:
            kept = await kept_position(self._settings, self.feed.name)
            self._has_begun = True
            buffer = Buffer()
            sender = Sender(
                self.feed,
                buffer,
                kept,
                sink,
                connection.sender,
                clock=self._clock,
                metrics=self._metrics,
                contact=self.contact,
                tally=self.tally,
                started_at_ms=self._started_at_ms,
                sample=self._sample,
            )
            reader = Reader(
                self.feed,
                buffer,
                Resume(kept.position, kept.event_time_ms) if kept else None,
                clock=self._clock,
                backoff=Backoff(self._random, cap_s=self._longest_pause_s),
                metrics=self._metrics,
                contact=self.contact,
                sample=self._sample,
            )
            try:
                await _connected(reader, buffer, sender, stop)
            finally:
                self._metrics.is_connected.labels(self.feed.name).set(0)


async def _connected(reader: Reader, buffer: Buffer, sender: Sender, stop: asyncio.Event) -> None:
    """Read and send side by side; what was read is sent, also where the reading fails."""
    reading = asyncio.create_task(reader.run(stop))
    reading.add_done_callback(lambda _: buffer.close())
    stopping = asyncio.create_task(stop.wait())
    stopping.add_done_callback(lambda _: reading.cancel())
    try:
        await sender.run()
        with suppress(asyncio.CancelledError):
            await reading
    finally:
        stopping.cancel()
        reading.cancel()
        await asyncio.gather(reading, stopping, return_exceptions=True)


def _shown(error: Exception) -> str:
    return str(error) or type(error).__name__
