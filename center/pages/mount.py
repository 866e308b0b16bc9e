"""Puts pages and the guard around the API."""

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.types import ASGIApp

from center.access.access import Access
from center.access.guard import Guard
from center.access.oidc import Oidc
from center.access.viewer import Viewer
from center.api.answers import Wall
from center.api.brands import wall
from center.context import Center
from center.pages.routes import Pages
from center.principal import Principal


async def vouched_for(request: Request) -> Principal | None:
    """Whom the guard let through: `Center.authenticate` of a center with pages."""
    viewer: Viewer | None = request.scope.get("state", {}).get("viewer")
    return viewer.principal if viewer else None


def _lively_wall(center: Center, principal: Principal, group: str, limit: int) -> Wall:
    """The wall, which turns through the trades of which somebody talks."""
    shown = wall(center, principal, group, limit)
    moment = center.board.at(center.clock_ms())
    now = [moment.brands[brand] for brand in moment.lively if principal.scope.allows(brand)]
    lively = {one.brand.trade for one in now if one.posts}
    return shown.model_copy(update={"groups": sorted(lively - {""})})


def with_pages(app: FastAPI, access: Access, oidc: Oidc | None = None) -> ASGIApp:
    """The whole center: API and pages, and nothing that does not pass the guard."""
    center: Center = app.state.center

    async def read_wall(principal: Principal, group: str, limit: int) -> Wall:
        return await run_in_threadpool(_lively_wall, center, principal, group, limit)

    app.router.routes.extend(Pages(access, read_wall, oidc).routes())
    return Guard(app, access)
