"""A Jetstream of one's own, written from the public description, on another WebSocket library.

Speaks version 2 (`network.bsky.jetstream.subscribeEvents`) and version 1 (`/subscribe`), from an
archive in memory, and misbehaves when it is told to.
"""

import asyncio
import json
import random
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

import zstandard
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.frames import Opcode
from websockets.http11 import Request, Response

SUBSCRIBE = "/xrpc/network.bsky.jetstream.subscribeEvents"
DICTIONARY = "/xrpc/network.bsky.jetstream.getZstdDictionary"
POST, REPOST, LIKE = "app.bsky.feed.post", "app.bsky.feed.repost", "app.bsky.feed.like"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST_US = 1_790_000_000_000_000
STEP_US = 200_000


class Kept(NamedTuple):
    """An event of the archive."""

    seq: int
    time_us: int
    kind: str
    body: dict[str, Any]

    def text(self, version: int) -> bytes:
        """The frame."""
        time = (EPOCH + timedelta(microseconds=self.time_us)).isoformat().replace("+00:00", "Z")
        did = self.body["did"]
        if version == 2:
            inner = self.body["commit"] if self.kind == "commit" else {self.kind: self.body["is"]}
            payload = {
                "$type": f"network.bsky.jetstream.subscribeEvents#{self.kind}",
                "seq": self.seq, "did": did, "time": time, "witnessedAt": time, **inner,
            }  # fmt: skip
            return json.dumps({"$type": "message", "payload": payload}).encode()
        inner = {"commit": self.body["commit"]} if self.kind == "commit" else {}
        inner |= {} if self.kind == "commit" else {self.kind: self.body["is"]}
        event = {"did": did, "time_us": self.time_us, "kind": self.kind, **inner}
        return json.dumps(event).encode()


def commit(
    number: int, collection: str = POST, operation: str = "create", **record: Any
) -> dict[str, Any]:
    """The body of a commit; texts differ by `number`."""
    body: dict[str, Any] = {
        "rev": f"3l{number}", "operation": operation, "collection": collection, "rkey": f"k{number}"
    }  # fmt: skip
    if operation != "delete":
        made = {"text": f"小米手机真好用 {number}", "langs": ["zh"]} if collection == POST else {}
        body["record"] = {
            "$type": collection,
            "createdAt": "2026-09-21T14:13:20Z",
            **made,
            **record,
        }
        body["cid"] = f"bafy{number}"
    return {"did": f"did:plc:{number % 97:04}", "commit": body}


@cache
def dictionary(number: int) -> zstandard.ZstdCompressionDict:
    """A trained dictionary with this id."""
    samples: list[bytes | bytearray | memoryview] = [
        Kept(n, FIRST_US + n, "commit", commit(n)).text(2) for n in range(1, 1_500)
    ]
    return zstandard.train_dictionary(4_096, samples, dict_id=number)


class JetstreamServer:
    """One instance."""

    def __init__(self, *, version: int = 2, first_seq: int = 1, skew_us: int = 0) -> None:
        self.version = version
        self.archive: list[Kept] = []
        self.floor = 0
        """Events below this place of the archive are gone."""
        self.dictionary_id = 20_260_811
        self.asked: list[dict[str, list[str]]] = []
        """Parameters of each connection."""
        self.fetched = 0
        self.refusal: tuple[int, dict[str, str], bytes] | None = None
        self.is_mute = False
        """Accepts connections and answers nothing, not even a ping."""
        self.cut_after: list[int] = []
        """Frames of the next connections after which each is cut, perhaps within one."""
        self.before: list[bytes | str] = []
        """Frames that the next connection begins with."""
        self.is_untidy = False
        """Sends some frames twice, and, in version 1, gives times that go back by up to 2 s."""
        self.connections = 0
        self.pings = 0
        self.sent = 0
        """Frames with events, over all connections."""
        self._next_seq = first_seq
        self._first_us = FIRST_US + skew_us
        self._more = asyncio.Condition()
        self._closing = asyncio.Event()
        self._random = random.Random(7)
        self._server: Server | None = None
        self._tips: dict[ServerConnection, int] = {}
        """Where the archive ended when a connection began."""
        self._open: set[ServerConnection] = set()

    @property
    def port(self) -> int:
        assert self._server is not None
        port: int = next(iter(self._server.sockets)).getsockname()[1]
        return port

    @property
    def url(self) -> str:
        """As a feed is told it."""
        old = "/subscribe" if self.version == 1 else ""
        return f"ws://127.0.0.1:{self.port}{old}"

    async def add(self, *bodies: dict[str, Any], kind: str = "commit") -> None:
        """Append events; whoever is connected gets them."""
        for body in bodies:
            last_us = self.archive[-1].time_us if self.archive else self._first_us
            at_us = last_us + STEP_US
            if self.is_untidy and self.version == 1:
                at_us = self._first_us + self._next_seq * STEP_US
                at_us -= self._random.randrange(2_000_000)
            self.archive.append(Kept(self._next_seq, at_us, kind, body))
            self._next_seq += 1
        async with self._more:
            self._more.notify_all()

    def archive_at_now(self) -> None:
        """Give events of the real time from now on."""
        self._first_us = time.time_ns() // 1_000

    async def add_posts(self, first: int, count: int) -> None:
        """Append posts with these numbers."""
        await self.add(*(commit(number) for number in range(first, first + count)))

    def drop_connections(self) -> None:
        """Cut all, as a cable does."""
        for connection in self._open:
            connection.transport.abort()

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["JetstreamServer"]:
        """Listen on a free port."""
        async with serve(
            self._handle, "127.0.0.1", 0, process_request=self._process, compression=None,
            subprotocols=["xrpc.v1.json"] if self.version == 2 else None,  # type: ignore[list-item]
            ping_interval=30, max_size=1 << 16, write_limit=1 << 16,
            select_subprotocol=lambda _, offered: offered[0] if offered else None,
            close_timeout=0.2, create_connection=self._counting(),
        ) as server:  # fmt: skip
            self._server = server
            try:
                yield self
            finally:
                self._closing.set()
                self.drop_connections()

    def _counting(self) -> type[ServerConnection]:
        """Connections that count the pings that they get; the library answers them."""
        server = self

        class Counting(ServerConnection):
            def process_event(self, event: Any) -> None:
                server.pings += getattr(event, "opcode", None) is Opcode.PING
                super().process_event(event)

        return Counting

    async def _process(self, connection: ServerConnection, request: Request) -> Response | None:
        parts = urlsplit(request.path)
        asked = parse_qs(parts.query)
        if parts.path == DICTIONARY and self.version == 2:
            self.fetched += 1
            return answer(HTTPStatus.OK, dictionary(self.dictionary_id).as_bytes())
        if parts.path != (SUBSCRIBE if self.version == 2 else "/subscribe"):
            return answer(HTTPStatus.NOT_FOUND, b"404 page not found\n")
        self.asked.append(asked)
        if self.refusal is not None:
            status, headers, body = self.refusal
            return answer(HTTPStatus(status), body, headers)
        if self.version == 2 and (refusal := self._refused(asked)):
            return refusal
        # Here, as whoever sees the answer may count on what is added from then on.
        self.connections += 1
        self._tips[connection] = len(self.archive)
        return None

    def _refused(self, asked: dict[str, list[str]]) -> Response | None:
        """What version 2 refuses before the upgrade."""
        unknown = asked.keys() - {
            "cursor", "kinds", "dids", "collections", "maxMessageSizeBytes", "zstdDictionary"
        }  # fmt: skip
        if unknown:
            return refused("InvalidRequest", f"unknown parameters {sorted(unknown)}")
        given = int(asked.get("zstdDictionary", ["0"])[0])
        if given not in (0, self.dictionary_id):
            return refused("UnknownZstdDictionary", f"current id is {self.dictionary_id}")
        cursor = int(asked.get("cursor", ["0"])[0])
        oldest = self.archive[self.floor].seq if self.floor < len(self.archive) else 0
        if 0 < cursor < 10**15 and cursor < oldest:
            return refused("CursorTooOld", f"the floor is {oldest}")
        return None

    async def _handle(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        asked = parse_qs(urlsplit(connection.request.path).query)
        self._open.add(connection)
        if self.is_mute:
            connection.transport.pause_reading()  # pings are not answered either
        tasks = {
            asyncio.create_task(work)
            for work in (
                self._closing.wait(),
                connection.wait_closed(),
                *self._work(connection, asked),
            )
        }
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
            self._open.discard(connection)
        for error in ended:
            if isinstance(error, Exception) and not isinstance(error, ConnectionClosed):
                raise error

    def _work(
        self, connection: ServerConnection, asked: dict[str, list[str]]
    ) -> list[Coroutine[Any, Any, None]]:
        if self.is_mute:
            return []
        return [self._listen(connection), self._send_all(connection, asked)]

    async def _listen(self, connection: ServerConnection) -> None:
        """Whoever sends something is put out."""
        async for _ in connection:
            await connection.close(1008, "nothing is expected")

    async def _send_all(self, connection: ServerConnection, asked: dict[str, list[str]]) -> None:
        packer = None
        if "zstdDictionary" in asked:
            packer = zstandard.ZstdCompressor(dict_data=dictionary(self.dictionary_id))
        cut_after = self.cut_after.pop(0) if self.cut_after else None
        before, self.before = self.before, []
        at, notice = self._start(asked, self._tips.pop(connection))
        for frame in before:
            await connection.send(frame)
        if notice is not None:
            await self._send(connection, json.dumps(notice).encode(), packer)
        sent = 0
        waiting = self.archive[at:]
        if self.version == 1:  # what is stored is stored by time, whenever it came
            waiting = sorted(waiting, key=lambda event: event.time_us)
            waiting = [event for event in waiting if event.time_us >= self._since(asked)]
        at = len(self.archive)
        while True:
            for event in waiting:
                if not self._passes(event, asked):
                    continue
                if cut_after is not None and sent >= cut_after:
                    self._cut(connection, event.text(self.version))
                    return
                for _ in range(1 + (self.is_untidy and self._random.random() < 0.1)):
                    await self._send(connection, event.text(self.version), packer)
                sent += 1
                self.sent += 1
            async with self._more:
                while at >= len(self.archive):
                    await self._more.wait()
            waiting = self.archive[at:]
            at = len(self.archive)

    @staticmethod
    def _since(asked: dict[str, list[str]]) -> int:
        return int(asked.get("cursor", ["0"])[0])

    async def _send(
        self, connection: ServerConnection, text: bytes, packer: zstandard.ZstdCompressor | None
    ) -> None:
        await connection.send(packer.compress(text) if packer else text.decode())

    def _cut(self, connection: ServerConnection, text: bytes) -> None:
        """Perhaps within a frame: its head promises more than comes."""
        if self._random.random() < 0.7:
            head = bytes([0x81, 126]) + len(text).to_bytes(2, "big")
            connection.transport.write(head + text[: self._random.randrange(len(text))])
        if self._random.random() < 0.5:
            connection.transport.abort()
        else:
            connection.transport.close()

    def _start(self, asked: dict[str, list[str]], tip: int) -> tuple[int, dict[str, Any] | None]:
        """Where in the archive a connection begins, and a notice about it."""
        if "cursor" not in asked:
            return tip, None
        cursor = int(asked["cursor"][0])
        by_time = self.version == 1 or cursor >= 10**15
        places = (event.time_us if by_time else event.seq for event in self.archive)
        at = next((at for at, place in enumerate(places) if place >= cursor), len(self.archive))
        if not by_time and cursor > self._next_seq:
            return tip, info("FutureCursor", "starts at the live tip")
        if at < self.floor or (by_time and self.archive and cursor < self.archive[0].time_us):
            at = max(at, self.floor)
            is_clamped = self.floor > 0 and cursor < self.archive[self.floor].time_us
            if self.version == 2 and is_clamped:
                return at, info("OutdatedCursor", f"resumed from {self.archive[at].seq}")
        return at, None

    def _passes(self, event: Kept, asked: dict[str, list[str]]) -> bool:
        collections = asked.get("collections" if self.version == 2 else "wantedCollections", [])
        if event.kind == "commit":
            return not collections or event.body["commit"]["collection"] in collections
        kinds = asked.get("kinds", [])
        return self.version == 1 or not kinds or event.kind in kinds


def info(name: str, message: str) -> dict[str, Any]:
    """A notice."""
    kind = "network.bsky.jetstream.subscribeEvents#info"
    return {"$type": "message", "payload": {"$type": kind, "name": name, "message": message}}


def answer(status: HTTPStatus, body: bytes, headers: dict[str, str] | None = None) -> Response:
    """A plain HTTP answer."""
    given = Headers({"Content-Length": str(len(body)), "Connection": "close", **(headers or {})})
    return Response(status.value, status.phrase, given, body)


def refused(name: str, message: str) -> Response:
    """An XRPC error."""
    return answer(HTTPStatus.BAD_REQUEST, json.dumps({"error": name, "message": message}).encode())
