"""`POST /posts`: answered once Kafka has the posts.

Nothing that was answered with 200 can be lost, whatever happens to this process; what was not
answered is to be sent again, and repeats are dropped downstream.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import msgspec
from aiohttp import web

from feeds.push.bodies import BodyTooLarge, BrokenBody, PostReader, Taken, unpacked
from feeds.push.lane import ACKNOWLEDGE_S, BrokerAway, Lane
from feeds.push.room import NoRoom, Room, Share
from feeds.source import FeedError
from kafka_io.settings import Settings
from schemas.post import Source
from schemas.topics import MIB
from streams.monitoring import is_authorized
from streams.push_metrics import PushMetrics

log = logging.getLogger(__name__)

MAX_BODY_BYTES = 16 * MIB
"""Of a body, as it comes and unpacked."""
MAX_IN_FLIGHT_BYTES = 64 * MIB
MAX_REQUESTS = 256
BODY_S = 30.0
"""A body has to be there by then."""
END_S = 15.0
"""Requests under way get so long at the end: more than the broker gets."""
RETRY_AFTER_S = 1
_ENCODINGS = {"": "", "identity": "", "gzip": "gzip", "x-gzip": "gzip", "zstd": "zstd"}
_NDJSON = frozenset(
    {"application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines"}
)
_TYPES = _NDJSON | {"application/json"}
_UNPACK_ASIDE_BYTES = 1 << 16


class Refusal(Exception):  # noqa: N818 - named for what it is
    """The whole request is refused."""

    def __init__(self, status: int, error: str, **headers: str) -> None:
        self.status = status
        self.error = error
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}
        super().__init__(error)


class PushServer:
    """The server, in the running loop; `serving` starts and ends it."""

    def __init__(
        self,
        settings: Settings,
        metrics: PushMetrics,
        source: Source,
        *,
        max_body_bytes: int = MAX_BODY_BYTES,
        max_in_flight_bytes: int = MAX_IN_FLIGHT_BYTES,
    ) -> None:
        self.accepted_posts = 0
        self.port = 0
        self._settings = settings
        self._metrics = metrics
        self._source = source
        self._max_body_bytes = max_body_bytes
        self._room = Room(max_in_flight_bytes, MAX_REQUESTS)
        self._token = settings.push_token.get_secret_value()
        self._lanes: dict[Source, tuple[Lane, asyncio.Task[None]]] = {}
        self._broken = asyncio.Event()
        self._unpacking = asyncio.Semaphore(2)
        self._is_ending = False
        self._open_requests = 0
        self._drained = asyncio.Event()
        """Set once none is open, at the end."""

    @property
    def is_up(self) -> bool:
        """Whether posts are taken now."""
        up = not self._is_ending and all(lane.is_up for lane, _ in self._lanes.values())
        self._metrics.broker_up.set(up)
        return up

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Listen; at the end every request under way is answered first.

        Raises:
            FeedError: the address cannot be listened on.
        """
        self._lane(self._source)
        app = web.Application(client_max_size=self._max_body_bytes + 1)
        app.add_routes([web.post("/posts", self._posts), web.get("/health", self._health)])
        runner = web.AppRunner(
            app, access_log=None, auto_decompress=False, shutdown_timeout=END_S,
            keepalive_timeout=75,
            lingering_time=2.0,
        )  # fmt: skip
        await runner.setup()
        try:
            site = await self._listen(runner)
            try:
                yield
            finally:
                self._is_ending = True
                await site.stop()
                # aiohttp's own end reads no more of bodies that are on their way.
                await self._answered_all()
        finally:
            await runner.cleanup()
            for lane, _ in self._lanes.values():
                lane.stop()
            await self._ended([task for _, task in self._lanes.values()])

    async def failed(self) -> None:
        """Wait for a mistake of our own; raises it."""
        await self._broken.wait()
        for _, task in self._lanes.values():
            if task.done():
                task.result()

    async def _answered_all(self) -> None:
        if self._open_requests:
            with suppress(TimeoutError):
                async with asyncio.timeout(END_S):
                    await self._drained.wait()

    async def _listen(self, runner: web.AppRunner) -> web.TCPSite:
        address = self._settings.push_address
        host, _, port = address.rpartition(":")
        site = web.TCPSite(runner, host.strip("[]"), int(port))
        try:
            await site.start()
        except OSError as error:
            raise FeedError(
                f"push_address={address}: cannot listen there ({error.strerror}); choose another "
                "with --listen or LEIMO_PUSH_ADDRESS, port 0 for a free one"
            ) from error
        self.port = runner.addresses[0][1]
        return site

    async def _ended(self, tasks: "list[asyncio.Task[None]]") -> None:
        _, left = await asyncio.wait(tasks, timeout=1.0)
        for task in left:  # the broker is away; all of its requests were answered
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    def _lane(self, source: Source) -> Lane:
        held = self._lanes.get(source)
        if held is None:
            lane = Lane(self._settings, source)
            task = asyncio.create_task(lane.run())
            task.add_done_callback(self._look_at)
            held = self._lanes[source] = (lane, task)
        return held[0]

    def _look_at(self, task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and task.exception() is not None:
            self._broken.set()

    async def _health(self, request: web.Request) -> web.Response:
        if self.is_up:
            return web.Response(text="ok")
        return web.Response(status=503, text="the broker does not take posts")

    async def _posts(self, request: web.Request) -> web.Response:
        began_s = time.perf_counter()
        self._open_requests += 1
        try:
            answer = await self._answered(request)
        except Refusal as refusal:
            answer = _json({"error": refusal.error}, refusal.status, refusal.headers)
            if not request.content.at_eof():
                answer.force_close()  # what is left of the body is not read
        finally:
            self._open_requests -= 1
            if self._is_ending and not self._open_requests:
                self._drained.set()
        if self._is_ending:
            answer.force_close()
        self._metrics.requests.labels(str(answer.status)).inc()
        self._metrics.seconds.observe(time.perf_counter() - began_s)
        return answer

    async def _answered(self, request: web.Request) -> web.Response:
        self._refuse_strangers(request)
        source = self._source_of(request)
        encoding, is_ndjson = _shape_of(request)
        lane = self._lane(source)
        if self._is_ending:
            raise _away("this server is being stopped")
        try:
            share = self._room.share()
        except NoRoom:
            raise _too_many() from None
        try:
            body = await self._body(request, share)
            taken, received_at_ms = await self._taken(body, encoding, is_ndjson, source, share)
            del body
            if taken.posts:
                await self._sent(lane, taken, received_at_ms, share)
        except NoRoom:
            raise _too_many() from None
        finally:
            if not share.is_handed_over:
                share.release()
            self._metrics.in_flight_bytes.set(self._room.bytes)
        return self._told(taken, source)

    def _refuse_strangers(self, request: web.Request) -> None:
        if self._token:
            if not is_authorized(request.headers.get("Authorization", ""), self._token):
                raise Refusal(
                    401, "the header Authorization: Bearer TOKEN is missing or wrong",
                    WWW_Authenticate="Bearer",
                )  # fmt: skip
        elif "Origin" in request.headers:
            raise Refusal(403, "pages in a browser cannot post without a token: set one")

    def _source_of(self, request: web.Request) -> Source:
        name = request.query.get("source") or request.headers.get("X-Leimo-Source")
        if not name:
            return self._source
        try:
            return Source(name)
        except ValueError:
            known = ", ".join(source.value for source in Source)
            raise Refusal(400, f"source {name[:60]!r} is unknown; use one of {known}") from None

    async def _body(self, request: web.Request, share: Share) -> bytes:
        told = request.content_length
        if told is not None and told > self._max_body_bytes:
            raise self._too_large()
        share.hold(told or 0)
        pieces: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(BODY_S):
                async for piece in request.content.iter_any():
                    size += len(piece)
                    if size > self._max_body_bytes:
                        raise self._too_large()
                    share.hold(max(size, told or 0))
                    pieces.append(piece)
        except TimeoutError:
            raise Refusal(408, f"the body was not there within {BODY_S:g} s") from None
        self._metrics.body_bytes.inc(size)
        self._metrics.in_flight_bytes.set(self._room.bytes)
        return b"".join(pieces)

    def _too_large(self) -> Refusal:
        return Refusal(
            413,
            f"the body has more than {self._max_body_bytes:,} bytes, as it comes or unpacked; "
            "send fewer posts at a time",
        )

    async def _taken(
        self, body: bytes, encoding: str, is_ndjson: bool, source: Source, share: Share
    ) -> tuple[Taken, int]:
        if encoding:
            try:
                if len(body) < _UNPACK_ASIDE_BYTES:
                    body = unpacked(body, encoding, self._max_body_bytes)
                else:  # few at once: what a body becomes is known only then
                    async with self._unpacking:
                        body = await asyncio.to_thread(
                            unpacked, body, encoding, self._max_body_bytes
                        )
            except BodyTooLarge:
                raise self._too_large() from None
            except BrokenBody as error:
                raise Refusal(400, f"Content-Encoding {encoding}: {error}") from None
            share.hold(len(body))
        now_ms = time.time_ns() // 1_000_000
        reader = PostReader(
            source,
            now_ms,
            max_post_bytes=self._settings.max_post_bytes,
            max_text=self._settings.max_text_chars,
            max_skew_ms=round(self._settings.skew_s * 1_000),
        )
        for _ in reader.read(body, is_ndjson):
            await asyncio.sleep(0)
        return reader.taken, now_ms

    async def _sent(self, lane: Lane, taken: Taken, received_at_ms: int, share: Share) -> None:
        if not lane.is_up and lane.has_tried:
            raise _away(lane.error or "the broker is slow")
        sending = asyncio.create_task(lane.send(taken.posts, received_at_ms))
        await asyncio.wait({sending}, timeout=ACKNOWLEDGE_S)
        if not sending.done():
            share.hand_over(sending)
            raise _away(f"the broker did not answer within {ACKNOWLEDGE_S:g} s")
        try:
            await sending
        except BrokerAway as error:
            raise _away(str(error)) from None

    def _told(self, taken: Taken, source: Source) -> web.Response:
        accepted = len(taken.posts)
        self.accepted_posts += accepted
        self._metrics.posts.labels(source.value).inc(accepted)
        for reason, count in taken.reasons.items():
            self._metrics.refused.labels(reason).inc(count)
        told = {
            "accepted": accepted,
            "skipped": taken.skipped,
            "refused": taken.refused,
            "refusals": taken.refusals,
        }
        if taken.refused > len(taken.refusals):
            told["refusals_not_shown"] = taken.refused - len(taken.refusals)
        is_nothing_readable = taken.refused and not accepted and not taken.skipped
        return _json(told, 422 if is_nothing_readable else 200)


def _shape_of(request: web.Request) -> tuple[str, bool]:
    """How the body is packed, and whether it is a post a line."""
    given = request.headers.get("Content-Encoding", "").strip().lower()
    if given not in _ENCODINGS:
        raise Refusal(415, f"Content-Encoding {given[:60]!r}: use gzip, zstd or none",
                      Accept_Encoding="gzip, zstd")  # fmt: skip
    if request.content_type not in _TYPES or "Content-Type" not in request.headers:
        raise Refusal(
            415,
            "Content-Type: use application/json (one post, or an array) or application/x-ndjson "
            "(one post a line)",
        )
    return _ENCODINGS[given], request.content_type in _NDJSON


def _too_many() -> Refusal:
    return Refusal(429, "too much is under way; send this again", Retry_After=str(RETRY_AFTER_S))


def _away(why: str) -> Refusal:
    return Refusal(
        503, f"the posts are not safe: {why}; send all of them again", Retry_After="2"
    )  # fmt: skip


def _json(told: object, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(
        body=msgspec.json.encode(told) + b"\n",
        status=status,
        headers=headers,
        content_type="application/json",
    )
