"""What many ask at once is worked out once."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")
_MOST = 256


class Shared(Generic[T]):
    """Answers by what was asked; each is given for a while to whoever asks the same.

    A failure is told to those that wait for it, and kept for nobody.
    """

    def __init__(self, fresh_ms: int, clock_ms: Callable[[], int]) -> None:
        self._fresh_ms, self._clock_ms = fresh_ms, clock_ms
        self._held: dict[Hashable, tuple[int, asyncio.Future[T]]] = {}

    async def get(self, asked: Hashable, work: Callable[[], Awaitable[T]]) -> T:
        """The answer, worked out by `work` where none is held that is fresh or under way."""
        now_ms = self._clock_ms()
        held = self._held.get(asked)
        if held is None or not self._is_good(*held, now_ms):
            self._drop_old(now_ms)
            held = now_ms, asyncio.ensure_future(work())
            self._held[asked] = held
        # Of those that wait, one may be cut off without taking the answer from the others.
        return await asyncio.shield(held[1])

    def __len__(self) -> int:
        return len(self._held)

    def _is_good(self, at_ms: int, answer: "asyncio.Future[T]", now_ms: int) -> bool:
        if not answer.done():
            return True
        if answer.cancelled() or answer.exception() is not None:
            return False
        return 0 <= now_ms - at_ms < self._fresh_ms

    def _drop_old(self, now_ms: int) -> None:
        for asked, held in list(self._held.items()):
            if not self._is_good(*held, now_ms):
                del self._held[asked]
        while len(self._held) >= _MOST:
            del self._held[next(iter(self._held))]
