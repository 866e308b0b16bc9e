"""How far a feed has come, kept over restarts: written after Kafka has the posts before it."""

import fcntl
import os
import time
from pathlib import Path
from types import TracebackType
from typing import IO, Protocol, Self

import msgspec

from feeds.live.kept import kept_position, position_row
from feeds.source import FeedError
from kafka_io.batches import BatchSender
from kafka_io.settings import Settings
from schemas.feed import FeedPosition


class Positions(Protocol):
    """Where positions are kept."""

    async def load(self, feed: str) -> str:
        """The position; empty: the feed never ran."""

    async def keep(self, position: FeedPosition) -> None:
        """Durable when it returns."""


_decode = msgspec.json.Decoder(FeedPosition).decode


class FilePositions:
    """Positions as lines of a file of our own, one a feed; one process at a time.

    The file is replaced as a whole, so that a crash leaves the old or the new one.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock: IO[bytes] | None = None
        self._held: dict[str, FeedPosition] = {}

    async def __aenter__(self) -> Self:
        try:
            self._open()
        except BaseException:
            self._close()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._close()

    def _open(self) -> None:
        beside = self._path.with_name(self._path.name + ".lock")
        try:
            self._lock = beside.open("ab")
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            written = self._path.read_bytes() if self._path.exists() else b""
        except BlockingIOError:
            raise FeedError(
                f"--positions {self._path}: another process uses it; give each one its own file"
            ) from None
        except OSError as error:
            raise FeedError(
                f"--positions {self._path}: cannot be used ({error.strerror}); name a file in a "
                "folder that can be written"
            ) from error
        try:
            found = [_decode(line) for line in written.splitlines() if line]
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise FeedError(
                f"--positions {self._path}: is no file of positions ({error}); name another, or "
                "remove it: then all files are read from the beginning"
            ) from None
        self._held = {position.feed: position for position in found}

    def _close(self) -> None:
        if self._lock is not None:
            self._lock.close()

    async def load(self, feed: str) -> str:
        held = self._held.get(feed)
        return held.position if held else ""

    async def keep(self, position: FeedPosition) -> None:
        """Write all and replace the file; raises `OSError` where the disk is full."""
        self._held[position.feed] = position
        written = b"".join(msgspec.json.encode(held) + b"\n" for held in self._held.values())
        new = self._path.with_name(self._path.name + ".new")
        with new.open("wb") as file:
            file.write(written)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._path)


class TopicPositions:
    """Positions in the topic `feed-positions`, as those of live feeds."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._sender: BatchSender | None = None

    def connected(self, sender: BatchSender) -> None:
        """Write through this connection from now on: the one that the posts take."""
        self._sender = sender

    async def load(self, feed: str) -> str:
        held = await kept_position(self._settings, feed)
        return held.position if held else ""

    async def keep(self, position: FeedPosition) -> None:
        """Raises `KafkaError` where the broker does not take it."""
        if self._sender is None:
            raise RuntimeError("a position cannot be kept before the broker is connected to")
        await self._sender.send([position_row(position)])
        await self._sender.flush()


def now_ms() -> int:
    """Wall clock, UTC."""
    return time.time_ns() // 1_000_000
