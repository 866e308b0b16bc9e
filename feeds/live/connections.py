"""How feeds connect: time-outs, signs of life and refusals, once for all of them.

An idle source is normal. A connection is given up when nothing comes *and* a ping is not answered
(WebSocket), or when the source's own signs of life stay away (server-sent events).
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Literal, NamedTuple

import aiohttp
import msgspec
from aiohttp import ClientWebSocketResponse, ServerTimeoutError, WSMsgType

from feeds.live.source import ReconnectReason, Retryable
from streams.version import VERSION

MAX_MESSAGE_BYTES = 32 << 20
_MAX_REFUSAL_BYTES = 4_096
Socket = ClientWebSocketResponse[Literal[False]]
"""One that gives texts as bytes."""
_CLOSE_S = 1.0
_TOO_BIG = 1009


class Timing(NamedTuple):
    """Time-outs of connections."""

    connect_s: float = 15.0
    """From nothing to a stream that is agreed on: name, TCP, TLS, handshake."""
    heartbeat_s: float = 20.0
    """A WebSocket that is silent for so long is pinged; half of it later it is given up."""
    silence_s: float = 45.0
    """For what cannot be pinged: three of the source's own signs of life."""


class Refused(Exception):  # noqa: N818 - named for what it is
    """The source answered with an HTTP status of 400 or more."""

    def __init__(self, status: int, retry_after_s: float | None, body: bytes) -> None:
        self.status = status
        self.retry_after_s = retry_after_s
        self.body = body
        """Its beginning."""
        self.name, self.message = _named(body)
        super().__init__(" ".join(filter(None, (f"HTTP {status}", self.name, self.message))))

    def as_retryable(self) -> Retryable:
        """For what may be better later."""
        reason = ReconnectReason.RATE_LIMIT if self.status == 429 else ReconnectReason.REFUSED
        return Retryable(reason, str(self), self.retry_after_s)


class TooLarge(Retryable):
    """A message is larger than `MAX_MESSAGE_BYTES`; what follows it cannot be read."""


def new_session(timing: Timing) -> aiohttp.ClientSession:
    """A session in which every refusal is a `Refused`, also that of a WebSocket."""
    return aiohttp.ClientSession(
        raise_for_status=_refuse,
        headers={"User-Agent": f"leimo/{VERSION}"},
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=timing.connect_s),
    )


@asynccontextmanager
async def websocket(
    session: aiohttp.ClientSession,
    url: str,
    timing: Timing,
    *,
    protocols: Sequence[str] = (),
    headers: Mapping[str, str] | None = None,
    with_deflate: bool = False,
) -> AsyncIterator[Socket]:
    """A WebSocket that is pinged while it is silent. Raises `Refused`, or a client's error."""
    async with asyncio.timeout(timing.connect_s):
        connection = await session.ws_connect(
            url,
            protocols=protocols,
            headers=headers,
            heartbeat=timing.heartbeat_s,
            compress=15 if with_deflate else 0,
            max_msg_size=MAX_MESSAGE_BYTES,
            decode_text=False,
            timeout=aiohttp.ClientWSTimeout(ws_close=_CLOSE_S),
        )
    try:
        yield connection
    finally:
        await connection.close()


async def messages(
    connection: Socket,
) -> AsyncGenerator[tuple[bytes, bool], None]:
    """Yield each message, and whether it is a binary one; raises `Retryable` at the end."""
    receive = connection.receive
    while True:
        message = await receive()
        kind = message.type
        if kind is WSMsgType.TEXT:
            yield message.data, False
        elif kind is WSMsgType.BINARY:
            yield message.data, True
        else:
            raise _ended(connection, message.data if kind is WSMsgType.CLOSE else None)


async def lines(response: aiohttp.ClientResponse) -> AsyncGenerator[bytes, None]:
    """Yield the lines of an answer that does not end, without line ends.

    Raises:
        TooLarge: a line is larger than `MAX_MESSAGE_BYTES`.
        Retryable: the answer ended.
    """
    rest = bytearray()
    async for chunk in response.content.iter_any():
        rest += chunk
        if b"\n" in chunk:
            *whole, tail = bytes(rest).split(b"\n")
            for line in whole:
                yield line.removesuffix(b"\r")
            rest = bytearray(tail)
        if len(rest) > MAX_MESSAGE_BYTES:
            raise TooLarge(ReconnectReason.PROTOCOL, "a line is too large to be read")
    raise Retryable(ReconnectReason.CLOSED, "the source ended the answer")


def _ended(connection: Socket, code: int | None) -> Retryable:
    error = connection.exception()
    if isinstance(error, ServerTimeoutError):
        return Retryable(ReconnectReason.STALE, "a ping was not answered")
    if connection.close_code == _TOO_BIG and code is None:
        return TooLarge(ReconnectReason.PROTOCOL, "a message is too large to be read")
    if code is not None:
        return Retryable(ReconnectReason.CLOSED, f"the source closed it with code {code}")
    return Retryable(ReconnectReason.CONNECTION, "the connection was cut off")


async def _refuse(response: aiohttp.ClientResponse) -> None:
    if response.status < 400:
        return
    try:
        body = await response.content.read(_MAX_REFUSAL_BYTES)
    finally:
        response.close()
    # Mastodon refuses a WebSocket without a body, and says why in a header.
    body = body or response.headers.get("X-Error-Message", "").encode(errors="replace")
    raise Refused(response.status, _seconds(response.headers.get("Retry-After", "")), body)


def _seconds(text: str) -> float | None:
    """`Retry-After` in seconds, an hour at most; as a date it is rare, and not read.

    >>> _seconds("30"), _seconds("Wed, 21 Oct 2026 07:28:00 GMT")
    (30.0, None)
    """
    return min(float(text), 3_600.0) if text.isascii() and text.isdigit() else None


def _named(body: bytes) -> tuple[str, str]:
    """Name and message of an error: XRPC's `error` and `message`, Mastodon's `error`.

    >>> _named(b'{"error": "CursorTooOld", "message": "floor is 7"}')
    ('CursorTooOld', 'floor is 7')
    >>> _named(b"<html>")
    ('', '<html>')
    """
    try:
        found = msgspec.json.decode(body, type=_Error)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return "", _one_line(body.decode(errors="replace"))[:200]
    return _one_line(found.error)[:100], _one_line(found.message)[:500]


def _one_line(text: str) -> str:
    return " ".join(text.split())


class _Error(msgspec.Struct):
    error: str = ""
    message: str = ""
