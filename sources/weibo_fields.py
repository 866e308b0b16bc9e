"""The fields of a Weibo status that are read; all others are skipped by the decoder."""

from __future__ import annotations

import msgspec

Id = int | str | None
NO_RAW = msgspec.Raw(b"")


class User(msgspec.Struct, gc=False):
    id: Id = None
    idstr: str | None = None
    screen_name: str | None = None
    name: str | None = None
    followers_count: int | None = 0
    statuses_count: int | None = None
    location: str | None = None
    verified: bool | None = False
    verified_type: int | None = -1


class OriginalUser(msgspec.Struct, gc=False):
    id: Id = None
    idstr: str | None = None
    screen_name: str | None = None
    verified: bool | None = False


class Original(msgspec.Struct, gc=False):
    """`retweeted_status`, or a crawler's `retweet`."""

    id: Id = None
    mid: str | None = None
    idstr: str | None = None
    text: str | None = None
    text_raw: str | None = None
    deleted: str | int | bool | None = None
    user: OriginalUser | None = None
    user_id: Id = None
    screen_name: str | None = None


class EditConfig(msgspec.Struct, gc=False):
    edited: bool | None = False


class Status(msgspec.Struct, gc=False):
    """A status, or a push envelope: its `text` is an object."""

    created_at: str | int | float | None = None
    id: Id = None
    mid: str | None = None
    idstr: str | None = None
    text: str | Push | None = None
    text_raw: str | None = None
    source: str | None = None
    deleted: str | int | bool | None = None
    edit_config: EditConfig | None = None
    edit_count: int | None = None
    user: User | None = None
    user_id: Id = None
    """With `screen_name`: of crawlers' flat statuses, which have no `user`."""
    screen_name: str | None = None
    retweeted_status: msgspec.Raw = NO_RAW
    """Left as it is: the same bytes come with every repost of a cascade, and are read once."""
    retweet: msgspec.Raw = NO_RAW
    """What crawlers make of `retweeted_status`."""


class Push(msgspec.Struct, gc=False):
    """`{"type": "status", "event": "add", "status": {...}}` in a push envelope, or a `comment`."""

    type: str | None = None
    event: str | None = None
    status: Status | None = None
    comment: Status | None = None
    """A comment has the fields of a status, as far as they are read."""
