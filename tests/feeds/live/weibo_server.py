"""Weibo's commercial push of one's own, written from its public pages; and its subscriptions.

Answers are chunked, with a record a line. They end after `stands_s`, or after `idle_s` without a
record; a `since_id` that is not known gives the last 100 records, without a word.
"""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from aiohttp import web

FIRST_MS = 1_790_000_000_000
STEP_MS = 200
SUBSCRIPTION = 10_032
_BEIJING = timezone(timedelta(hours=8))


def created_at(at_ms: int) -> str:
    """As Weibo writes times; whole seconds."""
    moment = datetime.fromtimestamp(at_ms / 1_000, UTC).astimezone(_BEIJING)
    return moment.strftime("%a %b %d %H:%M:%S %z %Y")


def status(number: int, at_ms: int, **fields: Any) -> dict[str, Any]:
    """A status; texts differ by `number`."""
    return {
        "created_at": created_at(at_ms), "id": 5_000_000 + number, "mid": str(5_000_000 + number),
        "text": f"小米手机真好用 {number}", "source": "微博", "truncated": False,
        "user": {"id": 100 + number % 97, "screen_name": f"u{number % 97}", "followers_count": 48},
        "state": 0, **fields,
    }  # fmt: skip


def record(number: int, post: dict[str, Any], kind: str = "status", event: str = "add") -> bytes:
    """A record of the push, as a line without its end."""
    text = {"type": kind, "event": event, kind: post}
    matched = {"keyword": "小米", "uid": 0}
    envelope = {"id": number, "text": text, "match_info": matched}
    return json.dumps(envelope, ensure_ascii=False).encode()


class WeiboServer:
    """One subscription."""

    def __init__(self, *, first_ms: int = FIRST_MS) -> None:
        self.kept: list[tuple[int, bytes]] = []
        """Number and line of each record."""
        self.stands_s = 300.0
        self.idle_s = 5.0
        self.floor = 0
        """Records below this place are no longer known."""
        self.cut_after: list[int] = []
        """Records of the next answers after which each is cut, mostly within one."""
        self.refusal: tuple[int, Any] | None = None
        self.is_mute = False
        self.is_untidy = False
        """Sends some records twice."""
        self.asked: list[dict[str, str]] = []
        self.connections = 0
        self.sent = 0
        self.keywords: list[str] = []
        self.calls: list[dict[str, str]] = []
        self.port = 0
        self._first_ms = first_ms
        self._next = 1_404_160_103_598_340
        self._more = asyncio.Condition()
        self._random = random.Random(7)
        self._open: list[web.Request] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def at_ms(self, number: int) -> int:
        """When the post of this number was written."""
        return self._first_ms + number * STEP_MS

    async def add(self, *lines: bytes) -> None:
        """Append lines as they are; whoever is connected gets them."""
        for line in lines:
            self.kept.append((self._next, line))
            self._next += 1
        async with self._more:
            self._more.notify_all()

    async def add_posts(self, first: int, count: int, **fields: Any) -> None:
        """Append records of posts with these numbers."""
        await self.add(*(self.line_of(first + more, more, **fields) for more in range(count)))

    def line_of(self, number: int, ahead: int = 0, **fields: Any) -> bytes:
        """The record of a post, to be added after `ahead` others."""
        return record(self._next + ahead, status(number, self.at_ms(number), **fields))

    def renumber(self, first: int) -> None:
        """The service forgets all numbers, and counts from `first` on."""
        texts = [json.loads(line) for _, line in self.kept]
        self.kept = [
            (first + at, json.dumps({**text, "id": first + at}).encode())
            for at, text in enumerate(texts)
        ]
        self._next = first + len(texts)

    def drop_connections(self) -> None:
        """Cut all, as a cable does."""
        for request in list(self._open):
            if request.transport is not None:
                request.transport.abort()

    @asynccontextmanager
    async def serving(self, port: int = 0) -> AsyncIterator["WeiboServer"]:
        """Listen on a free port."""
        app = web.Application()
        app.add_routes(
            [
                web.get("/commercial/push", self._push),
                web.post("/subscribe/update_subscribe.json", self._update),
            ]
        )
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        self.port = runner.addresses[0][1]
        try:
            yield self
        finally:
            self.drop_connections()
            await runner.cleanup()

    async def _push(self, request: web.Request) -> web.StreamResponse:
        assert request.query.keys() <= {"subid", "since_id"}
        self.asked.append(dict(request.query))
        if self.refusal is not None:
            code, body = self.refusal
            return web.json_response(body, status=code)
        if request.query["subid"] != str(SUBSCRIPTION):
            return web.json_response({"error": "subid is invalid", "error_code": 10017}, status=400)
        self.connections += 1
        self._open.append(request)
        try:
            if self.is_mute:
                await asyncio.Event().wait()
            answer = web.StreamResponse(headers={"Content-Type": "application/json"})
            answer.enable_chunked_encoding()
            await answer.prepare(request)
            with suppress(ConnectionError):
                await self._send_all(request, answer)
            return answer
        finally:
            self._open.remove(request)

    async def _send_all(self, request: web.Request, answer: web.StreamResponse) -> None:
        at = self._start(int(request.query.get("since_id", "0")))
        cut_after = self.cut_after.pop(0) if self.cut_after else None
        loop = asyncio.get_running_loop()
        end_s, sent = loop.time() + self.stands_s, 0
        while True:
            for _, line in self._waiting(at):
                if cut_after is not None and sent >= cut_after:
                    await self._cut(request, answer, line)
                    return
                for _ in range(1 + (self.is_untidy and self._random.random() < 0.1)):
                    await self._write(answer, line + b"\r\n")
                sent += 1
                self.sent += 1
            at = len(self.kept)
            if loop.time() >= end_s:
                return
            try:
                async with asyncio.timeout(min(self.idle_s, end_s - loop.time())), self._more:
                    while at >= len(self.kept):
                        await self._more.wait()
            except TimeoutError:
                if loop.time() < end_s:
                    return  # nothing came for a while: the answer ends

    def _waiting(self, at: int) -> Iterable[tuple[int, bytes]]:
        return self.kept[at:]

    async def _write(self, answer: web.StreamResponse, line: bytes) -> None:
        """Now and then in pieces: a chunk is no line."""
        if self.is_untidy and self._random.random() < 0.2:
            half = self._random.randrange(1, len(line))
            await answer.write(line[:half])
            line = line[half:]
        await answer.write(line)

    async def _cut(self, request: web.Request, answer: web.StreamResponse, line: bytes) -> None:
        if self._random.random() < 0.7:
            await answer.write(line[: self._random.randrange(1, len(line))])
        assert request.transport is not None
        if self._random.random() < 0.5:
            request.transport.abort()
        else:
            request.transport.close()

    def _start(self, since: int) -> int:
        """What follows a record that is known; else the last 100."""
        known = self.kept[self.floor :]
        for at, (number, _) in enumerate(known, self.floor):
            if number == since:
                return at + 1
        return max(len(self.kept) - 100, 0)

    async def _update(self, request: web.Request) -> web.Response:
        given = {key: str(value) for key, value in (await request.post()).items()}
        if self.refusal is not None:
            code, body = self.refusal
            return web.json_response(body, status=code)
        self.calls.append(given)
        assert given["subid"] == str(SUBSCRIPTION)
        assert given.get("source") == "appkey-of-the-test"
        added = [word for word in given.get("add_keywords", "").split(",") if word]
        gone = [word for word in given.get("del_keywords", "").split(",") if word]
        assert max(len(added), len(gone)) <= 50
        if not (added or gone):
            words = {"keyword": self.keywords}
            return web.json_response(
                {"appkey": 1, "subid": SUBSCRIPTION, "filters": {"keywordfilter": words}}
            )
        self.keywords = [word for word in self.keywords if word not in gone]
        self.keywords += [word for word in added if word not in self.keywords]
        return web.json_response({"result": True})
