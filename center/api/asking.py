"""What routes share: who asks, the span, the zone, pages, and tags of answers."""

import base64
import difflib
from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Annotated, Any
from zoneinfo import ZoneInfo, available_timezones

import msgspec
import xxhash
from fastapi import Depends, Query, Request, Response
from fastapi.routing import APIRoute

from center.api.problems import ApiProblem
from center.context import Center
from center.principal import Principal, Role
from center.store.protocol import DAY_MS, Span
from schemas.alert import EVERY_BRAND

LATEST_MS = 7_258_118_400_000
"""The year 2200: a time beyond it is a mistake of units."""
MOST_BRANDS = 50
_READS = frozenset({"GET", "HEAD"})


def center_of(request: Request) -> Center:
    """What hangs on the app."""
    found: Center = request.app.state.center
    return found


TheCenter = Annotated[Center, Depends(center_of)]


async def principal(request: Request, center: TheCenter) -> Principal:
    """Who asks; 401 where nobody knows."""
    found = await center.authenticate(request)
    if found is None:
        raise ApiProblem(HTTPStatus.UNAUTHORIZED, "sign in, or send a token")
    if request.method not in _READS and found.csrf:
        given = request.headers.get("x-csrf-token", "")
        if given != found.csrf:
            raise ApiProblem(HTTPStatus.FORBIDDEN, "X-CSRF-Token is missing or wrong; reload")
    return found


Asker = Annotated[Principal, Depends(principal)]


def _needs(role: Role) -> Callable[[Principal], Principal]:
    def check(asker: Asker) -> Principal:
        if asker.role < role:
            raise ApiProblem(
                HTTPStatus.FORBIDDEN, f"this takes the role {role.name.lower()}; ask an admin"
            )
        return asker

    return check


Operator = Annotated[Principal, Depends(_needs(Role.OPERATOR))]
Admin = Annotated[Principal, Depends(_needs(Role.ADMIN))]


def known_brands(request: Request, center: TheCenter, asker: Asker) -> None:
    """Refuse brands of the query that nobody knows: zeros would look like silence.

    Those that the asker may not see are passed over, whether there are such or not.
    """
    given = request.query_params.getlist("brand")
    given += [one for text in request.query_params.getlist("brands") for one in text.split(",")]
    wanted = [one for one in given[:MOST_BRANDS] if asker.scope.allows(one) and one != EVERY_BRAND]
    if not wanted:
        return
    known = center.store.brands(asker.scope)
    for brand in wanted:
        if brand not in known and not center.store.is_counted(brand):
            near = difflib.get_close_matches(brand, known, n=3)
            mend = f"near it: {', '.join(near)}" if near else "see /api/brands"
            raise ApiProblem(HTTPStatus.NOT_FOUND, f"brand {brand!r} is not known; {mend}", "brand")


Moment = Annotated[int | None, Query(ge=0, le=LATEST_MS)]
From = Annotated[int | None, Query(alias="from", ge=0, le=LATEST_MS, description="ms, inclusive")]
To = Annotated[int | None, Query(ge=0, le=LATEST_MS, description="ms, exclusive; left out: now")]
BrandId = Annotated[str, Query(max_length=100)]
Brands = Annotated[list[str] | None, Query(max_length=MOST_BRANDS)]
Limit = Annotated[int, Query(ge=1, le=500)]
Text = Annotated[str, Query(max_length=300)]
Cursor = Annotated[str, Query(max_length=400, description="`next` of the page before")]


def span_of(center: Center, from_ms: int | None, to_ms: int | None, usual_ms: int = DAY_MS) -> Span:
    """The span that is asked for; the last day, where nothing is said."""
    end_ms = to_ms if to_ms is not None else center.clock_ms()
    begin_ms = from_ms if from_ms is not None else max(0, end_ms - usual_ms)
    if begin_ms >= end_ms:
        raise ApiProblem(
            HTTPStatus.BAD_REQUEST, f"from={begin_ms} is not before to={end_ms}", "from"
        )
    return Span(begin_ms, end_ms)


_ZONES = frozenset(available_timezones())


def zone_of(name: str) -> ZoneInfo:
    """A zone by its IANA name."""
    if name not in _ZONES:
        raise ApiProblem(
            HTTPStatus.BAD_REQUEST, f"tz={name!r} is no zone; write such as Asia/Shanghai", "tz"
        )
    return ZoneInfo(name)


def cursor_text(*values: int | str) -> str:
    """Where the next page goes on, as a text that says nothing to others."""
    return base64.urlsafe_b64encode(msgspec.json.encode(values)).decode().rstrip("=")


def cursor_of(text: str, kinds: type[Any]) -> Any:
    """What `cursor_text` made; None where there is none."""
    if not text:
        return None
    try:
        decoded = base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True)
        found = msgspec.json.decode(decoded, type=kinds)
    except (ValueError, msgspec.DecodeError):
        found = None
    if found is None or any(isinstance(one, int) and abs(one) >= 1 << 62 for one in found):
        raise ApiProblem(
            HTTPStatus.BAD_REQUEST, "cursor is none of this list; take `next` of a page", "cursor"
        )
    return found


Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class TaggedRoute(APIRoute):
    """Answers that are the same as last time are not sent again (ETag, If-None-Match)."""

    def get_route_handler(self) -> Handler:
        original = super().get_route_handler()

        async def handle(request: Request) -> Response:
            response = await original(request)
            body = getattr(response, "body", None)
            if request.method != "GET" or response.status_code != HTTPStatus.OK or not body:
                return response
            tag = f'"{xxhash.xxh3_128_hexdigest(body)}"'
            response.headers["ETag"] = tag
            response.headers["Cache-Control"] = "private, no-cache"
            if tag in request.headers.get("if-none-match", ""):
                headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
                return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
            return response

        return handle
