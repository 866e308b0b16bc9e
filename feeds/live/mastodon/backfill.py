"""What was missed, asked for by the REST API: at most so many requests, and then it is a gap."""

import asyncio
from collections.abc import AsyncGenerator

import aiohttp
import msgspec

from feeds.live import connections
from feeds.live.connections import Refused, Timing, TooLarge
from feeds.live.mastodon.events import Converter, time_of
from feeds.live.source import Gap, Item, ReconnectReason
from schemas.feed import GapReason

OVERLAP_S = 120
PAGE = 40
MAX_REQUESTS = 300
"""What a server allows an account and an address in five minutes."""
_SPARED = 10
"""Requests that are left to others who use the account."""
_MARGIN_MS = 5_000
"""Clocks may differ by so much."""


class _Id(msgspec.Struct):
    id: str | int = ""


_id = msgspec.json.Decoder(_Id).decode
_page = msgspec.json.Decoder(list[msgspec.Raw]).decode


async def missed(
    session: aiohttp.ClientSession,
    address: str,
    parameters: dict[str, str],
    converter: Converter,
    timing: Timing,
    *,
    until_ms: int,
) -> AsyncGenerator[Item, None]:
    """Yield statuses after the converter's place, the oldest first, up to those of `until_ms`.

    Where the server gives no more before that, the rest is yielded as a `Gap`.
    """
    start = converter.place
    after = start.id_before(OVERLAP_S)
    reached_ms = start.time_ms
    reason = GapReason.BACKFILL_LIMIT
    why = f"after {MAX_REQUESTS} requests, which is what a server allows in five minutes"
    for _ in range(MAX_REQUESTS):
        try:
            statuses, left = await _asked(session, address, {**parameters, "min_id": after}, timing)
        except Refused as refusal:
            why = f"the server refuses: {refusal}"
            break
        except TooLarge as error:
            # Whoever asks again gets it again, and what is live would never be reached.
            why, reason = str(error), GapReason.OVERSIZED
            break
        if not statuses:
            return
        for status in reversed(statuses):
            yield converter.status(bytes(status))
        newest = _newest_id(statuses)
        if not newest or newest == after:
            why = "the server does not give what comes after a status"
            break
        after = newest
        reached_ms = max(reached_ms, time_of(newest) or converter.place.time_ms)
        if reached_ms > until_ms + _MARGIN_MS:
            return
        if left is not None and left < _SPARED:
            why = f"the server allows only {left} more requests for now"
            break
    if reached_ms < until_ms:
        yield Gap(reached_ms, until_ms, reason, why)
        converter.place = converter.place.moved_to(until_ms)


async def _asked(
    session: aiohttp.ClientSession, address: str, parameters: dict[str, str], timing: Timing
) -> tuple[list[msgspec.Raw], int | None]:
    """A page of statuses, the newest first, and how many requests are left.

    Raises:
        Refused: the server does not give it.
        TooLarge: it is larger than a message may be.
        aiohttp.ClientError, TimeoutError: there is no answer, or none that can be read.
    """
    asked = {**parameters, "limit": str(PAGE)}
    async with (
        asyncio.timeout(timing.connect_s),
        session.get(f"{address}/api/v1/timelines/public", params=asked) as response,
    ):
        content = await bounded(response)
        left = response.headers.get("X-RateLimit-Remaining", "")
    try:
        return _page(content), int(left) if left.isascii() and left.isdecimal() else None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise aiohttp.ClientPayloadError(f"no list of statuses: {error}") from None


async def bounded(response: aiohttp.ClientResponse) -> bytes:
    """The body of an answer; `TooLarge` where it is larger than a message may be."""
    content = bytearray()
    async for chunk in response.content.iter_any():
        content += chunk
        if len(content) > connections.MAX_MESSAGE_BYTES:
            raise TooLarge(ReconnectReason.PROTOCOL, "an answer is too large to be read")
    return bytes(content)


def _newest_id(statuses: list[msgspec.Raw]) -> str:
    """The newest id of a page; empty where none can be read."""
    found = []
    for status in statuses:
        try:
            found.append(str(_id(status).id))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            continue
    return max(found, key=lambda each: (len(each), each), default="")
