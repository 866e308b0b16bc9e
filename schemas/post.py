"""A post of any source, in one shape."""

from enum import StrEnum

import msgspec


class Source(StrEnum):
    """Whose JSON a raw record holds: the value of the header `source`."""

    WEIBO = "weibo"
    JETSTREAM = "jetstream"
    MASTODON = "mastodon"
    LEIMO = "leimo"


class PostEvent(StrEnum):
    """What happened to the post."""

    ADD = "add"
    EDIT = "edit"
    DELETE = "delete"


class Skipped(StrEnum):
    """Events without a post that sources are known to send: label of the metric."""

    COLLECTION = "collection"
    """A record of another kind: a like, a follow, a block, a list."""
    ACCOUNT = "account"
    IDENTITY = "identity"
    SYNC = "sync"
    NOTICE = "notice"
    """Word of the server to its reader."""


NEW_POSTS = 10
"""An account with fewer posts is new."""


class Author(msgspec.Struct, frozen=True, gc=False):
    """Who wrote the post. `id` is empty where the source gives no user."""

    id: str = ""
    name: str = ""
    followers: int = 0
    verified: bool = False
    verified_type: int = -1
    """Weibo's type: -1 ordinary, 0 celebrity, 1 government, 2 enterprise, 3 media, ..."""
    is_bot: bool = False
    """True where the source says that a program writes."""
    is_new: bool = False
    """True where the source says that the account has written fewer than `NEW_POSTS` posts."""
    region: str = ""
    """Province where the source says that the author is, see `sources.regions`."""


class Quoted(msgspec.Struct, frozen=True, gc=False):
    """The original that a repost carries."""

    id: str = ""
    text: str = ""
    author: Author = Author()


class Post(msgspec.Struct, frozen=True, gc=False):
    """One post, as the analysis sees it.

    `text` is the text as the source gave it: spans of mentions point into it, in code points.
    """

    source: Source
    id: str
    text: str
    event_time_ms: int
    """Creation time in UTC ms; the receipt time where the source's time is ahead of it."""
    event: PostEvent = PostEvent.ADD
    edit: int = 0
    """Number of the edit, 0 for the first version."""
    author: Author = Author()
    is_repost: bool = False
    quoted: Quoted | None = None
    app: str = ""
    """The client the post was written with, without markup."""
    is_time_clamped: bool = False
    """True where the source's time was ahead of the receipt time and was replaced by it."""
    card: str = ""
    """What is shown beside the text: titles of links, what images say to those who do not see them,
    content warnings. A line each."""
    url: str = ""
    """Link to it, as the source gives it; empty where it gives none, see `schemas.links`."""


class RawPost(msgspec.Struct, frozen=True):
    """The envelope of `posts.raw`: what a feed hands over and the transport delivers."""

    source: Source
    value: bytes
    """The source's own JSON, unchanged."""
    received_at_ms: int
    key: bytes = b""
    """Author id; repeats of a post must share it, so that they meet in one partition."""
