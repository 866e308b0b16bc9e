"""Ask a center from a program: a running one by HTTP, or the API over a store in this process."""

import asyncio
import json
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote, urlencode

from fastapi import FastAPI

from center.api.stream import Hub
from center.app import create_app
from center.board import Board
from center.context import Center
from center.serving import now_ms
from center.store.opening import SQLITE, SqlStore, open_store
from kafka_io.settings import Settings
from schemas.action import Action
from schemas.errors import OperatorError

Parameters = Mapping[str, str | int | bool | Sequence[str] | None]
_ANSWER_S = 60


class AskingError(OperatorError):
    """The question cannot be answered; the message names the mend."""


class Asking(Protocol):
    """Somebody who answers."""

    def get(self, path: str, parameters: Parameters) -> Any:
        """The answer's JSON."""
        ...


def query_of(parameters: Parameters) -> str:
    """Those that are given, as a query.

    >>> query_of({"brand": ["a", "b"], "q": "小米", "to": None, "edits": True})
    'brand=a&brand=b&q=%E5%B0%8F%E7%B1%B3&edits=true'
    """
    pairs: list[tuple[str, str]] = []
    for name, value in parameters.items():
        if isinstance(value, bool):
            pairs.append((name, "true" if value else "false"))
        elif isinstance(value, str | int):
            pairs.append((name, str(value)))
        elif value is not None:
            pairs += ((name, one) for one in value)
    return urlencode(pairs, quote_via=quote)


def _read(status: int, body: bytes) -> Any:
    try:
        answer = json.loads(body)
    except ValueError:
        raise AskingError(f"the center answered {status}, and no JSON; is it one?") from None
    if status != HTTPStatus.OK:
        raise AskingError(str(answer.get("detail", status)))
    return answer


class RunningCenter:
    """By HTTP."""

    def __init__(self, url: str, token: str = "") -> None:
        if not url.startswith(("http://", "https://")):
            raise AskingError(f"--url {url!r} is no address; write such as http://127.0.0.1:9470")
        self._url = url.rstrip("/")
        self._headers = {"Accept": "application/json"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"

    def get(self, path: str, parameters: Parameters) -> Any:
        """The answer's JSON."""
        url = f"{self._url}{path}?{query_of(parameters)}"
        request = urllib.request.Request(url, headers=self._headers)  # noqa: S310 - see above
        try:
            with urllib.request.urlopen(request, timeout=_ANSWER_S) as answer:  # noqa: S310
                return _read(answer.status, answer.read())
        except urllib.error.HTTPError as error:
            return _read(error.code, error.read())
        except OSError as error:
            raise AskingError(
                f"--url {self._url}: {error}; start `leimo center`, or name where it is"
            ) from None


class _NoTopics:
    """Questions change nothing."""

    async def act(self, action: Action) -> int:
        raise NotImplementedError

    async def define(self, key: str, value: bytes | None) -> int:
        raise NotImplementedError


class AppAsking:
    """The API in this process, without a server."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app

    def get(self, path: str, parameters: Parameters) -> Any:
        """The answer's JSON."""
        status, body = asyncio.run(self._call(path, query_of(parameters)))
        return _read(status, body)

    async def _call(self, path: str, query: str) -> tuple[int, bytes]:
        """One request, as a server hands it over (ASGI)."""
        status = 0
        parts: list[bytes] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            else:
                parts.append(message.get("body", b""))

        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": path,
            "raw_path": quote(path).encode(),
            "query_string": query.encode(),
            "headers": [(b"host", b"127.0.0.1")],
            "client": ("127.0.0.1", 0),
            "server": ("127.0.0.1", 0),
        }
        await self._app(scope, receive, send)
        return status, b"".join(parts)


class StoredCenter(AppAsking):
    """The API over a store, whether a center runs or not."""

    def __init__(self, settings: Settings) -> None:
        url = settings.center_store.get_secret_value()
        if url.startswith(SQLITE) and not Path(url.removeprefix(SQLITE)).is_file():
            raise AskingError(
                f"{url}: no such store; start `leimo center` here, name one with --store, or ask a "
                "center that runs with --url, such as http://127.0.0.1:9470"
            )
        self._store: SqlStore = open_store(url)
        center = Center(
            store=self._store,
            settings=settings,
            topics=_NoTopics(),
            clock_ms=now_ms,
            hub=Hub({}),
            board=Board(self._store),
        )
        super().__init__(create_app(center))

    def close(self) -> None:
        """Close the store."""
        self._store.close()
