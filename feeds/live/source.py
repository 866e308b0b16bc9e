"""The interface of a live feed: a source that never ends, and that can be asked to go on.

A feed is any object with a name, the source whose JSON it gives, and a `stream`; see `LiveFeed`.
All that feeds have in common (waiting before the next try, back-pressure, positions, gaps,
metrics) is the work of `feeds.live.runner`.
"""

from collections.abc import AsyncGenerator
from enum import StrEnum
from typing import NamedTuple, Protocol, TypeGuard

from feeds.source import FeedError
from schemas.feed import GapReason
from schemas.post import Source


class Payload(NamedTuple):
    """A post, as the source gave it."""

    value: bytes
    """The source's own JSON, unchanged: the value in `posts.raw`."""
    position: object = ""
    """Where to go on after it: `str()` of it is kept. Empty: the source cannot go back."""
    event_time_ms: int = 0
    """When it was created, or seen by the source; 0: it is read from the JSON."""
    key: bytes = b""
    """The author; empty: it is read from the JSON."""


class Passed(NamedTuple):
    """Something that is no post: it moves the position on, and is counted by its reason."""

    reason: "PassReason"
    position: object = ""
    """Empty: it moves nothing."""
    event_time_ms: int = 0


class Gap(NamedTuple):
    """The source cannot give the posts of this time. Yielded before what comes after it."""

    from_ms: int
    to_ms: int
    reason: GapReason
    detail: str = ""


class Opened(NamedTuple):
    """A connection stands, though nothing may come for long. A feed need not yield it."""

    endpoint: str
    """What it leads to, for people."""
    position: object = ""
    """Where to go on if nothing comes; taken where there is no position yet."""
    event_time_ms: int = 0


Item = Payload | Passed | Gap | Opened


def moves_on(item: Item) -> TypeGuard[Payload | Passed | Opened]:
    """Whether the position after `item` is its own; something without any leaves it as it is."""
    kind = type(item)
    return kind is Payload or (kind is not Gap and item.position != "")  # type: ignore[union-attr]


class PassReason(StrEnum):
    """Why something of a source is not sent on; labels of a metric."""

    KIND = "kind"
    """No post, repost, deletion or removal of an account."""
    LANGUAGE = "language"
    """Not in one of the languages asked for."""
    REPEAT = "repeat"
    """The source sent it a moment ago."""
    MALFORMED = "malformed"
    """It cannot be read."""
    OVERSIZED = "oversized"
    """Larger than a record can be."""
    SAMPLED = "sampled"
    """Of an author who is not in the sample that was asked for."""


class ReconnectReason(StrEnum):
    """Why a connection ended; labels of a metric."""

    CLOSED = "closed"
    """The source ended it."""
    CONNECTION = "connection"
    """It could not be made, or broke."""
    STALE = "stale"
    """No sign of life, not even an answer to a ping."""
    REFUSED = "refused"
    """The source answered that it cannot now."""
    RATE_LIMIT = "rate_limit"
    TOO_SLOW = "too_slow"
    """The source says that we read too slowly."""
    CURSOR = "cursor"
    """The position has to be given in another way."""
    PROTOCOL = "protocol"
    """What came is not what the source's protocol says, or another version is to be spoken."""


class Retryable(Exception):  # noqa: N818 - named for what it asks for
    """The source cannot go on now; it is asked again, in `after_s` seconds at the earliest.

    Without `after_s` the pause grows from try to try; 0 is at once, for what the feed has mended
    itself.
    """

    def __init__(self, reason: ReconnectReason, message: str, after_s: float | None = None) -> None:
        super().__init__(message)
        self.reason = reason
        self.after_s = after_s


class Permanent(FeedError):  # noqa: N818 - as `Retryable`
    """Asking again gives the same; the message says what is wrong and what mends it."""


class Resume(NamedTuple):
    """Where a feed goes on."""

    position: str
    """As the feed gave it; empty: it gave none."""
    event_time_ms: int
    """The newest event before it."""


class LiveFeed(Protocol):
    """A source of live posts."""

    @property
    def name(self) -> str:
        """Its name, unique in an installation: its position is kept under it."""

    @property
    def source(self) -> Source:
        """Whose JSON the payloads are."""

    def stream(self, resume: Resume | None) -> AsyncGenerator[Item, None]:
        """Connect, and yield what comes, in the source's order, until the connection ends.

        It is called again after each end, with the newest position that it yielded; `None` at the
        very first start. It may yield again what was yielded before; it must skip nothing without
        a `Gap`. A client's error (`OSError`, `TimeoutError`, aiohttp's) counts as `Retryable`.

        Raises:
            Retryable: it shall be called again.
            Permanent: it is of no use to call it again.
        """
