"""How many bytes may be in flight: what does not fit is asked to come again."""

import asyncio


class NoRoom(Exception):  # noqa: N818 - named for what it is
    """Too much is in flight."""


class Share:
    """What one request holds of the room, until it is released."""

    def __init__(self, room: "Room") -> None:
        self._room = room
        self._is_held = True
        self.is_handed_over = False
        self.held_bytes = 0

    def hold(self, size: int) -> None:
        """Hold so many bytes in all; raises `NoRoom` and leaves things as they are."""
        self._room.change(size - self.held_bytes)
        self.held_bytes = size

    def hand_over(self, task: "asyncio.Task[None]") -> None:
        """Release it when `task` ends, and not before."""
        self.is_handed_over = True
        task.add_done_callback(self._after)

    def _after(self, task: "asyncio.Task[None]") -> None:
        if not task.cancelled():
            task.exception()  # its request was answered already
        self.release()

    def release(self) -> None:
        """Give all back; may be called again."""
        if self._is_held:
            self._is_held = False
            self._room.change(-self.held_bytes)
            self._room.requests -= 1


class Room:
    """Counts bytes and requests in flight.

    >>> room = Room(most_bytes=10, most_requests=5)
    >>> share = room.share()
    >>> share.hold(8)
    >>> share.hold(11)
    Traceback (most recent call last):
    feeds.push.room.NoRoom
    >>> share.release(), room.bytes
    (None, 0)
    """

    def __init__(self, most_bytes: int, most_requests: int) -> None:
        self.most_bytes = most_bytes
        self.bytes = 0
        self.requests = 0
        self._most_requests = most_requests

    def share(self) -> Share:
        """A request's share; raises `NoRoom` where too many are held."""
        if self.requests >= self._most_requests:
            raise NoRoom
        self.requests += 1
        return Share(self)

    def change(self, by: int) -> None:
        """Count bytes that come or go; raises `NoRoom`."""
        if by > 0 and self.bytes + by > self.most_bytes:
            raise NoRoom
        self.bytes += by
