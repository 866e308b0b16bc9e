"""Why a raw record is no post: the one exception that reading a post may raise, and its reasons."""

import json
from collections.abc import Callable
from typing import NoReturn, TypeVar

import msgspec

from schemas.dead_letter import DropReason
from schemas.post import Skipped

MAX_DETAIL = 200
MAX_COUNT = (1 << 63) - 1
"""Largest number that every consumer of JSON can hold."""

T = TypeVar("T")


class InvalidPost(ValueError):  # noqa: N818 - named for what it is, as DropReason is
    """The record cannot become a post.

    >>> error = InvalidPost(DropReason.MISSING_FIELD, "id: missing")
    >>> error.reason.value, error.detail
    ('missing_field', 'id: missing')
    """

    def __init__(self, reason: DropReason, detail: str) -> None:
        self.reason = reason
        # Details quote the input, which may hold what no UTF-8 encoder accepts.
        self.detail = detail.encode("utf-8", "replace").decode("utf-8")[:MAX_DETAIL]
        super().__init__(f"{reason.value}: {self.detail}")


class NoPost(InvalidPost):
    """An event that the source is known to send, and that holds no post: nothing is wrong."""

    def __init__(self, event: Skipped, detail: str, removed_author: str = "") -> None:
        """`removed_author`: id of an account that is gone, with all that it wrote."""
        self.event = event
        self.removed_author = removed_author
        super().__init__(DropReason.NO_POST, detail)


def quoted(value: object, limit: int = 60) -> str:
    """A short picture of a wrong value for a message."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # integers of more than 4,300 digits, deep nesting
        text = f"a {type(value).__name__}"
    return text if len(text) <= limit else text[: limit - 1] + "…"


def decoded(decode: Callable[[bytes], T], value: bytes) -> T:
    """What a typed decoder makes of the bytes; `InvalidPost` where it refuses them.

    Half a surrogate pair is `BAD_TEXT`: JSON as such allows it, Unicode does not. `NaN` and
    `Infinity` are no JSON, though `json` takes them.
    """
    try:
        return decode(value)
    except msgspec.ValidationError as error:
        raise InvalidPost(DropReason.WRONG_TYPE, str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError) as error:
        try:
            json.loads(value.decode(), parse_constant=_refuse_constant)
        except (ValueError, RecursionError):
            raise InvalidPost(DropReason.NOT_JSON, f"no JSON: {error}") from error
        raise InvalidPost(DropReason.BAD_TEXT, f"not Unicode: {error}") from error


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")


def missing(field: str) -> InvalidPost:
    """The refusal of a record without `field`."""
    return InvalidPost(DropReason.MISSING_FIELD, f"{field}: missing; the source always gives it")


def id_text(value: str | int) -> str:
    """An id as text; `InvalidPost` for integers that no source gives."""
    if isinstance(value, int) and not -MAX_COUNT <= value <= MAX_COUNT:
        raise InvalidPost(DropReason.WRONG_TYPE, "id: an integer of more than 63 bits")
    return str(value)


def check_length(text: str, max_text: int) -> None:
    """Refuse texts that are longer than the settings allow."""
    if len(text) > max_text:
        raise InvalidPost(
            DropReason.TOO_LARGE, f"text: {len(text)} characters; the settings allow {max_text}"
        )
