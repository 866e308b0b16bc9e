"""Puts the center together."""

from fastapi import FastAPI

from center.context import Center


def create_app(center: Center) -> FastAPI:
    """The application over one store: the API, and the pages over that.

    Whoever runs it starts the ingest and the server; see `leimo center`.
    """
    app = FastAPI(
        title="leimo",
        summary="What is said about brands on microblogs, what is unusual, and who should answer.",
        version="1",
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    app.state.center = center
    return app
