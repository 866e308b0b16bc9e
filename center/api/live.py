"""`GET /api/stream`: what changes, as it changes."""

import asyncio
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Header, Query
from fastapi.responses import StreamingResponse

from center.api.asking import MOST_BRANDS, Asker, TheCenter
from center.api.health import health_event
from center.api.stream import KINDS, Wanted

router = APIRouter(prefix="/api", tags=["stream"])

_HEALTH_S = 10.0


@router.get("/stream", response_class=StreamingResponse)
async def stream(
    center: TheCenter,
    asker: Asker,
    brand: Annotated[list[str] | None, Query(max_length=MOST_BRANDS)] = None,
    kind: Annotated[list[str] | None, Query(max_length=len(KINDS))] = None,
    last_event_id: Annotated[str, Header()] = "",
) -> StreamingResponse:
    """Server-sent events `window`, `alert`, `action`, `trend`, `gap`, `health` and `reset`.

    A client that comes back with `Last-Event-ID` hears what it missed; where that is not known any
    more, `reset` tells it to ask for everything anew. Events may come twice: upsert by id or key.
    """
    wanted = Wanted(
        asker.scope, frozenset(brand or ()), frozenset(kind) if kind else frozenset(KINDS)
    )
    events = center.hub.follow(
        wanted, last_event_id, partial(asyncio.to_thread, health_event, center), _HEALTH_S
    )
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(events, media_type="text/event-stream", headers=headers)
