"""Frames of Jetstream -> what a feed has to know of them; version 2 and version 1. Pure.

The frame itself is the payload; this reads where it stands, and whether it is wanted.
"""

from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any

import msgspec
import orjson

POST = "app.bsky.feed.post"
REPOST = "app.bsky.feed.repost"
COLLECTIONS = (POST, REPOST)
MAX_TIME_US = 253_402_300_799_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class NotReadable(ValueError):  # noqa: N818 - named for what it is
    """A frame that is not what the protocol says."""


class What(Enum):
    """What a frame is."""

    POST = "post"
    """A post, new or changed."""
    OTHER = "other"
    """Wanted too: a repost, a deletion, the removal of an account."""
    UNWANTED = "unwanted"
    INFO = "info"
    """A notice of the server about the stream."""
    ERROR = "error"
    """The server's last words."""


class Event(msgspec.Struct, frozen=True, gc=False):
    """What a frame says."""

    what: What
    seq: int = 0
    """Of version 2; 0: none."""
    time_us: int = 0
    """When the server saw it."""
    did: str = ""
    languages: tuple[str, ...] = ()
    """Of a post; as its author's program named them."""
    name: str = ""
    """Of a notice or an error."""
    message: str = ""


class _Commit(msgspec.Struct, gc=False):
    operation: str = ""
    collection: str = ""
    record: msgspec.Raw = msgspec.Raw()


class _Account(msgspec.Struct, gc=False):
    active: bool = True


class _Payload(msgspec.Struct, gc=False):
    type: str = msgspec.field(default="", name="$type")
    seq: int = 0
    did: str = ""
    time: datetime | None = None
    witnessed_at: datetime | None = msgspec.field(default=None, name="witnessedAt")
    operation: str = ""
    collection: str = ""
    record: msgspec.Raw = msgspec.Raw()
    account: _Account | None = None
    name: str = ""
    message: str = ""


class _Frame(msgspec.Struct, gc=False):
    """Version 2."""

    type: str = msgspec.field(default="", name="$type")
    payload: _Payload | None = None
    error: str = ""
    name: str = ""
    message: str = ""


class _Old(msgspec.Struct, gc=False):
    """Version 1."""

    did: str = ""
    time_us: int = 0
    kind: str = ""
    commit: _Commit | None = None
    account: _Account | None = None


class _Languages(msgspec.Struct, gc=False):
    langs: list[str] | None = None


_frame = msgspec.json.Decoder(_Frame).decode
_old = msgspec.json.Decoder(_Old).decode
_languages = msgspec.json.Decoder(_Languages).decode


def read(frame: bytes, version: int) -> Event:
    """What a frame says.

    Raises:
        NotReadable: it is no JSON, or has no place in the stream.

    >>> read(b'{"$type": "message", "payload": {"$type": "x#commit", "seq": 7, "did": "did:plc:a",'
    ...      b' "time": "2026-08-13T10:00:00.000001Z", "operation": "create",'
    ...      b' "collection": "app.bsky.feed.post", "record": {"langs": ["zh"]}}}', 2).languages
    ('zh',)
    """
    try:
        return _version_2(_frame(frame)) if version == 2 else _version_1(_old(frame))
    except msgspec.ValidationError:
        # A field of an odd type: what can be read of it counts.
        return _by_hand(frame, version)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise NotReadable(str(error)) from None


def _version_2(frame: _Frame) -> Event:
    payload = frame.payload
    if frame.type == "error":
        return Event(What.ERROR, name=frame.error or frame.name, message=frame.message)
    if payload is None:
        return Event(What.UNWANTED)  # a kind of envelope that is newer than this
    kind = payload.type.rpartition("#")[2]
    if kind == "info":
        return Event(What.INFO, name=payload.name, message=payload.message)
    seen_at = payload.witnessed_at or payload.time
    if payload.seq <= 0 or seen_at is None:
        raise NotReadable(f"{kind!r} without seq or time")
    is_removal = payload.account is not None and not payload.account.active
    what = _what(kind, payload.operation, payload.collection, is_removal=is_removal)
    langs = _langs(payload.record) if what is What.POST else ()
    return Event(what, payload.seq, _time_us(seen_at), payload.did, langs)


def _version_1(event: _Old) -> Event:
    if not event.kind or not 0 < event.time_us < MAX_TIME_US:
        raise NotReadable("without kind or time_us")
    commit = event.commit or _Commit()
    is_removal = event.account is not None and not event.account.active
    what = _what(event.kind, commit.operation, commit.collection, is_removal=is_removal)
    langs = _langs(commit.record) if what is What.POST else ()
    return Event(what, 0, event.time_us, event.did, langs)


def _what(kind: str, operation: str, collection: str, *, is_removal: bool) -> What:
    if kind == "commit" and collection in COLLECTIONS:
        is_post = collection == POST and operation != "delete"
        return What.POST if is_post else What.OTHER
    return What.OTHER if kind == "account" and is_removal else What.UNWANTED


def _langs(record: msgspec.Raw) -> tuple[str, ...]:
    try:
        return tuple(_languages(record).langs or ())
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ()


def _time_us(moment: datetime) -> int:
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - _EPOCH) // _MICROSECOND


def _by_hand(frame: bytes, version: int) -> Event:
    """The same of JSON with odd types in fields that matter less: place and kind are enough."""
    try:
        found = orjson.loads(frame)
        inner = found.get("payload") if version == 2 else found
        kept = {"$type": found.get("$type"), "error": str(found.get("error", ""))}
        cleaned = _strings_and_places(inner)
        if version == 2:
            return _version_2(msgspec.convert({**kept, "payload": cleaned}, _Frame))
        cleaned["commit"] = _strings_and_places(inner.get("commit"))
        return _version_1(msgspec.convert(cleaned, _Old))
    except (ValueError, AttributeError, TypeError, msgspec.ValidationError) as error:
        raise NotReadable(str(error)[:200]) from None


_TEXTS = ("$type", "did", "time", "witnessedAt", "kind", "operation", "collection", "name")


def _strings_and_places(fields: Any) -> dict[str, Any]:
    """Of an object: texts that are texts, and numbers that say where it stands."""
    if not isinstance(fields, dict):
        return {}
    texts = {key: fields[key] for key in _TEXTS if isinstance(fields.get(key), str)}
    places = {key: fields[key] for key in ("seq", "time_us") if isinstance(fields.get(key), int)}
    account = fields.get("account")
    if isinstance(account, dict) and isinstance(account.get("active"), bool):
        texts["account"] = {"active": account["active"]}
    return texts | places
