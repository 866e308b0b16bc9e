"""Puts the center together."""

from typing import Any

from fastapi import Depends, FastAPI, Request
from starlette.responses import JSONResponse

from center.api import (
    alerts,
    answers,
    brands,
    definitions,
    export,
    feeds,
    health,
    live,
    mentions,
    metrics,
    people,
    windows,
)
from center.api.asking import Asker, known_brands
from center.api.problems import add_problems
from center.context import Center

_OF_BRANDS = (windows.router, mentions.router, alerts.router, people.router, export.router)
"""Their `brand` is one that is known."""
_ROUTERS = (
    *(health.router, brands.router, windows.router, mentions.router, alerts.router),
    *(people.router, definitions.router, feeds.router, export.router, live.router),
    metrics.router,
)
_PROBLEMS: dict[int | str, dict[str, Any]] = {
    code: {"model": answers.Problem, "content": {"application/problem+json": {}}}
    for code in (400, 401, 403, 404, 409, 422)
}


def create_app(center: Center | None) -> FastAPI:
    """The application over one store: the API, and the pages over that.

    Whoever runs it starts the ingest and the server; see `leimo center`. Without a center it can be
    described, and answers nothing.
    """
    app = FastAPI(
        title="leimo",
        summary="What is said about brands on microblogs, what is unusual, and who should answer.",
        version="1",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        responses=_PROBLEMS,
    )
    app.state.center = center
    add_problems(app)
    for router in _ROUTERS:
        needs = [Depends(known_brands)] if router in _OF_BRANDS else []
        app.include_router(router, dependencies=needs)
    app.add_api_route("/api/openapi.json", _description, include_in_schema=False)
    return app


def _description(request: Request, asker: Asker) -> JSONResponse:
    """The API as OpenAPI describes it."""
    return JSONResponse(request.app.openapi())
