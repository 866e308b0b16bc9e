"""Send what was read, and write down how far that is, once Kafka has it."""

import logging
from collections import deque
from collections.abc import Sequence

from feeds.live.buffer import Buffer
from feeds.live.kept import gap_row, position_row
from feeds.live.reading import Contact
from feeds.live.sampling import ALL
from feeds.live.source import Gap, Item, LiveFeed, Passed, Payload, moves_on
from feeds.publish import Clock, Tally
from feeds.sinks import TopicSink
from feeds.source import DuePost
from kafka_io.batches import BatchSender
from schemas.feed import FeedGap, FeedPosition, FeedState
from streams.metrics import FeedMetrics

log = logging.getLogger(__name__)

_COMMIT_MS = 1_000.0
_HEARTBEAT_MS = 10_000.0
"""Also where nothing comes: `leimo feed list` tells a dead process from an idle source."""
_LINGER_MS = 20.0
_MOST = 5_000
_FEW = 500
"""Fewer items wait a moment for more: a batch for each would cost more than it."""
_RATE_OVER_MS = 30_000.0


class Sender:
    """The other end of the buffer. Positions follow posts: a crash repeats, and skips nothing."""

    def __init__(
        self,
        feed: LiveFeed,
        buffer: Buffer,
        kept: FeedPosition | None,
        sink: TopicSink,
        sender: BatchSender,
        *,
        clock: Clock,
        metrics: FeedMetrics,
        contact: Contact,
        tally: Tally,
        started_at_ms: int,
        sample: float = ALL,
    ) -> None:
        self._feed = feed
        self._buffer = buffer
        self._sink = sink
        self._sender = sender
        self._clock = clock
        self._metrics = metrics
        self._contact = contact
        self._tally = tally
        self._started_at_ms = started_at_ms
        self._sample = sample
        self._is_known = kept is not None
        self._position: object = kept.position if kept else ""
        self._newest_ms = kept.event_time_ms if kept else 0
        self._gaps: list[FeedGap] = []
        self._written: tuple[object, ...] = ()
        self._written_ms = float("-inf")
        self._marks: deque[tuple[float, int]] = deque([(clock.elapsed_ms(), tally.posts)])

    async def run(self) -> None:
        """Send until the buffer is closed and empty; then everything is safe and written down."""
        committed_ms = self._clock.elapsed_ms()
        while not (self._buffer.is_closed and not len(self._buffer)):
            wait_ms = committed_ms + _COMMIT_MS - self._clock.elapsed_ms()
            items = await self._buffer.take(_MOST, max(wait_ms, 0.0) / 1_000)
            if 0 < len(items) < _FEW and not self._buffer.is_closed:
                items += await self._more(_MOST - len(items))
            if items:
                await self._send(items)
            if self._clock.elapsed_ms() - committed_ms >= _COMMIT_MS:
                await self._commit()
                committed_ms = self._clock.elapsed_ms()
        self._contact.state = FeedState.STOPPED
        await self._commit()

    async def _more(self, most: int) -> list[Item]:
        items: list[Item] = []
        until_ms = self._clock.elapsed_ms() + _LINGER_MS
        while len(items) < _FEW and not self._buffer.is_closed:
            left_ms = until_ms - self._clock.elapsed_ms()
            if left_ms <= 0:
                break
            items += await self._buffer.take(most - len(items), left_ms / 1_000)
        return items

    async def _send(self, items: Sequence[Item]) -> None:
        posts = [
            DuePost(0.0, item.key, item.value, item.event_time_ms)
            for item in items
            if type(item) is Payload
        ]
        now_ms = self._clock.now_ms()
        if posts:
            await self._sink.send(posts, now_ms)
            self._count(posts, now_ms)
        for item in items:
            if type(item) is Gap:
                self._take_gap(item, now_ms)
            elif type(item) is Passed:
                self._metrics.passed.labels(self._feed.name, item.reason.value).inc()
        for item in reversed(items):
            if moves_on(item):
                self._is_known = True
                self._position = item.position
                break

    def _count(self, posts: Sequence[DuePost], now_ms: int) -> None:
        name = self._feed.name
        self._tally.posts += len(posts)
        self._tally.bytes += sum([len(post.value) for post in posts])
        self._newest_ms = max(self._newest_ms, *[post.event_time_ms for post in posts])
        self._tally.newest_ms = self._newest_ms
        self._metrics.records.labels(name).inc(len(posts))
        if posts[-1].event_time_ms:
            self._metrics.lag_seconds.labels(name).set((now_ms - posts[-1].event_time_ms) / 1_000)
        self._metrics.last_event_seconds.labels(name).set(self._newest_ms / 1_000)

    def _take_gap(self, gap: Gap, now_ms: int) -> None:
        told = FeedGap(
            feed=self._feed.name,
            from_ms=gap.from_ms,
            to_ms=gap.to_ms,
            reason=gap.reason,
            detail=gap.detail[:500],
            at_ms=now_ms,
        )
        self._gaps.append(told)
        seconds = max(0, gap.to_ms - gap.from_ms) / 1_000
        self._metrics.gap_seconds.labels(self._feed.name, gap.reason.value).inc(seconds)
        log.warning(
            "%s: posts of %.1f s are missing (%s); see `leimo feed gaps`",
            self._feed.name,
            seconds,
            gap.reason,
        )

    async def _commit(self) -> None:
        """Make the posts durable, then what tells of them."""
        await self._sink.flush()
        now_ms, elapsed_ms = self._clock.now_ms(), self._clock.elapsed_ms()
        stands = (self._position, self._newest_ms, self._contact.state, self._contact.endpoint)
        is_due = elapsed_ms - self._written_ms >= _HEARTBEAT_MS
        rows = [gap_row(gap) for gap in self._gaps]
        # A feed that has no position yet and got nothing begins with what is live, next time too.
        if self._is_known and (rows or is_due or stands != self._written):
            rows.append(position_row(self._as_record(now_ms, elapsed_ms)))
            self._written, self._written_ms = stands, elapsed_ms
        if rows:
            await self._sender.send(rows)
            await self._sender.flush()
            self._gaps.clear()

    def _as_record(self, now_ms: int, elapsed_ms: float) -> FeedPosition:
        self._marks.append((elapsed_ms, self._tally.posts))
        while len(self._marks) > 2 and self._marks[1][0] < elapsed_ms - _RATE_OVER_MS:
            self._marks.popleft()
        (then_ms, before), posts = self._marks[0], self._tally.posts
        return FeedPosition(
            feed=self._feed.name,
            position=str(self._position),
            event_time_ms=self._newest_ms,
            at_ms=now_ms,
            state=self._contact.state,
            endpoint=self._contact.endpoint,
            posts=posts,
            started_at_ms=self._started_at_ms,
            sample=self._sample,
            posts_per_s=round((posts - before) / max((elapsed_ms - then_ms) / 1_000, 1e-3), 1),
        )
