"""What a live feed keeps in Kafka: how far it has come, and what its source could not give."""

from enum import StrEnum

import msgspec


class FeedState(StrEnum):
    """How a feed fares, as it said last."""

    LIVE = "live"
    """Connected; an idle source is live too."""
    RECONNECTING = "reconnecting"
    FAILED = "failed"
    """Ended since its source, or its definition, says that asking again is of no use."""
    STOPPED = "stopped"
    """Ended in an orderly way. One that was killed stays as it was; `at_ms` tells its age."""


class FeedPosition(msgspec.Struct, frozen=True, kw_only=True):
    """Where a feed goes on, written once the posts before it are acknowledged."""

    feed: str
    """Its name, such as `jetstream`; the key of the record."""
    position: str
    """The source's own cursor, read by nobody but its feed; empty: it has none."""
    event_time_ms: int
    """Time of the newest event that the position covers."""
    at_ms: int
    """When this was written."""
    state: FeedState
    endpoint: str = ""
    """What it is, or was last, connected to."""
    posts: int = 0
    """Posts sent to `posts.raw` since the process started."""
    started_at_ms: int = 0
    posts_per_s: float = 0.0
    """Of the last half minute or so."""
    sample: float = 1.0
    """Share of the authors whose posts are taken; 1: all."""
    error: str = ""
    """Why it failed, for a person."""


class GapReason(StrEnum):
    """Why a stretch of time is missing."""

    CURSOR_TOO_OLD = "cursor_too_old"
    """The source no longer had it when the feed asked."""
    NO_RESUME = "no_resume"
    """The source gives only what is live, and the feed was away."""
    BACKFILL_LIMIT = "backfill_limit"
    """The source gives back only so much, or so much in a time."""
    OVERSIZED = "oversized"
    """A message that is too large to be read stood in the way."""


class FeedGap(msgspec.Struct, frozen=True, kw_only=True):
    """Posts created in this time may be missing: nobody wrote less, the feed saw less.

    Upsert by key (feed and `from_ms`): after a crash the same gap may be told again, with a later
    end.
    """

    feed: str
    from_ms: int
    """Event time of the newest post before it."""
    to_ms: int
    """Event time of the oldest post after it."""
    reason: GapReason
    detail: str = ""
    """In words, for a person; may quote the source."""
    at_ms: int = 0
    """When it was noticed."""

    @property
    def key(self) -> bytes:
        """The record's key."""
        return f"{self.feed}|{self.from_ms}".encode()
