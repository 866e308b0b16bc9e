"""The interface of a feed: raw posts in the order of sending, each with its due time."""

from collections.abc import AsyncIterator, Iterable, Iterator
from typing import NamedTuple, Protocol

from schemas.errors import OperatorError
from schemas.post import Source


class FeedError(OperatorError):
    """A feed cannot go on; the message says what is wrong where, and what mends it."""


class DuePost(NamedTuple):
    """A raw post before it is sent: `RawPost` without its receipt, which is the sending itself."""

    due_ms: float
    """When it is to be sent: milliseconds after the feed's start; 0 is at once."""
    key: bytes
    """Author id, or the post's id where there is no author; empty where nothing can be read."""
    value: bytes
    event_time_ms: int = 0
    """Creation time; 0 where it was not looked at."""


class Feed(Protocol):
    """Where raw posts come from."""

    @property
    def source(self) -> Source:
        """Whose JSON the posts are."""

    def batches(self) -> Iterator[list[DuePost]]:
        """Yield posts by due time. A batch that was yielded is sent before the next is asked for.

        Raises:
            FeedError: the feed cannot go on; what was yielded before stands.
        """


async def one_after_another(batches: Iterable[list[DuePost]]) -> AsyncIterator[list[DuePost]]:
    """A feed that computes, in the shape of one that waits."""
    for batch in batches:
        yield batch
