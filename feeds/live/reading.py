"""Ask a source again and again, and put what comes into the buffer."""

import asyncio
import logging
from contextlib import aclosing

import aiohttp
import msgspec

from feeds.live.backoff import Backoff
from feeds.live.buffer import Buffer
from feeds.live.sampling import ALL, is_sampled
from feeds.live.source import (
    Gap,
    Item,
    LiveFeed,
    Opened,
    Passed,
    PassReason,
    Payload,
    ReconnectReason,
    Resume,
    Retryable,
    moves_on,
)
from feeds.publish import Clock
from schemas.feed import FeedState, GapReason
from sources.facts import NOTHING, WrappedError, facts_reader
from streams.metrics import FeedMetrics

log = logging.getLogger(__name__)

_LASTED_MS = 60_000
"""A connection that stood for so long was a good one, also where nothing came."""


class Contact(msgspec.Struct):
    """How a feed stands with its source; read by whoever writes that down."""

    state: FeedState = FeedState.RECONNECTING
    endpoint: str = ""


class Reader:
    """Keeps a feed connected. Never skips: each try goes on from the newest item that was put."""

    def __init__(
        self,
        feed: LiveFeed,
        buffer: Buffer,
        resume: Resume | None,
        *,
        clock: Clock,
        backoff: Backoff,
        metrics: FeedMetrics,
        contact: Contact,
        sample: float = ALL,
    ) -> None:
        self._feed = feed
        self._buffer = buffer
        self._resume = resume
        self._position: object = resume.position if resume else ""
        self._newest_ms = resume.event_time_ms if resume else 0
        self._is_known = resume is not None
        self._clock = clock
        self._backoff = backoff
        self._metrics = metrics
        self._contact = contact
        self._sample = sample
        self._facts_of = facts_reader(feed.source)

    async def run(self, stop: asyncio.Event) -> None:
        """Read until `stop` is set; raises `Permanent`, and whatever is a bug of the feed."""
        while not stop.is_set():
            opened_ms = self._clock.elapsed_ms()
            failure = await self._stream_once()
            self._say(FeedState.RECONNECTING)
            if self._clock.elapsed_ms() - opened_ms > _LASTED_MS:
                self._backoff.reset()
            pause_s = self._backoff.next_s(failure.after_s)
            self._metrics.reconnects.labels(self._feed.name, failure.reason.value).inc()
            log.log(
                logging.INFO if failure.reason is ReconnectReason.CLOSED else logging.WARNING,
                "%s: %s (%s); again in %.1f s",
                self._feed.name,
                str(failure).encode("unicode_escape").decode(),
                failure.reason,
                pause_s,
            )
            if pause_s:
                await self._clock.wait(stop, pause_s * 1_000)

    async def _stream_once(self) -> Retryable:
        """One connection; returns why it ended."""
        resume = Resume(str(self._position), self._newest_ms) if self._is_known else None
        # What cannot go back has a gap from its last post to the first one now.
        lost_since_ms = self._newest_ms if resume and not resume.position else 0
        is_first = True
        try:
            async with aclosing(self._feed.stream(resume)) as stream:
                async for given in stream:
                    item = given
                    if type(item) is Payload:
                        item = self._whole(item)
                        if is_first and lost_since_ms:
                            until_ms = item.event_time_ms or self._clock.now_ms()
                            await self._put(_away(lost_since_ms, until_ms))
                        is_first = False
                        if self._contact.state is not FeedState.LIVE:
                            self._say(FeedState.LIVE)
                        self._backoff.reset()
                        if self._sample < ALL and not is_sampled(item.key, self._sample):
                            item = Passed(PassReason.SAMPLED, item.position, item.event_time_ms)
                    elif type(item) is Opened:
                        self._contact.endpoint = item.endpoint
                        self._say(FeedState.LIVE)
                        if self._is_known:
                            continue
                    await self._put(item)
        except Retryable as failure:
            return failure
        except (aiohttp.ClientError, OSError) as error:
            return Retryable(ReconnectReason.CONNECTION, str(error) or type(error).__name__)
        return Retryable(ReconnectReason.CLOSED, "the stream ended")

    async def _put(self, item: Item) -> None:
        await self._buffer.put(item)
        if moves_on(item):
            self._is_known = True
            self._position = item.position
            self._newest_ms = max(self._newest_ms, item.event_time_ms)

    def _whole(self, payload: Payload) -> Payload:
        """With key and time, where the feed gave none; no time is ahead of the clock."""
        key, at_ms = payload.key, payload.event_time_ms
        now_ms = self._clock.now_ms()
        if key and 0 < at_ms <= now_ms:
            return payload
        if not (key and at_ms):
            try:
                found = self._facts_of(payload.value)
            except WrappedError:  # the worker says what is wrong with it
                found = NOTHING
            key, at_ms = key or found.key, at_ms or found.event_time_ms
        return Payload(payload.value, payload.position, min(at_ms, now_ms), key)

    def _say(self, state: FeedState) -> None:
        if state is not self._contact.state:
            self._contact.state = state
            self._metrics.is_connected.labels(self._feed.name).set(state is FeedState.LIVE)


def _away(since_ms: int, until_ms: int) -> Gap:
    until_ms = max(until_ms, since_ms)
    return Gap(since_ms, until_ms, GapReason.NO_RESUME, "the feed was away; it cannot go back")
