"""A Mastodon of one's own, written from the public description: instance, streams, timelines."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

TOKEN = "secret-of-the-test"
FIRST_MS = 1_790_000_000_000


def status(number: int, at_ms: int, acct: str = "", **fields: Any) -> dict[str, Any]:
    """A status as it is streamed; its id holds its time."""
    created = datetime.fromtimestamp(at_ms / 1_000, UTC).isoformat(timespec="milliseconds")
    return {
        "id": str((at_ms << 16) + number % 65_536),
        "created_at": created.replace("+00:00", "Z"),
        "uri": f"https://origin.example/{number}",
        "content": f"<p>小米手机真好用 {number}</p>",
        "language": "zh",
        "edited_at": None,
        "account": {"id": str(number % 97), "acct": acct or f"a{number % 97}@origin.example"},
        "reblog": None,
        **fields,
    }


class MastodonServer:
    """One server."""

    def __init__(self) -> None:
        self.kept: list[dict[str, Any]] = []
        """The public timeline, the oldest first."""
        self.access: dict[str, str] | None = {"local": "public", "remote": "authenticated"}
        self.has_websocket = True
        self.remaining = 300
        """Requests that it still allows."""
        self.cut_after: list[int] = []
        """Events of the next connections after which each is cut."""
        self.connections = 0
        self.asked: list[dict[str, str]] = []
        """Parameters of requests to the timeline."""
        self.has_ids = True
        """False: the timeline is given with ids that cannot be read."""
        self.thump_s = 0.05
        self.breaks_messages = False
        """Cuts connections in the middle of a message."""
        self.is_mute = False
        """Takes WebSockets and answers nothing, not even a ping."""
        self.port = 0
        self._streams: set[asyncio.Queue[tuple[str, str] | None]] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def streams(self) -> int:
        """Connections that stand."""
        return len(self._streams)

    def post(self, *statuses: dict[str, Any]) -> None:
        """Publish statuses: kept, and streamed to whoever is connected."""
        for each in statuses:
            self.kept.append(each)
            self.send("update", json.dumps(each, ensure_ascii=False))

    def send(self, event: str, payload: str) -> None:
        """Stream an event."""
        for stream in self._streams:
            stream.put_nowait((event, payload))

    def drop_connections(self) -> None:
        """Cut all."""
        for stream in list(self._streams):
            stream.put_nowait(None)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["MastodonServer"]:
        """Listen on a free port."""
        app = web.Application()
        app.add_routes(
            [
                web.get("/api/v2/instance", self._instance),
                web.get("/api/v1/streaming", self._websocket),
                web.get("/api/v1/streaming/{stream:.+}", self._events),
                web.get("/api/v1/timelines/public", self._timeline),
            ]
        )
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.port = runner.addresses[0][1]
        try:
            yield self
        finally:
            self.drop_connections()
            await runner.cleanup()

    async def _instance(self, request: web.Request) -> web.Response:
        configuration: dict[str, Any] = {"urls": {"streaming": f"ws://127.0.0.1:{self.port}"}}
        if self.access is not None:
            configuration["timelines_access"] = {"live_feeds": self.access}
        return web.json_response({"domain": "here.example", "configuration": configuration})

    def _refused(self, request: web.Request) -> web.Response | None:
        if request.headers.get("Authorization") == f"Bearer {TOKEN}":
            return None
        return web.json_response({"error": "The access token is invalid"}, status=401)

    async def _websocket(self, request: web.Request) -> web.StreamResponse:
        if not self.has_websocket:
            return web.Response(status=404, text="no upgrade here")
        if refused := self._refused(request):
            return refused
        assert request.query["stream"].startswith("public")
        answer = web.WebSocketResponse()
        await answer.prepare(request)
        if self.is_mute and request.transport is not None:
            self.connections += 1
            request.transport.pause_reading()
            await asyncio.Event().wait()
        reading = asyncio.create_task(answer.receive())
        async for event, payload in self._stream(reading):
            envelope = {"stream": ["public"], "event": event, "payload": payload}
            if event == "filters_changed":
                del envelope["payload"]
            await answer.send_str(json.dumps(envelope, ensure_ascii=False))
        reading.cancel()
        if request.transport is not None:
            if self.breaks_messages:  # the head of a frame promises more than comes
                request.transport.write(b"\x81\x7e\x10\x00" + b'{"stream": ["pub')
            request.transport.abort()
        return answer

    async def _events(self, request: web.Request) -> web.StreamResponse:
        if refused := self._refused(request):
            return refused
        answer = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await answer.prepare(request)
        await answer.write(b":)\n")
        thumping = asyncio.create_task(self._thump(answer))
        async for event, payload in self._stream(thumping):
            await answer.write(f"event: {event}\ndata: {payload}\n\n".encode())
        thumping.cancel()
        if request.transport is not None:
            if self.breaks_messages:
                await answer.write(b'event: update\ndata: {"id": "11')
            request.transport.abort()
        return answer

    async def _thump(self, answer: web.StreamResponse) -> None:
        while self.thump_s:
            await asyncio.sleep(self.thump_s)
            await answer.write(b":thump\n")
        await asyncio.Event().wait()

    async def _stream(self, gone: asyncio.Task[Any]) -> AsyncIterator[tuple[str, str]]:
        """Events from now on, until the connection is cut or gone."""
        self.connections += 1
        left = self.cut_after.pop(0) if self.cut_after else -1
        queue: asyncio.Queue[tuple[str, str] | None] = asyncio.Queue()
        gone.add_done_callback(lambda _: queue.put_nowait(None))
        self._streams.add(queue)
        try:
            while left != 0 and (event := await queue.get()) is not None:
                left -= 1
                yield event
        finally:
            self._streams.discard(queue)

    async def _timeline(self, request: web.Request) -> web.Response:
        if refused := self._refused(request):
            return refused
        self.asked.append(dict(request.query))
        if self.remaining <= 0:
            return web.json_response({"error": "Too many requests"}, status=429)
        self.remaining -= 1
        after, limit = int(request.query["min_id"]), int(request.query["limit"])
        assert limit <= 40
        later = sorted(
            (each for each in self.kept if int(each["id"]) > after),
            key=lambda each: int(each["id"]),
        )
        if not self.has_ids:
            later = [{**each, "id": [1]} for each in later]
        return web.json_response(
            later[:limit][::-1], headers={"X-RateLimit-Remaining": str(self.remaining)}
        )
