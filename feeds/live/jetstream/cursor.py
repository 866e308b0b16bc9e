"""Where a stream of Jetstream goes on, on this instance or on another. Pure."""

import msgspec

OVERLAP_S = 30
"""On another instance: each stamps events when it sees them, some seconds apart. About ten thousand
events, far below the distance (`LEIMO_REPEAT_DISTANCE`) within which repeats are dropped."""
OLD_OVERLAP_S = 5
"""On the same instance of version 1, whose times are not in order."""
_SECOND_US = 1_000_000


class Cursor(msgspec.Struct, frozen=True, gc=False):
    """A place in a stream; `str()` of it is kept as the feed's position."""

    endpoint: str
    seq: int
    """Of version 2, and of this endpoint alone; 0: none."""
    time_us: int
    """When the endpoint saw the event; on others about the same."""
    is_event: bool = True
    """False: nothing had come yet, and the time is that of the connection."""

    def __str__(self) -> str:
        return msgspec.json.encode(self).decode()

    def asked_of(self, endpoint: str, version: int, now_us: int, *, by_seq: bool = True) -> int:
        """The parameter `cursor` for an endpoint: a seq where it is its own, else µs.

        Never one of the future: an instance whose clock ran ahead would make others skip.

        >>> cursor, now_us = Cursor("wss://a", 7, 1_786_000_000_000_000), 1_786_000_060_000_000
        >>> cursor.asked_of("wss://a", 2, now_us), cursor.asked_of("wss://b", 2, now_us)
        (7, 1785999970000000)
        """
        is_same = endpoint == self.endpoint
        if version == 2 and is_same and by_seq and self.seq:
            return self.seq
        overlap_s = OLD_OVERLAP_S if version == 1 and is_same else OVERLAP_S
        return max(min(self.time_us, now_us) - overlap_s * _SECOND_US, 0)


def cursor_of(position: str) -> Cursor:
    """The cursor that a position holds; `ValueError` where it holds none."""
    try:
        return msgspec.json.decode(position, type=Cursor)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ValueError(str(error)) from None
