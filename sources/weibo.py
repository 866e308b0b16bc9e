"""Weibo statuses of the open API, of its web variant, and in push envelopes -> `Post`.

A typed decode of the few fields that count serves nearly all records. What it refuses is read
again, untyped, by `sources.weibo_lenient`, which knows the variants that occur and names what
is wrong with the rest.
"""

import re
from functools import lru_cache
from html import unescape

import msgspec

from schemas.dead_letter import DropReason
from schemas.post import NEW_POSTS, Author, Post, PostEvent, Quoted, Source
from sources import weibo_lenient, words
from sources.counts import followers_of
from sources.refusals import MAX_COUNT, InvalidPost, check_length, id_text
from sources.regions import region_of
from sources.times import BEIJING, created_ms, event_time, weibo_ms
from sources.weibo_fields import Original, Push, Status, User

NOBODY = Author()
# By name, each costs more than a call: Python looks members of an enum up in a slow way.
_WEIBO, _ADD, _EDIT, _DELETE = Source.WEIBO, PostEvent.ADD, PostEvent.EDIT, PostEvent.DELETE
_NO_ORIGINAL = Original()

MAX_REMEMBERED_BYTES = 8192
_MAX_SOURCE = 1000
"""Code points of `source` that are read: what is remembered of it is bounded."""

_decode = msgspec.json.Decoder(Status).decode
_decode_original = msgspec.json.Decoder(Original | None).decode
_DELETED = re.compile(r"\s*(?:抱歉，)?[此该]条?微博已经?被(?:原?作者)?删除")
_MARKUP = re.compile(r"<[^<>]*>")


def parse(value: bytes, received_at_ms: int, max_text: int, max_skew_ms: int) -> Post:
    """The post of one record; `InvalidPost` where there is none."""
    try:
        status = _decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError):
        status = weibo_lenient.read(value)
    event = _ADD
    if status.text.__class__ is not str:
        status, event = _unwrap(status)
    text: str | None = status.text  # type: ignore[assignment]
    post_id = status.idstr or _post_id(status)
    if not post_id:
        raise weibo_lenient.missing_from(value, "id")
    author = _author(status.user) if status.user is not None else _flat_author(status)
    if (
        event is _DELETE
        or (status.deleted is not None and _is_set(status.deleted))
        or (text and "删除" in text and _DELETED.match(text))
    ):
        return _deletion(status, post_id, author, received_at_ms, max_skew_ms)
    if status.text_raw is not None:
        text = status.text_raw
    if text is None:
        raise weibo_lenient.missing_from(value, "text")
    if len(text) > max_text:
        check_length(text, max_text)
    if status.created_at is None:
        raise weibo_lenient.missing_from(value, "created_at")
    is_clamped = False
    try:
        at_ms = weibo_ms(status.created_at)  # type: ignore[arg-type]
    except (ValueError, KeyError, TypeError):
        at_ms = created_ms(status.created_at, BEIJING, received_at_ms)
    if at_ms - received_at_ms > max_skew_ms:
        at_ms, is_clamped = event_time(at_ms, received_at_ms, max_skew_ms)
    edit = 0 if status.edit_config is None and not status.edit_count else _edit(status)
    quoted = None
    raw = status.retweeted_status or status.retweet
    if raw:
        original = bytes(raw)
        read = _remembered_quoted if len(original) <= MAX_REMEMBERED_BYTES else _read_quoted
        quoted = read(original, max_text)
    return Post(
        _WEIBO,
        post_id,
        text,
        at_ms,
        _EDIT if edit else event,
        edit,
        author,
        quoted is not None or _is_repost(text),
        quoted,
        _app(status.source[:_MAX_SOURCE]) if status.source else "",
        is_clamped,
    )


def _post_id(status: Status) -> str:
    """The id as text, where `idstr` is absent; empty where there is none."""
    post_id = status.id
    if post_id is None:
        return status.mid or ""
    return id_text(post_id)


def _unwrap(status: Status) -> tuple[Status, PostEvent]:
    """The status in a push envelope, and its event; a bare status without a text stays."""
    push = status.text
    if not isinstance(push, Push):
        return status, PostEvent.ADD
    post = _pushed(push)
    if post is None:
        raise InvalidPost(
            DropReason.WRONG_TYPE,
            f"text.type: a push envelope of type {push.type!r} carries no status and no comment",
        )
    if isinstance(post.text, Push):
        raise InvalidPost(
            DropReason.WRONG_TYPE, f"text.{push.type}.text: an object, expected a text"
        )
    return post, PostEvent.DELETE if push.event == "delete" else PostEvent.ADD


def _pushed(push: Push) -> Status | None:
    """What a push envelope carries. A comment counts for its own words: what it is about comes, or
    came, as a post of its own. Ids of the two may meet, so it has a name of its own."""
    if push.type == "status":
        return push.status
    comment = push.comment if push.type == "comment" else None
    if comment is not None:
        number = comment.idstr or _post_id(comment)
        comment.idstr = number and f"comment:{number}"
        comment.id = comment.mid = None
    return comment


def _author(user: User) -> Author:
    verified_type = user.verified_type
    user_id = user.idstr or user.id
    return Author(
        "" if user_id is None else str(user_id),
        user.screen_name or user.name or "",
        followers_of(user.followers_count),
        user.verified is True,
        verified_type if verified_type is not None and -1 <= verified_type < 1_000_000 else -1,
        False,
        user.statuses_count is not None and 0 <= user.statuses_count < NEW_POSTS,
        region_of(user.location) if user.location else "",
    )


def _flat_author(status: Status | Original) -> Author:
    """Of crawlers' statuses, which have `user_id` and `screen_name` in place of a `user`."""
    user_id, name = status.user_id, status.screen_name
    if user_id is None and not name:
        return NOBODY
    return Author("" if user_id is None else str(user_id), name or "")


def _read_quoted(json: bytes, max_text: int) -> Quoted | None:
    """The original of a repost; None for `null` and what else clients write for nothing."""
    try:
        original = _decode_original(json)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError):
        original = weibo_lenient.read_original(json)
    return None if original is None or original == _NO_ORIGINAL else _quoted(original, max_text)


_remembered_quoted = lru_cache(maxsize=8192)(_read_quoted)
"""Reposts of a cascade carry the same bytes, unless the API counts in them: 904 originals stand in
257,411 real statuses."""


def _quoted(original: Original, max_text: int) -> Quoted:
    """The original of a repost; a deleted one has no text and keeps its id."""
    user = original.user
    text = original.text_raw or original.text or ""
    if _is_set(original.deleted) or ("删除" in text and _DELETED.match(text)):
        text = ""
    original_id = original.idstr or original.id or original.mid
    return Quoted(
        "" if original_id is None else str(original_id),
        text if len(text) <= max_text else text[:max_text],
        _flat_author(original)
        if user is None
        else Author(
            user.idstr or ("" if user.id is None else str(user.id)),
            user.screen_name or "",
            0,
            user.verified is True,
        ),
    )


def _is_set(flag: str | int | bool | None) -> bool:
    return bool(flag) and flag != "0"


def _is_repost(text: str) -> bool:
    """For sources that leave `retweeted_status` out: the text tells."""
    return text in words.REPOST_PHRASES or words.own_end(text) < len(text)


def _edit(status: Status) -> int:
    """Number of the edit; an edited status without a number is its first edit."""
    config = status.edit_config
    count = status.edit_count or 0
    if 0 < count <= MAX_COUNT:
        return count
    return 1 if config is not None and config.edited else 0


def _deletion(
    status: Status, post_id: str, author: Author, received_at_ms: int, max_skew_ms: int
) -> Post:
    """A deletion needs its id alone; without a readable time it happened when it was received."""
    at_ms, is_clamped = received_at_ms, False
    if status.created_at is not None:
        at_ms, is_clamped = event_time(
            created_ms(status.created_at, BEIJING, received_at_ms), received_at_ms, max_skew_ms
        )
    return Post(
        source=Source.WEIBO,
        id=post_id,
        text="",
        event_time_ms=at_ms,
        event=PostEvent.DELETE,
        author=author,
        is_time_clamped=is_clamped,
    )


@lru_cache(maxsize=4096)
def _app(source: str) -> str:
    """Name of the client from `<a href="http://weibo.com" rel="nofollow">新浪微博</a>`."""
    return unescape(_MARKUP.sub("", source)).strip()[:100]
