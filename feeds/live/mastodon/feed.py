"""`Mastodon`: the public posts of one server, as it streams them."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import aclosing, suppress

import aiohttp
import msgspec

from feeds.live.buffer import Buffer
from feeds.live.connections import Refused, Timing, lines, messages, new_session, websocket
from feeds.live.languages import LABELS, is_wanted, labels_of
from feeds.live.mastodon.backfill import bounded, missed
from feeds.live.mastodon.events import Converter, Place, Sent, place_of
from feeds.live.mastodon.server import (
    STREAMS,
    Instance,
    address_of,
    http_of,
    parts_of,
    websocket_of,
)
from feeds.live.source import (
    Item,
    Opened,
    Permanent,
    ReconnectReason,
    Resume,
    Retryable,
)
from schemas.post import Source
from streams.metrics import FeedMetrics

log = logging.getLogger(__name__)

_STREAMING = "/api/v1/streaming"
_MOST = 1_000
_WAIT_S = 3_600.0


class Mastodon:
    """A `LiveFeed` of the posts, edits and deletions of one server's public stream."""

    source = Source.MASTODON

    def __init__(
        self,
        server: str,
        token: str = "",
        *,
        stream: str = "public",
        languages: Iterable[str] = (),
        name: str = "",
        metrics: FeedMetrics | None = None,
        timing: Timing | None = None,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        """`token`: of an account on that server, with the right `read:statuses`.

        Raises:
            ValueError: the server or the stream is none.
        """
        self._address = address_of(server)
        if stream not in STREAMS:
            raise ValueError(f"{stream!r} is no stream; name one of {', '.join(STREAMS)}")
        host = self._address.partition("://")[2]
        self.name = name or f"mastodon/{host}" + ("" if stream == "public" else f"/{stream}")
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._stream = stream
        self._languages = frozenset(languages)
        self._metrics = metrics
        self._timing = timing or Timing()
        self._now_ms = now_ms
        self._by_websocket = True
        self._sent = Sent()
        if metrics is not None:
            metrics.add_feed(self.name, {"languages": LABELS})

    async def stream(self, resume: Resume | None) -> AsyncGenerator[Item, None]:
        """One connection. What came while there was none is asked for, once the stream stands."""
        try:
            place = place_of(resume.position) if resume and resume.position else None
        except ValueError as error:
            raise Permanent(
                f"{self.name}: its position in `feed-positions` cannot be read ({error}); `leimo "
                f"feed forget {self.name}` removes it: the feed then begins with what is live"
            ) from None
        async with new_session(self._timing) as session:
            session.headers.update(self._headers)
            instance = await self._instance(session)
            opened = asyncio.Event()
            came = Buffer()
            opened_ms = self._now_ms()
            live = Converter(instance.domain, Place("", opened_ms), self._is_wanted, self._sent)
            reading = asyncio.create_task(self._read(session, instance, live, came, opened))
            reading.add_done_callback(lambda _: came.close())
            try:
                await self._until_open(reading, opened)
                how = "WebSocket" if self._by_websocket else "SSE"
                yield Opened(f"{self._address} ({how})", live.place)
                if place is not None:
                    # Its own converter: what is live must not move the place before this is done.
                    late = Converter(instance.domain, place, self._is_wanted, self._sent)
                    asked = missed(
                        session, self._address, self._parameters(), late, self._timing,
                        until_ms=opened_ms,
                    )  # fmt: skip
                    async with aclosing(asked) as found:
                        async for item in found:
                            yield item
                while items := await self._next(came):
                    for item in items:
                        yield item
                await reading
            finally:
                reading.cancel()
                with suppress(asyncio.CancelledError, Exception):
                    await reading

    async def _until_open(self, reading: "asyncio.Task[None]", opened: asyncio.Event) -> None:
        waiting = asyncio.create_task(opened.wait())
        try:
            await asyncio.wait({reading, waiting}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
        if not opened.is_set():
            await reading

    async def _next(self, came: Buffer) -> list[Item]:
        """What came, once something did; nothing at the end."""
        while not (items := await came.take(_MOST, _WAIT_S)) and not came.is_closed:
            continue
        return items

    async def _instance(self, session: aiohttp.ClientSession) -> Instance:
        """What the server says of itself; `Permanent` where it streams nothing of what is asked."""
        try:
            async with (
                asyncio.timeout(self._timing.connect_s),
                session.get(f"{self._address}/api/v2/instance") as response,
            ):
                instance = msgspec.json.decode(await bounded(response), type=Instance)
        except Refused as refusal:
            if refusal.status in (401, 403):
                raise self._forbidden(refusal) from None
            if refusal.status != 404:
                raise refusal.as_retryable() from None
            instance = Instance()  # before version 4
        except msgspec.MsgspecError as error:
            raise Retryable(
                ReconnectReason.PROTOCOL, f"{self._address}/api/v2/instance: {error}"
            ) from None
        instance.domain = instance.domain or self._address.partition("://")[2].partition(":")[0]
        disabled = instance.disabled(self._stream)
        if len(disabled) == len(parts_of(self._stream)):
            raise Permanent(
                f"{self.name}: the server has its live feed {self._stream!r} switched off "
                "(`configuration.timelines_access.live_feeds`): only deletions would come; choose "
                "another --stream or --server"
            )
        if disabled:
            log.warning(
                "%s: the server has the %s part of its live feed switched off: nothing of it comes",
                self.name,
                disabled[0],
            )
        return instance

    def _forbidden(self, refusal: Refused) -> Permanent:
        mend = (
            "the token is not valid there, or lacks read:statuses"
            if self._headers
            else "streams need a token: make one on the server under Preferences, Development"
        )
        return Permanent(f"{self.name}: {refusal}; {mend}")

    async def _read(
        self,
        session: aiohttp.ClientSession,
        instance: Instance,
        live: Converter,
        came: Buffer,
        opened: asyncio.Event,
    ) -> None:
        """Fill the buffer until the connection ends; sets `opened` once it stands."""
        base = self._streaming_address(instance)
        try:
            if self._by_websocket:
                await self._read_websocket(session, base, live, came, opened)
            else:
                await self._read_events(session, base, live, came, opened)
        except Refused as refusal:
            if self._by_websocket and refusal.status != 429 and refusal.status < 500:
                self._by_websocket = False
                raise Retryable(
                    ReconnectReason.PROTOCOL, f"no WebSocket ({refusal}); by events", after_s=0
                ) from None
            if refusal.status in (401, 403):
                raise self._forbidden(refusal) from None
            self._by_websocket = True
            raise refusal.as_retryable() from None
        except aiohttp.WSServerHandshakeError as error:
            self._by_websocket = False
            raise Retryable(
                ReconnectReason.PROTOCOL, f"no WebSocket ({error.message}); by events", after_s=0
            ) from None
        except ValueError as error:
            raise Retryable(ReconnectReason.REFUSED, f"the server says: {error}") from None

    def _streaming_address(self, instance: Instance) -> str:
        told = instance.configuration.urls.streaming
        try:
            return address_of(told) if told else self._address
        except ValueError as error:
            raise Permanent(f"{self.name}: its streaming address: {error}") from None

    async def _read_websocket(
        self,
        session: aiohttp.ClientSession,
        base: str,
        live: Converter,
        came: Buffer,
        opened: asyncio.Event,
    ) -> None:
        address = f"{websocket_of(base)}{_STREAMING}?stream={self._stream}"
        async with websocket(session, address, self._timing) as connection:
            opened.set()
            async with aclosing(messages(connection)) as frames:
                async for frame, _ in frames:
                    await came.put(live.message(frame))

    async def _read_events(
        self,
        session: aiohttp.ClientSession,
        base: str,
        live: Converter,
        came: Buffer,
        opened: asyncio.Event,
    ) -> None:
        """Signs of life come every 15 s; three that stay away are the end."""
        address = f"{http_of(base)}{_STREAMING}/{self._stream.replace(':', '/')}"
        timeout = aiohttp.ClientTimeout(
            total=None,
            sock_connect=self._timing.connect_s,
            sock_read=self._timing.silence_s,
        )
        name, content = "", []
        try:
            async with session.get(address, timeout=timeout) as response:
                opened.set()
                async with aclosing(lines(response)) as texts:
                    async for text in texts:
                        if text.startswith(b"event:"):
                            name = text[6:].strip().decode(errors="replace")
                        elif text.startswith(b"data:"):
                            content.append(text[5:].removeprefix(b" "))
                        elif not text and name:
                            await came.put(live.event(name, b"\n".join(content)))
                            name, content = "", []
        except aiohttp.SocketTimeoutError:
            raise Retryable(ReconnectReason.STALE, "its signs of life stay away") from None

    def _parameters(self) -> dict[str, str]:
        """Of the timeline that holds what the stream gave."""
        _, _, part = self._stream.partition(":")
        return {part: "true"} if part else {}

    def _is_wanted(self, languages: tuple[str, ...]) -> bool:
        if self._metrics is not None:
            for label in labels_of(languages):
                self._metrics.languages.labels(self.name, label).inc()
        return is_wanted(languages, self._languages)
