"""Ask an app in this process."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient

from center.app import create_app
from center.context import Center


def asking(center: Center) -> AbstractAsyncContextManager[AsyncClient]:
    """A client of the app over a center."""
    return asking_app(create_app(center))


@asynccontextmanager
async def asking_app(app: FastAPI) -> AsyncIterator[AsyncClient]:
    """A client of an app; what goes wrong in it goes wrong here."""
    transport = ASGITransport(app, raise_app_exceptions=True)
    async with AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        yield client
