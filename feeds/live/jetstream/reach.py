"""Whether an instance can be reached at all: asked before a feed is started for a first look."""

import asyncio
from collections.abc import Iterable

import aiohttp

from feeds.live.connections import Refused, Timing, new_session, websocket
from feeds.live.jetstream.endpoints import Endpoints, address_of


async def why_unreachable(endpoints: Iterable[str], within_s: float) -> str:
    """Why none of the instances can be reached within a time; empty: one can.

    All are asked at once. One that refuses is there.

    Raises:
        ValueError: an endpoint is no address of an instance.
    """
    given = list(endpoints)
    for endpoint in given:
        Endpoints([endpoint])
    asked = {asyncio.create_task(_why(endpoint, within_s)) for endpoint in given}
    reasons = []
    try:
        for answer in asyncio.as_completed(asked):
            reason = await answer
            if not reason:
                return ""
            reasons.append(reason)
    finally:
        for task in asked:
            task.cancel()
        await asyncio.gather(*asked, return_exceptions=True)
    return reasons[0] if reasons else "no endpoint is named"


async def _why(endpoint: str, within_s: float) -> str:
    at = Endpoints([endpoint])
    timing = Timing(connect_s=within_s)
    try:
        async with (
            asyncio.timeout(within_s),
            new_session(timing) as session,
            websocket(session, address_of(at.base, at.version, None, None), timing),
        ):
            return ""
    except (Refused, aiohttp.WSServerHandshakeError):
        return ""
    except TimeoutError:
        return f"{at.base} does not answer within {within_s:g} s"
    except (aiohttp.ClientError, OSError) as error:
        return " ".join((str(error) or type(error).__name__).split())
