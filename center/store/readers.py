"""Connections of a database that only read."""

import queue
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, Protocol, TypeVar

IDLE = 8
"""So many wait for the next question, each with a cache of its own; more that a rush needed are
closed."""


class Closable(Protocol):
    def close(self) -> object:
        """Nobody may use it any more."""
        ...


C = TypeVar("C", bound=Closable)


class Readers(Generic[C]):
    """Gives each question a connection of its own, the one that was used last first."""

    def __init__(
        self, connect: Callable[[], C], is_open: Callable[[C], bool] = lambda _: True
    ) -> None:
        self._connect, self._is_open = connect, is_open
        self._waiting: queue.LifoQueue[C] = queue.LifoQueue()

    @property
    def idle(self) -> int:
        """Connections that wait for a question."""
        return self._waiting.qsize()

    @contextmanager
    def one(self) -> Iterator[C]:
        """A connection, for one question."""
        try:
            connection = self._waiting.get_nowait()
        except queue.Empty:
            connection = self._connect()
        try:
            yield connection
        finally:
            if self.idle >= IDLE:
                connection.close()
            elif self._is_open(connection):
                self._waiting.put(connection)

    def close(self) -> None:
        """Close those that wait."""
        while True:
            try:
                self._waiting.get_nowait().close()
            except queue.Empty:
                return
