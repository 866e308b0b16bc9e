"""A writer that a test can hold in the middle of a commit."""

import asyncio
from collections.abc import Iterable

from kafka_io.batches import Row
from kafka_io.writers import Offsets


class HeldWriter:
    """Keeps what it is given, and lets each write take as long as a test wants."""

    def __init__(self) -> None:
        self.writes: list[tuple[list[Row], dict[tuple[str, int], int]]] = []
        self.may_end = asyncio.Event()
        self.may_end.set()
        self.has_begun = asyncio.Event()
        self.is_stopped = False

    async def start(self) -> None: ...

    async def write(self, rows: Iterable[Row], offsets: Offsets) -> None:
        self.has_begun.set()
        await self.may_end.wait()
        assert not self.is_stopped
        self.writes.append((list(rows), dict(offsets)))

    async def stop(self) -> None:
        self.is_stopped = True
