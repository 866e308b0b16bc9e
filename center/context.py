"""What a running center consists of, as its routes see it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

from starlette.requests import Request

from center.api.stream import Hub
from center.board import Board
from center.metrics import CenterMetrics
from center.principal import LOCAL, Principal
from center.store.protocol import Store
from kafka_io.settings import Settings
from schemas.action import Action

Authenticate = Callable[[Request], Awaitable[Principal | None]]
"""Who sends a request; None: nobody knows."""


class Topics(Protocol):
    """Writes what people do."""

    async def act(self, action: Action) -> int:
        """Append to `actions`; returns its offset."""
        ...

    async def define(self, key: str, value: bytes | None) -> int:
        """Put a definition into force, or remove one; returns the record's offset."""
        ...


async def everybody_is_local(request: Request) -> Principal | None:
    """Without users: on the loopback alone, as `leimo center` sees to."""
    return LOCAL


@dataclass(frozen=True)
class Center:
    """Hangs on `app.state.center`."""

    store: Store
    settings: Settings
    topics: Topics
    clock_ms: Callable[[], int]
    hub: Hub
    board: Board
    authenticate: Authenticate = everybody_is_local
    metrics: CenterMetrics = field(default_factory=CenterMetrics)
