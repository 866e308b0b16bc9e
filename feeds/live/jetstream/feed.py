"""`Jetstream`: the live feed of Bluesky's posts, by version 2 of Jetstream or version 1."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable
from contextlib import aclosing, asynccontextmanager
from typing import NamedTuple

import aiohttp

from feeds.files import MAX_LINE_BYTES
from feeds.live.connections import (
    Refused,
    Socket,
    Timing,
    TooLarge,
    messages,
    new_session,
    websocket,
)
from feeds.live.jetstream.cursor import OVERLAP_S, Cursor, cursor_of
from feeds.live.jetstream.dictionary import Dictionary, fetched
from feeds.live.jetstream.endpoints import PUBLIC, Endpoints, address_of, http_of
from feeds.live.jetstream.events import Event, NotReadable, What, read
from feeds.live.languages import LABELS, is_wanted, labels_of
from feeds.live.source import (
    Gap,
    Item,
    Opened,
    Passed,
    PassReason,
    Payload,
    Permanent,
    ReconnectReason,
    Resume,
    Retryable,
    moves_on,
)
from schemas.feed import GapReason
from schemas.post import Source
from streams.metrics import FeedMetrics

log = logging.getLogger(__name__)

_SUBPROTOCOL = "xrpc.v1.json"
_MOST_MALFORMED = 100
"""In a row; more, and the connection is of no use."""
_FIRST_SKIP_US = 1_000
_SECOND_US = 1_000_000


class Jetstream:
    """A `LiveFeed` of posts, reposts, deletions and removals of accounts."""

    source = Source.JETSTREAM

    def __init__(
        self,
        endpoints: Iterable[str] = PUBLIC,
        *,
        languages: Iterable[str] = (),
        is_compressed: bool = True,
        name: str = "jetstream",
        metrics: FeedMetrics | None = None,
        timing: Timing | None = None,
        now_us: Callable[[], int] = lambda: time.time_ns() // 1_000,
    ) -> None:
        """`languages`: posts that name others are left out; none: all are taken.

        Raises:
            ValueError: an endpoint is no address of an instance.
        """
        self.name = name
        self._endpoints = Endpoints(endpoints)
        self._languages = frozenset(languages)
        self._is_compressed = is_compressed
        self._metrics = metrics
        self._timing = timing or Timing()
        self._now_us = now_us
        self._dictionaries: dict[str, Dictionary | None] = {}
        """By address; None: that one is read uncompressed."""
        self._distrusted: set[str] = set()
        """Addresses whose seqs are no longer those that the cursor knows."""
        self._skip_us = 0
        """How far behind the cursor the next connection begins, past what cannot be read."""
        if metrics is not None:
            metrics.add_feed(name, {"languages": LABELS})

    async def stream(self, resume: Resume | None) -> AsyncGenerator[Item, None]:
        """One connection to one instance; the next call goes to another if this gave nothing."""
        try:
            cursor = cursor_of(resume.position) if resume else None
        except ValueError as error:
            raise Permanent(
                f"{self.name}: its position in `feed-positions` cannot be read ({error}); `leimo "
                f"feed forget {self.name}` removes it: the feed then begins with what is live"
            ) from None
        has_given = is_mended = False
        try:
            async with aclosing(self._connected(cursor)) as items:
                async for item in items:
                    has_given = has_given or _is_news(item, cursor)
                    yield item
        except TooLarge:
            is_mended = True
            if not has_given:
                self._skip_us = max(_FIRST_SKIP_US, self._skip_us * 2)
            raise
        except Retryable as failure:
            is_mended = failure.after_s == 0
            raise
        finally:
            if not has_given and not is_mended:
                self._endpoints.next()

    async def _connected(self, cursor: Cursor | None) -> AsyncGenerator[Item, None]:
        async with new_session(self._timing) as session:
            plan = await self._plan(session, cursor)
            async with self._opened(session, plan) as connection:
                opened = Cursor(plan.base, 0, self._now_us(), is_event=False)
                yield Opened(f"{plan.base} (version {plan.version})", opened)
                progress = _Progress(self, plan, cursor)
                async with aclosing(messages(connection)) as frames:
                    async for frame, is_packed in frames:
                        for item in progress.take(frame, is_packed=is_packed):
                            yield item

    async def _plan(self, session: aiohttp.ClientSession, cursor: Cursor | None) -> "_Plan":
        base, version = self._endpoints.base, self._endpoints.version
        dictionary = await self._dictionary(session, base) if version == 2 else None
        if cursor is None:
            return _Plan(base, version, None, dictionary)
        if self._skip_us:
            asked = cursor.time_us + self._skip_us
            return _Plan(base, version, asked, dictionary, is_skipping=True)
        by_seq = base not in self._distrusted
        asked = cursor.asked_of(base, version, self._now_us(), by_seq=by_seq)
        return _Plan(base, version, asked, dictionary)

    async def _dictionary(self, session: aiohttp.ClientSession, base: str) -> Dictionary | None:
        if not self._is_compressed:
            return None
        if base not in self._dictionaries:
            self._dictionaries[base] = await self._fetched(session, base)
        return self._dictionaries[base]

    async def _fetched(self, session: aiohttp.ClientSession, base: str) -> Dictionary | None:
        """Compression saves much and is no condition: without a dictionary it goes on without."""
        try:
            async with asyncio.timeout(self._timing.connect_s):
                return await fetched(session, http_of(base))
        except Refused as refusal:
            if refusal.status == 404:  # perhaps it does not speak version 2 at all
                return None
            log.warning("%s: %s has no dictionary (%s)", self.name, base, _shown(refusal))
        except (NotReadable, aiohttp.ClientError, OSError) as error:
            log.warning("%s: %s has no dictionary (%s)", self.name, base, _shown(error))
        return None

    @asynccontextmanager
    async def _opened(self, session: aiohttp.ClientSession, plan: "_Plan") -> AsyncIterator[Socket]:
        """The connection; turns refusals into what is to be done about them."""
        dictionary = plan.dictionary.id if plan.dictionary else None
        address = address_of(plan.base, plan.version, plan.asked, dictionary)
        is_new = plan.version == 2
        opening = websocket(
            session,
            address,
            self._timing,
            protocols=(_SUBPROTOCOL,) if is_new else (),
            with_deflate=not is_new and self._is_compressed,
        )
        try:
            connection = await opening.__aenter__()
        except Refused as refusal:
            raise await self._answer(session, plan, refusal) from None
        self._endpoints.accepted()
        try:
            yield connection
        finally:
            await opening.__aexit__(None, None, None)

    async def _answer(
        self, session: aiohttp.ClientSession, plan: "_Plan", refusal: Refused
    ) -> Exception:
        """What follows from a refusal."""
        base = plan.base
        if plan.version == 2 and refusal.status in (404, 501):
            self._endpoints.fall_back()
            return _mended(ReconnectReason.PROTOCOL, f"{base} speaks version 1")
        if refusal.name == "CursorTooOld":
            self._distrusted.add(base)
            return _mended(ReconnectReason.CURSOR, f"{base} no longer has the place: {refusal}")
        if refusal.name == "UnknownZstdDictionary":
            known = plan.dictionary
            found = await self._fetched(session, base)
            # The same again: instances of two builds behind one address.
            is_other = found is not None and known is not None and found.id != known.id
            self._dictionaries[base] = found if is_other else None
            return _mended(ReconnectReason.PROTOCOL, f"{base} has another dictionary")
        if refusal.status in (400, 401, 403):
            all_said = self._endpoints.refused(str(refusal))
            if all_said:
                return Permanent(f"{self.name}: refused: {all_said}")
        return refusal.as_retryable()

    def count(self, event: Event) -> None:
        """Count a post by its languages."""
        if self._metrics is not None:
            for label in labels_of(event.languages):
                self._metrics.languages.labels(self.name, label).inc()

    def is_wanted(self, event: Event) -> bool:
        """Whether a post is in a language that is asked for."""
        return is_wanted(event.languages, self._languages)

    def distrust(self, base: str) -> None:
        """Go to this instance by time from now on, until a new seq of its own is known."""
        self._distrusted.add(base)

    def trust(self, base: str) -> None:
        """What comes from this instance now has its own seqs; nothing is to be skipped."""
        self._distrusted.discard(base)
        self._skip_us = 0

    def shed(self, base: str) -> None:
        """Read this instance uncompressed: its dictionary is not that of its frames."""
        self._dictionaries[base] = None

    def now_us(self) -> int:
        """Wall clock."""
        return self._now_us()


class _Plan(NamedTuple):
    """How an instance is connected to."""

    base: str
    version: int
    asked: int | None
    """The parameter `cursor`; None: what is live."""
    dictionary: Dictionary | None
    is_skipping: bool = False
    """It begins after the cursor, past something that cannot be read."""


class _Progress:
    """One connection: frames in, items out."""

    def __init__(self, feed: Jetstream, plan: _Plan, start: Cursor | None) -> None:
        self._feed = feed
        self._plan = plan
        self._start = start
        self._is_by_seq = start is not None and start.seq > 0 and plan.asked == start.seq
        self._last_seq = 0
        self._time_us = start.time_us if start else 0
        self._gap = ""
        self._has_begun = False
        self._malformed = 0

    def take(self, frame: bytes, *, is_packed: bool) -> list[Item]:
        """What a frame gives; raises `Retryable` where the connection is of no use any more."""
        plan = self._plan
        try:
            if is_packed:
                if plan.dictionary is None:
                    raise NotReadable("a binary frame that nobody asked for")
                frame = plan.dictionary.unpacked(frame)
            event = read(frame, plan.version)
        except NotReadable as error:
            return self._not_readable(error)
        self._malformed = 0
        what = event.what
        if what is What.INFO or what is What.ERROR:
            self._heed(event)
            return []
        if not event.time_us:
            return [Passed(PassReason.KIND)]
        if self._has_begun:
            return [self._item(frame, event)]
        return [*self._begin(event), self._item(frame, event)]

    def _not_readable(self, error: NotReadable) -> list[Item]:
        self._malformed += 1
        if self._malformed == 1:
            log.warning("%s: a frame cannot be read: %s", self._feed.name, _shown(error))
        if self._malformed > _MOST_MALFORMED:
            self._feed.shed(self._plan.base)
            raise Retryable(ReconnectReason.PROTOCOL, "nothing that comes can be read")
        return [Passed(PassReason.MALFORMED)]

    def _heed(self, event: Event) -> None:
        """The server's notices, and its last words."""
        said = f"{event.name[:100]} {event.message[:300]}".strip()
        log.warning("%s: the server says: %s", self._feed.name, ascii(said))
        if event.what is What.ERROR:
            is_slow = event.name == "ConsumerTooSlow"
            reason = ReconnectReason.TOO_SLOW if is_slow else ReconnectReason.REFUSED
            raise Retryable(reason, f"the server ends the stream: {said}")
        if event.name == "OutdatedCursor":
            self._gap = said
        elif event.name == "FutureCursor" and self._start is not None and self._is_by_seq:
            # Another archive under the same address: its seqs begin anew.
            self._feed.distrust(self._plan.base)
            raise _mended(ReconnectReason.CURSOR, said)

    def _begin(self, event: Event) -> list[Item]:
        """What the first event of a connection tells: whether something lies between."""
        start, plan = self._start, self._plan
        if start is not None and self._is_by_seq:
            is_other = event.seq == start.seq and event.time_us != start.time_us
            if is_other or event.seq < start.seq:
                self._feed.distrust(plan.base)
                raise _mended(
                    ReconnectReason.CURSOR, f"{plan.base} has another event at {start.seq}"
                )
        self._has_begun = True
        self._feed.trust(plan.base)
        if start is None or event.time_us <= start.time_us:
            return []
        reason, detail = GapReason.CURSOR_TOO_OLD, self._gap
        if plan.is_skipping:
            reason, detail = GapReason.OVERSIZED, "a message was too large to be read"
        elif self._is_clamped(event, start):
            detail = "version 1 goes on with the oldest that it has"
        if not detail:
            return []
        return [Gap(start.time_us // 1_000, event.time_us // 1_000, reason, detail)]

    def _is_clamped(self, event: Event, start: Cursor) -> bool:
        """Whether version 1 began later than it was asked to, which it does not say.

        The instance that sent the last event sends it again; on another one it may have been seen
        earlier, before what was asked for.
        """
        slack_us = 0 if start.endpoint == self._plan.base else OVERLAP_S * _SECOND_US
        is_later = event.time_us > start.time_us + slack_us
        return self._plan.version == 1 and start.is_event and is_later

    def _item(self, frame: bytes, event: Event) -> Item:
        if event.seq and event.seq <= self._last_seq:
            return Passed(PassReason.REPEAT)
        if self._is_by_seq and self._start is not None and event.seq == self._start.seq:
            self._last_seq = event.seq
            return Passed(PassReason.REPEAT)
        self._last_seq = event.seq
        # A clock that ran ahead must not become the place from which everything is skipped.
        self._time_us = max(self._time_us, min(event.time_us, self._feed.now_us()))
        cursor = Cursor(self._plan.base, event.seq, self._position_us(event))
        at_ms = event.time_us // 1_000
        if event.what is What.UNWANTED:
            return Passed(PassReason.KIND, cursor, at_ms)
        if event.what is What.POST:
            self._feed.count(event)
            if not self._feed.is_wanted(event):
                return Passed(PassReason.LANGUAGE, cursor, at_ms)
        if len(frame) > MAX_LINE_BYTES:
            return Passed(PassReason.OVERSIZED, cursor, at_ms)
        return Payload(frame, cursor, at_ms, event.did.encode(errors="replace"))

    def _position_us(self, event: Event) -> int:
        """Version 2 knows the event again by its time; in version 1 times go back now and then."""
        return event.time_us if event.seq else self._time_us


def _is_news(item: Item, cursor: Cursor | None) -> bool:
    """Whether it lies behind the cursor: what is only repeated is no progress."""
    if not moves_on(item) or type(item) is Opened:
        return False
    at = item.position
    if cursor is None or not isinstance(at, Cursor):
        return True
    is_same = at.endpoint == cursor.endpoint and at.seq > 0
    return at.seq > cursor.seq if is_same and cursor.seq else at.time_us > cursor.time_us


def _mended(reason: ReconnectReason, message: str) -> Retryable:
    return Retryable(reason, message, after_s=0)


def _shown(error: Exception) -> str:
    return ascii(str(error) or type(error).__name__)[1:-1][:300]
