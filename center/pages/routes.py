"""The pages' routes: frames for the modules, the wall's picture, the way in."""

import time
from collections.abc import Awaitable, Callable
from typing import Protocol, get_args
from urllib.parse import quote
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from center.access.access import Access
from center.access.oidc import Oidc
from center.api.answers import Wall
from center.pages.files import static_file
from center.pages.frame import page, preferences
from center.pages.login import Door
from center.pages.oidc import OidcDoor
from center.pages.shared import Shared
from center.pages.texts import texts
from center.pages.wall import draw_wall, rows_on, screen_of
from center.principal import Principal
from schemas.catalogue import DEFINITION_KINDS
from schemas.rules import Rule

_PLAIN_PAGES = ("incidents", "engage", "search", "measure", "compare", "feeds", "rules")


_PICTURE_MS = 1_000
"""So old may a wall's picture be: a wall asks for another once a second at most."""
_USES = {
    rule.kind.value: [name for name in rule.__struct_fields__ if name not in {"id", "conditions"}]
    for rule in get_args(Rule)
}
"""Kind of rule -> fields that it uses."""


def now_ms() -> int:
    """The clock."""
    return time.time_ns() // 1_000_000


class ReadWall(Protocol):
    """What the API answers on `/api/wall`."""

    async def __call__(self, principal: Principal, group: str, limit: int) -> Wall: ...


class Pages:
    """The routes, over an API that serves the same process."""

    def __init__(self, access: Access, read_wall: ReadWall, oidc: Oidc | None = None) -> None:
        self._read_wall = read_wall
        self._pictures: Shared[tuple[str, list[str]]] = Shared(_PICTURE_MS, now_ms)
        self._door = Door(access, oidc.login_url if oidc else "")
        self._oidc = OidcDoor(access, oidc, self._door).routes() if oidc else []

    def routes(self) -> list[Route]:
        """To be added to the application."""
        door = self._door
        return [
            Route("/static/{version}/{path:path}", static_file),
            Route("/login", door.show),
            Route("/login", door.enter, methods=["POST"]),
            Route("/logout", door.leave, methods=["POST"]),
            *self._oidc,
            Route("/", _overview),
            Route("/wall", self._wall),
            Route("/wall/picture", self._picture),
            Route("/brands/{subject:path}", _brand),
            Route("/alerts/{subject:path}", _alert),
            Route("/rules/{kind}/{subject:path}", _definition),
            *(Route(f"/{name}", _plain(name)) for name in _PLAIN_PAGES),
            Route("/{path:path}", not_found),
        ]

    async def _wall(self, request: Request) -> Response:
        if (entry := self._door.kiosk(request)) is not None:
            return entry
        viewer = request.scope["state"]["viewer"]
        picture, groups = await self._drawn(request, 1920, 1080)
        return page(
            request,
            "wall.html",
            module="wall",
            picture=picture,
            is_kiosk=viewer.is_kiosk,
            boot={"groups": groups},
        )

    async def _picture(self, request: Request) -> Response:
        width, height = (_pixels(request, name) for name in ("w", "h"))
        picture, groups = await self._drawn(request, width, height)
        names = ",".join(quote(group, safe="") for group in groups)
        headers = {"cache-control": "no-store", "x-leimo-groups": names}
        return Response(picture, media_type="image/svg+xml", headers=headers)

    async def _drawn(self, request: Request, width: int, height: int) -> tuple[str, list[str]]:
        """Once for all screens of a kind, however many hang in the building."""
        language = preferences(request).language
        zone = _zone(request.query_params.get("tz") or preferences(request).zone)
        principal = request.scope["state"]["viewer"].principal
        group = request.query_params.get("group", "")

        async def draw() -> tuple[str, list[str]]:
            screen = screen_of(width, height, language, zone, now_ms())
            wall = await self._read_wall(principal, group, rows_on(screen))
            return draw_wall(wall, screen), wall.groups

        kind = (principal.scope, group, language, zone.key, width, height)
        return await self._pictures.get(kind, draw)


async def _overview(request: Request) -> Response:
    return page(request, "page.html", module="overview", name="overview")


async def _brand(request: Request) -> Response:
    subject = request.path_params["subject"]
    return page(request, "page.html", module="brand", name="", boot={"subject": subject})


async def _alert(request: Request) -> Response:
    subject = request.path_params["subject"]
    return page(request, "page.html", module="alert", name="", boot={"subject": subject})


async def _definition(request: Request) -> Response:
    kind = request.path_params["kind"]
    if kind not in DEFINITION_KINDS:
        return await not_found(request)
    boot = {"subject": request.path_params["subject"], "kind": kind, "uses": _USES}
    return page(request, "page.html", module="rule", name="", boot=boot)


def _plain(name: str) -> Callable[[Request], Awaitable[Response]]:
    async def show(request: Request) -> Response:
        return page(request, "page.html", module=name, name=name)

    return show


async def not_found(request: Request) -> Response:
    """For people who mistyped."""
    words = texts(preferences(request).language)
    return page(
        request,
        "trouble.html",
        status=404,
        title=words["not_found"],
        detail=words["not_found.about"],
    )


def _pixels(request: Request, name: str) -> int:
    text = request.query_params.get(name, "")
    return min(max(int(text), 200), 10_000) if text.isascii() and text.isdigit() else 1000


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name or "UTC")
    except (ValueError, OSError, KeyError):  # no such zone, or no name of one
        return ZoneInfo("UTC")
