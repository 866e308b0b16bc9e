"""Weibo records that the typed decode refuses: read them with care, or say what is wrong.

Seen in the wild: numbers as texts (`1204.5万`; one that is none costs itself alone), `""` or `[]`
for a missing object, 0/1 for booleans, a byte order mark, half a surrogate pair where a client cut
the text in the middle of an emoji.
"""

import json
from collections.abc import Callable
from typing import Any, NoReturn, TypeVar

import msgspec

from schemas.dead_letter import DropReason
from sources.counts import count_of
from sources.refusals import InvalidPost, missing, quoted
from sources.weibo_fields import NO_RAW, EditConfig, Original, OriginalUser, Push, Status, User
from sources.wrappers import wrapped

Fields = dict[str, Any]
T = TypeVar("T")


def untyped(value: bytes) -> Fields:
    """The JSON object in the bytes; `InvalidPost` (`NOT_JSON`, `WRONG_TYPE`, `EMPTY`)."""
    try:
        fields = json.loads(value.decode("utf-8-sig"), parse_constant=_refuse_constant)
    except UnicodeDecodeError as error:
        raise InvalidPost(DropReason.NOT_JSON, f"no UTF-8: {error.reason}") from error
    except RecursionError as error:
        raise InvalidPost(DropReason.NOT_JSON, "no JSON: nested too deeply") from error
    except ValueError as error:
        raise InvalidPost(DropReason.NOT_JSON, f"no JSON: {error}") from error
    if fields is None or fields in ({}, []):
        raise InvalidPost(DropReason.EMPTY, "JSON without anything in it")
    if not isinstance(fields, dict):
        raise InvalidPost(
            DropReason.WRONG_TYPE,
            f"a JSON {type(fields).__name__}, expected an object{_mend(value)}",
        )
    return fields


def missing_from(value: bytes, field: str) -> InvalidPost:
    """The refusal of a record without `field`, or of one without anything."""
    try:
        untyped(value)
    except InvalidPost as refusal:
        return refusal
    if mend := _mend(value):
        return InvalidPost(DropReason.MISSING_FIELD, f"{field}: missing{mend}")
    return missing(field)


def _mend(value: bytes) -> str:
    """What is to be done with a record in which posts are wrapped; else nothing."""
    post = next(wrapped(value), None)
    if post is None:
        return ""
    return (
        f"; posts stand in {post.path}: send each as a record of its own, as `leimo feed replay` "
        "does"
    )


def read(value: bytes) -> Status:
    """The status in the bytes; `InvalidPost` with what is wrong."""
    return _status(untyped(value), "")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def read_original(value: bytes) -> Original | None:
    """`retweeted_status` by itself, where the typed decode refused it."""
    return _map(_original, untyped(b'{"retweeted_status":%b}' % value), "retweeted_status", "")


def _status(fields: Fields, path: str) -> Status:
    text = fields.get("text")
    config = _object(fields, "edit_config", path)
    original = _map(_original, fields, "retweeted_status", path)
    if original is None:
        original = _map(_original, fields, "retweet", path)
    return Status(
        created_at=_time(fields, path),
        id=_id(fields, "id", path),
        mid=_id_text(fields, "mid", path),
        idstr=_id_text(fields, "idstr", path),
        text=_push(text) if isinstance(text, dict) and not path else _text(fields, "text", path),
        text_raw=_text(fields, "text_raw", path),
        source=_words(fields, "source", path),
        deleted=bool(fields.get("deleted")) and fields.get("deleted") != "0",
        edit_config=None if config is None else EditConfig(edited=bool(config.get("edited"))),
        edit_count=count_of(fields.get("edit_count")),
        user=_map(_user, fields, "user", path),
        user_id=_id(fields, "user_id", path),
        screen_name=_words(fields, "screen_name", path),
        retweeted_status=NO_RAW if original is None else msgspec.Raw(msgspec.json.encode(original)),
    )


def _push(fields: Fields) -> Push:
    status, comment = (_object(fields, name, "text.") for name in ("status", "comment"))
    return Push(
        type=_words(fields, "type", "text."),
        event=_words(fields, "event", "text."),
        status=None if status is None else _status(status, "text.status."),
        comment=None if comment is None else _status(comment, "text.comment."),
    )


def _user(fields: Fields, path: str) -> User:
    return User(
        id=_id(fields, "id", path),
        idstr=_id_text(fields, "idstr", path),
        screen_name=_words(fields, "screen_name", path),
        name=_words(fields, "name", path),
        followers_count=count_of(fields.get("followers_count")),
        statuses_count=count_of(fields.get("statuses_count")),
        location=_words(fields, "location", path),
        verified=bool(fields.get("verified")),
        verified_type=count_of(fields.get("verified_type")),
    )


def _original(fields: Fields, path: str) -> Original:
    user = _map(_user, fields, "user", path)
    return Original(
        id=_id(fields, "id", path),
        mid=_id_text(fields, "mid", path),
        idstr=_id_text(fields, "idstr", path),
        text=_words(fields, "text", path),
        text_raw=_words(fields, "text_raw", path),
        deleted=bool(fields.get("deleted")) and fields.get("deleted") != "0",
        user=None
        if user is None
        else OriginalUser(user.id, user.idstr, user.screen_name, user.verified),
        user_id=_id(fields, "user_id", path),
        screen_name=_words(fields, "screen_name", path),
    )


def _map(read: Callable[[Fields, str], T], fields: Fields, key: str, path: str) -> T | None:
    inner = _object(fields, key, path)
    return None if inner is None else read(inner, f"{path}{key}.")


def _wrong(path: str, key: str, value: object, expected: str) -> InvalidPost:
    return InvalidPost(DropReason.WRONG_TYPE, f"{path}{key}: {quoted(value)}, expected {expected}")


def _object(fields: Fields, key: str, path: str) -> Fields | None:
    value = fields.get(key)
    if not value:  # null, "", [], {}, 0, false: all mean "none" in one client or other
        return None
    if not isinstance(value, dict):
        raise _wrong(path, key, value, "an object")
    return value


def _text(fields: Fields, key: str, path: str) -> str | None:
    """A text that must be Unicode, for it is what the analysis reads."""
    value = fields.get(key)
    if value is None:
        return None
    if not isinstance(value, str):
        raise _wrong(path, key, value, "a text")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise InvalidPost(
            DropReason.BAD_TEXT, f"{path}{key}: half a surrogate pair at {error.start}"
        ) from error
    return value


def _words(fields: Fields, key: str, path: str) -> str | None:
    """A text of less weight: half surrogate pairs become question marks."""
    value = fields.get(key)
    if value is None:
        return None
    if not isinstance(value, str):
        raise _wrong(path, key, value, "a text")
    return value.encode("utf-8", "replace").decode()


def _id(fields: Fields, key: str, path: str) -> int | str | None:
    value = fields.get(key)
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    if isinstance(value, str):
        return _words(fields, key, path)
    raise _wrong(path, key, value, "a number or a text")


def _id_text(fields: Fields, key: str, path: str) -> str | None:
    value = _id(fields, key, path)
    if isinstance(value, int) and value.bit_length() > 63:
        raise _wrong(path, key, "an integer of more than 63 bits", "a number or a text")
    return None if value is None else str(value)


def _time(fields: Fields, path: str) -> str | int | float | None:
    value = fields.get("created_at")
    if value is None or value == "":
        return None
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        return value
    raise _wrong(path, "created_at", value, "a time")
