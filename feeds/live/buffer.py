"""What was read and not sent yet: bounded, so that a slow broker slows the source down."""

import asyncio
from collections import deque
from contextlib import suppress

from feeds.live.source import Item, Payload

MAX_ITEMS = 20_000
MAX_BYTES = 32 << 20
_SMALL_BYTES = 200
"""What an item takes besides its value."""


class Buffer:
    """A queue of items in order, with one writer and one reader.

    Holds up to `MAX_ITEMS` items and `MAX_BYTES` of values, plus one item.
    """

    def __init__(self, max_items: int = MAX_ITEMS, max_bytes: int = MAX_BYTES) -> None:
        self._items: deque[Item] = deque()
        self._max_items = max_items
        self._max_bytes = max_bytes
        self._bytes = 0
        self._filled = asyncio.Event()
        self._emptied = asyncio.Event()
        self.is_closed = False
        """True: nothing more comes."""

    def __len__(self) -> int:
        return len(self._items)

    async def put(self, item: Item) -> None:
        """Add an item; waits while the buffer is full."""
        while len(self._items) >= self._max_items or self._bytes >= self._max_bytes:
            self._emptied.clear()
            await self._emptied.wait()
        self._items.append(item)
        self._bytes += size_of(item)
        if len(self._items) == 1:
            self._filled.set()

    async def take(self, most: int, wait_s: float) -> list[Item]:
        """Up to `most` items, as soon as there is one; none after `wait_s`, or at the end."""
        if not self._items and not self.is_closed:
            self._filled.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._filled.wait()
        pop = self._items.popleft
        taken = [pop() for _ in range(min(most, len(self._items)))]
        self._bytes -= sum([size_of(item) for item in taken])
        self._emptied.set()
        return taken

    def close(self) -> None:
        """Nothing more comes; what is in it can be taken."""
        self.is_closed = True
        self._filled.set()


def size_of(item: Item) -> int:
    """Bytes that an item counts for."""
    return len(item.value) + _SMALL_BYTES if type(item) is Payload else _SMALL_BYTES
