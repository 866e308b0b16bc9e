"""Statuses of Mastodon's streaming API -> `Post`.

A record holds a status, or the WebSocket's envelope with the status as a text in `payload`. A post
is known by its `uri` and an author by `acct@domain`, which are the same on every server that shows
them; ids are each server's own, and serve where these are missing.
"""

import re
from collections.abc import Callable
from html import unescape
from typing import TypeVar

import msgspec

from schemas.dead_letter import DropReason
from schemas.post import NEW_POSTS, Author, Post, PostEvent, Quoted, Skipped, Source
from sources.counts import count_of, followers_of
from sources.refusals import InvalidPost, NoPost, check_length, decoded, id_text, missing, quoted
from sources.times import SECOND_MS, created_ms, event_time

_BREAK = re.compile(r"<br\s*/?>|</p>\s*<p[^<>]*>", re.IGNORECASE)
_LEADING_ZEROS = re.compile(r"&#0+(?=\d)", re.ASCII)
_BEYOND_UNICODE = re.compile(r"&#\d{8,};?", re.ASCII)
_MARKUP = re.compile(r"<[^<>]*>")
_HOST = re.compile(r"https?://([^/:@\s]+)")
_NO_JSON = msgspec.Raw(b"")
_WITHOUT_POST = frozenset(
    {
        *("notification", "filters_changed", "conversation", "encrypted_message"),
        *("announcement", "announcement.reaction", "announcement.delete"),
    }
)
MAX_ATTACHMENTS = 16
"""Whose descriptions are read; a status has four, on some servers more."""
T = TypeVar("T")


class _Account(msgspec.Struct, gc=False):
    id: str | int = ""
    acct: str = ""
    followers_count: int | float | str | None = 0
    statuses_count: int | float | str | None = None
    bot: bool | None = False


class _Original(msgspec.Struct, gc=False):
    id: str | int = ""
    uri: str | None = None
    content: str | None = None
    account: _Account | None = None


class _Preview(msgspec.Struct, gc=False):
    title: str | None = None


class _Attachment(msgspec.Struct, gc=False):
    description: str | None = None


class _Status(msgspec.Struct, gc=False):
    id: str | int | None = None
    uri: str | None = None
    created_at: str | None = None
    edited_at: str | None = None
    content: str | None = None
    reblog: _Original | None = None
    account: _Account | None = None
    spoiler_text: msgspec.Raw = _NO_JSON
    card: msgspec.Raw = _NO_JSON
    url: msgspec.Raw = _NO_JSON
    media_attachments: msgspec.Raw = _NO_JSON
    event: str | None = None
    payload: str | int | None = None


_decode = msgspec.json.Decoder(_Status).decode
_decode_warning = msgspec.json.Decoder(str | None).decode
_decode_url = msgspec.json.Decoder(str | None).decode
_decode_preview = msgspec.json.Decoder(_Preview | None).decode
_decode_attachments = msgspec.json.Decoder(list[_Attachment] | None).decode


def parse(value: bytes, received_at_ms: int, max_text: int, max_skew_ms: int) -> Post:
    """The post of one record; `InvalidPost` where there is none."""
    status = decoded(_decode, value)
    if status.event in _WITHOUT_POST:
        raise NoPost(Skipped.NOTICE, f"event: {quoted(status.event)} carries no status")
    if status.payload is not None:
        if status.event == "delete":
            return _deletion(status.payload, received_at_ms)
        if status.event not in ("update", "status.update") or isinstance(status.payload, int):
            raise InvalidPost(
                DropReason.WRONG_TYPE, f"event: {quoted(status.event)} carries no status"
            )
        status = decoded(_decode, status.payload.encode())
    if status.id is None and status.content is None and status.created_at is None:
        raise InvalidPost(DropReason.EMPTY, "JSON without id, content and created_at")
    if status.id is None or status.id == "":
        raise missing("id")
    if status.content is None:
        raise missing("content")
    if status.created_at is None:
        raise missing("created_at")
    original = status.reblog
    text = "" if original is not None else plain_text(status.content)
    check_length(text, max_text)
    at_ms, is_clamped = event_time(created_ms(status.created_at), received_at_ms, max_skew_ms)
    edited_at = status.edited_at
    return Post(
        source=Source.MASTODON,
        id=status.uri or id_text(status.id),
        text=text,
        event_time_ms=at_ms,
        event=PostEvent.ADD if edited_at is None else PostEvent.EDIT,
        # Edits have no number of their own; their time tells them apart.
        edit=0 if edited_at is None else created_ms(edited_at) // SECOND_MS,
        author=_author(status.account, status.uri),
        is_repost=original is not None,
        quoted=None
        if original is None
        else Quoted(
            original.uri or id_text(original.id),
            plain_text(original.content or "")[:max_text],
            _author(original.account, original.uri),
        ),
        is_time_clamped=is_clamped,
        card="" if original is not None else _card(status)[:max_text],
        url=_beside(_decode_url, status.url) or "" if original is None else "",
    )


def _card(status: _Status) -> str:
    """What stands beside the text: the content warning, the title of a link's preview, and what
    images say to those who do not see them. A line each."""
    warning = _beside(_decode_warning, status.spoiler_text)
    preview = _beside(_decode_preview, status.card)
    attachments = _beside(_decode_attachments, status.media_attachments) or ()
    shown = (
        warning,
        preview and preview.title,
        *(each.description for each in attachments[:MAX_ATTACHMENTS]),
    )
    return "\n".join(line for line in shown if line)


def _beside(decode: Callable[[msgspec.Raw], T], json: msgspec.Raw) -> T | None:
    """None where it is absent or odd: that costs what it shows, not the post."""
    if not json:
        return None
    try:
        return decode(json)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def plain_text(html: str) -> str:
    """The text of a status without its markup.

    >>> plain_text("<p>Tom &amp; <a href='x'>#Jerry</a><br>run</p><p>far</p>")
    'Tom & #Jerry\\nrun\\nfar'
    """
    if "<" not in html and "&" not in html:
        return html
    if "&#" in html:  # Python refuses whole numbers of thousands of digits
        html = _BEYOND_UNICODE.sub("\ufffd", _LEADING_ZEROS.sub("&#", html))
    return unescape(_MARKUP.sub("", _BREAK.sub("\n", html)))


def address_of(acct: str, uri: str | None) -> str:
    """An account's name anywhere: a server leaves its own domain out. Empty where it is not known.

    >>> address_of("zaku@Example.org", None), address_of("zaku", "https://a.org/users/zaku/1")
    ('zaku@example.org', 'zaku@a.org')
    """
    if "@" in acct:
        return acct.lower()
    host = _HOST.match(uri) if uri and acct else None
    return f"{acct}@{host[1]}".lower() if host else ""


def _author(account: _Account | None, uri: str | None) -> Author:
    if account is None:
        return Author()
    posts = count_of(account.statuses_count)
    return Author(
        address_of(account.acct, uri) or id_text(account.id),
        account.acct,
        followers_of(account.followers_count),
        is_bot=account.bot is True,
        is_new=posts is not None and 0 <= posts < NEW_POSTS,
    )


def _deletion(payload: str | int, received_at_ms: int) -> Post:
    """A deletion is an id and nothing else."""
    post_id = id_text(payload)
    if not post_id:
        raise missing("payload")
    return Post(
        source=Source.MASTODON,
        id=post_id,
        text="",
        event_time_ms=received_at_ms,
        event=PostEvent.DELETE,
    )
