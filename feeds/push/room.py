"""How many bytes may be in flight: what does not fit is asked to come again."""

from collections.abc import Iterator
from contextlib import contextmanager


class NoRoom(Exception):  # noqa: N818 - named for what it is
    """Too much is in flight."""


class Share:
    """What one request holds of the room."""

    def __init__(self, room: "Room") -> None:
        self._room = room
        self.held_bytes = 0

    def hold(self, size: int) -> None:
        """Hold so many bytes in all; raises `NoRoom` and leaves things as they are."""
        self._room.change(size - self.held_bytes)
        self.held_bytes = size


class Room:
    """Counts bytes and requests in flight.

    >>> room = Room(most_bytes=10, most_requests=5)
    >>> with room.share() as share:
    ...     share.hold(8)
    ...     share.hold(11)
    Traceback (most recent call last):
    feeds.push.room.NoRoom
    >>> room.bytes
    0
    """

    def __init__(self, most_bytes: int, most_requests: int) -> None:
        self.most_bytes = most_bytes
        self.bytes = 0
        self.requests = 0
        self._most_requests = most_requests

    @contextmanager
    def share(self) -> Iterator[Share]:
        """A request's share, given back at the end; raises `NoRoom` where too many are held."""
        if self.requests >= self._most_requests:
            raise NoRoom
        self.requests += 1
        share = Share(self)
        try:
            yield share
        finally:
            self.bytes -= share.held_bytes
            self.requests -= 1

    def change(self, by: int) -> None:
        if by > 0 and self.bytes + by > self.most_bytes:
            raise NoRoom
        self.bytes += by
