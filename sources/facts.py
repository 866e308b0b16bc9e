"""The little that a feed reads of a payload: who wrote it, and when.

At full speed this is the largest cost of a replay, so a typed decoder skips everything else
(about 1 µs a Weibo status). What cannot be read is sent all the same: the worker says what is
wrong with it.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, timezone
from itertools import chain
from typing import Any, NamedTuple

import msgspec
import orjson

from schemas.post import Source
from sources.mastodon import address_of
from sources.refusals import InvalidPost
from sources.times import BEIJING, created_ms
from sources.wrappers import wrapped

Id = int | str


class Facts(NamedTuple):
    key: bytes
    """Author id, or the post's id; empty where neither can be read."""
    event_time_ms: int
    """Creation time; 0 where it cannot be read."""


NOTHING = Facts(b"", 0)


class WrappedError(ValueError):
    """The payload holds posts, and is none: `posts_in` gives them."""


class _User(msgspec.Struct, gc=False):
    id: Id | None = None


class _Status(msgspec.Struct, gc=False):
    """Weibo's status."""

    user: _User | None = None
    user_id: Id | None = None
    """Of crawlers' flat statuses, which have no `user`."""
    id: Id | None = None
    created_at: Id | float | None = None


class _Account(msgspec.Struct, gc=False):
    id: Id | None = None
    acct: str | None = None


class _Toot(msgspec.Struct, gc=False):
    """Mastodon's status, or the WebSocket's envelope, with the status as a text in it."""

    account: _Account | None = None
    id: Id | None = None
    uri: str | None = None
    created_at: str | None = None
    payload: Id | None = None


class _Event(msgspec.Struct, gc=False):
    """Jetstream's event, or a frame of its second version, with the event as its payload."""

    did: str | None = None
    time_us: int | None = None
    time: str | None = None
    payload: "_Event | None" = None


class _Written(msgspec.Struct, gc=False):
    """A post in leimo's own shape."""

    author: _User | Id | None = None
    id: Id | None = None
    created_at: Id | float | None = None
    event_time_ms: int | None = None


_status = msgspec.json.Decoder(_Status).decode
_toot = msgspec.json.Decoder(_Toot).decode
_event = msgspec.json.Decoder(_Event).decode
_written = msgspec.json.Decoder(_Written).decode


def _id_key(*candidates: Id | None) -> bytes:
    for candidate in candidates:
        if candidate is not None and candidate != "":
            return str(candidate).encode(errors="replace")
    return b""


def _at_ms(value: Id | float | None, naive: timezone = UTC) -> int:
    """A creation time, as the analysis reads it; `naive` is the zone of one without."""
    if value is None:
        return 0
    try:
        return created_ms(value, naive, 0)
    except InvalidPost:
        return 0


def _weibo(value: bytes) -> Facts:
    status = _status(value)
    user, at = status.user, status.created_at
    if user is None and at is None:
        return _weibo_push(value, status)
    if at is None and status.id is None:
        _refuse_wrapper(value)
    author = user.id if user else status.user_id
    return Facts(_id_key(author, status.id), _at_ms(at, BEIJING))


def _weibo_push(value: bytes, outer: _Status) -> Facts:
    """The push interface wraps status or comment: `{"id": …, "text": {"status": {…}}}`."""
    envelope = orjson.loads(value)
    text = envelope.get("text") if isinstance(envelope, dict) else None
    status = (text.get("status") or text.get("comment")) if isinstance(text, dict) else None
    if not isinstance(status, dict):
        _refuse_wrapper(value)
        return Facts(_id_key(outer.id), 0)
    inner = msgspec.convert(status, _Status)
    user = inner.user
    return Facts(_id_key(user.id if user else None, inner.id), _at_ms(inner.created_at, BEIJING))


def _refuse_wrapper(value: bytes) -> None:
    if next(wrapped(value), None) is not None:
        raise WrappedError


def posts_in(value: bytes) -> Iterator[bytes]:
    """The posts of a payload: of a wrapper those in it, else the payload itself.

    >>> list(posts_in(b'{"ok":1,"data":{"id":7}}')), list(posts_in(b'{"id":7}'))
    ([b'{"id":7}'], [b'{"id":7}'])
    """
    posts = wrapped(value)
    first = next(posts, None)
    if first is None:
        yield value
        return
    for post in chain((first,), posts):
        yield post.value


def _weibo_key(value: bytes) -> bytes:
    status = _status(value)
    user = status.user
    if user is not None and user.id is not None and status.id is not None:
        return b"%d" % user.id if isinstance(user.id, int) else user.id.encode(errors="replace")
    return _weibo(value).key


def _mastodon(value: bytes) -> Facts:
    toot = _toot(value)
    if isinstance(toot.payload, str) and toot.id is None:
        toot = _toot(toot.payload)
    account = toot.account or _Account()
    return Facts(
        _id_key(address_of(account.acct or "", toot.uri), account.id, toot.id),
        _at_ms(toot.created_at),
    )


def _jetstream(value: bytes) -> Facts:
    event = _event(value)
    event = event.payload or event
    return Facts(_id_key(event.did), _at_ms(event.time_us or event.time))


def _leimo(value: bytes) -> Facts:
    post = _written(value)
    author = post.author.id if isinstance(post.author, _User) else post.author
    at = post.created_at if post.event_time_ms is None else post.event_time_ms
    return Facts(_id_key(author, post.id), _at_ms(at))


_READERS: dict[Source, Callable[[bytes], Facts]] = {
    Source.WEIBO: _weibo,
    Source.MASTODON: _mastodon,
    Source.JETSTREAM: _jetstream,
    Source.LEIMO: _leimo,
}


def facts_reader(source: Source) -> Callable[[bytes], Facts]:
    """A function that reads key and time of a payload; raises `WrappedError` alone.

    >>> read = facts_reader(Source.WEIBO)
    >>> read(b'{"id": 7, "created_at": "Tue May 31 17:46:55 +0800 2011", "user": {"id": 1404}}')
    Facts(key=b'1404', event_time_ms=1306835215000)
    >>> read(b"no JSON")
    Facts(key=b'', event_time_ms=0)
    """
    return _safe(_READERS[source], source, NOTHING)


def key_reader(source: Source) -> Callable[[bytes], bytes]:
    """A function that reads the key alone, as fast as can be; raises `WrappedError` alone.

    >>> key_reader(Source.JETSTREAM)(b'{"did": "did:plc:q235", "time_us": 1}')
    b'did:plc:q235'
    """
    if source is Source.WEIBO:
        return _safe(_weibo_key, source, b"", lambda facts: facts.key)
    reader = _READERS[source]
    return _safe(lambda value: reader(value).key, source, b"", lambda facts: facts.key)


def _safe(
    read: Callable[[bytes], Any],
    source: Source,
    nothing: Any,
    part: Callable[[Facts], Any] = lambda facts: facts,
) -> Callable[[bytes], Any]:
    def read_or_nothing(value: bytes) -> Any:
        try:
            return read(value)
        except WrappedError:
            raise
        except (msgspec.MsgspecError, ValueError, OverflowError, RecursionError):
            return part(_guess(value, source)) or nothing

    return read_or_nothing


def _guess(value: bytes, source: Source) -> Facts:
    """Facts of JSON whose fields have odd types: the ones that can be read count."""
    if source is Source.WEIBO or value.lstrip()[:1] == b"[":
        _refuse_wrapper(value)
    try:
        post = orjson.loads(value)
    except ValueError:
        return NOTHING
    if not isinstance(post, dict):
        return NOTHING
    author: Any = post.get(
        {Source.WEIBO: "user", Source.MASTODON: "account", Source.JETSTREAM: "did"}.get(
            source, "author"
        )
    )
    if isinstance(author, dict):
        author = author.get("id")
    given = (author, post.get("user_id"), post.get("id"))
    candidates = [item for item in given if isinstance(item, int | str)]
    created_at = post.get("created_at")
    naive = BEIJING if source is Source.WEIBO else UTC
    at_ms = _at_ms(created_at, naive) if isinstance(created_at, int | str | float) else 0
    return Facts(_id_key(*candidates), at_ms)
