"""Why a raw record is no post, and how it is put aside."""

from enum import StrEnum

import msgspec


class DropReason(StrEnum):
    """Closed set: value of the header `reason` and label of the metric."""

    EMPTY = "empty"
    """No bytes, or JSON without anything in it."""
    TOO_LARGE = "too_large"
    """More bytes, or a longer text, than the settings allow."""
    NOT_JSON = "not_json"
    """Bytes that are not JSON, or not UTF-8."""
    WRONG_TYPE = "wrong_type"
    """JSON with a field of a wrong type."""
    MISSING_FIELD = "missing_field"
    """JSON without a field that the source always gives (id, text, time)."""
    BAD_TEXT = "bad_text"
    """Text that is not Unicode: lone surrogates."""
    BAD_TIME = "bad_time"
    """A creation time that cannot be read, or lies before microblogs existed."""
    FUTURE_TIME = "future_time"
    """A creation time more than a day ahead of the receipt."""
    UNKNOWN_SOURCE = "unknown_source"
    """The header `source` names no known source."""
    TOO_SLOW = "too_slow"
    """It took more CPU time than the settings allow, or ended worker after worker."""
    NO_POST = "no_post"
    """An event of the source that holds no post, such as a like. Workers count it and put nothing
    aside: `posts.dead` has none of them."""


class DeadLetter(msgspec.Struct, frozen=True):
    """A record of `posts.dead`: `value` is the raw bytes, the rest travels in headers."""

    reason: DropReason
    topic: str
    partition: int
    offset: int
    detail: str
    """What was wrong, for a person; at most 200 characters."""
    value: bytes
