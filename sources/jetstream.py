"""Events of Bluesky's Jetstream -> `Post`, as both of its versions send them.

Posts and reposts of `app.bsky.feed`. Jetstream sends much else (likes, follows, accounts): a feed
asks for the two collections alone, and what comes all the same is a `NoPost`.
"""

from datetime import UTC, datetime, timedelta

import msgspec

from schemas.dead_letter import DropReason
from schemas.post import Author, Post, PostEvent, Quoted, Skipped, Source
from sources.refusals import MAX_COUNT, InvalidPost, NoPost, check_length, decoded, missing, quoted
from sources.times import created_ms, event_time

POST = "app.bsky.feed.post"
REPOST = "app.bsky.feed.repost"

MAX_IMAGES = 16
"""Whose alternative texts are read; a post has four."""

_EVENTS = {"create": PostEvent.ADD, "update": PostEvent.EDIT, "delete": PostEvent.DELETE}
_WITHOUT_POST = {
    "identity": Skipped.IDENTITY,
    "account": Skipped.ACCOUNT,
    "sync": Skipped.SYNC,
    "info": Skipped.NOTICE,
    "error": Skipped.NOTICE,
}
_GONE = frozenset({"deleted", "takendown"})
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NO_JSON = msgspec.Raw(b"")


class _Subject(msgspec.Struct, gc=False):
    uri: str = ""


class _External(msgspec.Struct, gc=False):
    title: str = ""


class _Image(msgspec.Struct, gc=False):
    alt: str = ""


class _Embed(msgspec.Struct, gc=False):
    """A link's card, images, or a video; `media` holds them where a post is quoted too."""

    external: _External | None = None
    images: list[_Image] = []
    alt: str = ""
    media: "_Embed | None" = None


class _Record(msgspec.Struct, gc=False):
    text: str | None = None
    created_at: str | None = msgspec.field(default=None, name="createdAt")
    embed: msgspec.Raw = _NO_JSON
    """By itself: an odd one costs what it shows, not the post."""


class _Repost(msgspec.Struct, gc=False):
    created_at: str | None = msgspec.field(default=None, name="createdAt")
    subject: _Subject | None = None
    """What it repeats."""


class _Commit(msgspec.Struct, gc=False):
    operation: str = ""
    collection: str = ""
    rkey: str = ""
    record: msgspec.Raw = _NO_JSON
    """Of any shape where the collection is another."""


class _Account(msgspec.Struct, gc=False):
    """What became of an account."""

    active: bool = True
    status: str = ""


class _Frame(msgspec.Struct, gc=False):
    """The payload of a frame of the second version: a commit's fields stand in it."""

    type: str = msgspec.field(default="", name="$type")
    did: str = ""
    time: str | None = None
    operation: str = ""
    collection: str = ""
    rkey: str = ""
    record: msgspec.Raw = _NO_JSON
    account: msgspec.Raw = _NO_JSON


class _Event(msgspec.Struct, gc=False):
    """An event of the first version, or a frame of the second."""

    did: str = ""
    time_us: int | None = None
    kind: str | None = None
    commit: _Commit | None = None
    account: msgspec.Raw = _NO_JSON
    type: str = msgspec.field(default="", name="$type")
    payload: _Frame | None = None


_decode = msgspec.json.Decoder(_Event).decode
_decode_frame = msgspec.json.Decoder(_Frame).decode
_decode_post = msgspec.json.Decoder(_Record | None).decode
_decode_repost = msgspec.json.Decoder(_Repost | None).decode
_decode_account = msgspec.json.Decoder(_Account).decode
_decode_embed = msgspec.json.Decoder(_Embed | None).decode


def parse(value: bytes, received_at_ms: int, max_text: int, max_skew_ms: int) -> Post:
    """The post of one record; `InvalidPost` where there is none, `NoPost` where none is meant."""
    event = decoded(_decode, value)
    if event.kind is None:
        event = _first_version(event, value)
    commit = event.commit
    if event.kind != "commit" or commit is None:
        raise _without_post(event.kind, _removed(event))
    if commit.collection not in (POST, REPOST):
        if commit.collection:
            raise NoPost(
                Skipped.COLLECTION,
                f"commit.collection: {quoted(commit.collection)} holds no posts",
            )
        raise missing("commit.collection")
    what = _EVENTS.get(commit.operation)
    if what is None:
        raise InvalidPost(
            DropReason.WRONG_TYPE, f"commit.operation: {quoted(commit.operation)} is unknown"
        )
    if not event.did or not commit.rkey:
        raise missing("did or commit.rkey")
    json = bytes(commit.record) or b"null"
    text, card = "", ""
    original = None
    if commit.collection == REPOST:
        repost = decoded(_decode_repost, json) or _Repost()
        at, uri = repost.created_at, repost.subject.uri if repost.subject else ""
        original = Quoted(uri, author=Author(id=uri.removeprefix("at://").partition("/")[0]))
    else:
        record = decoded(_decode_post, json) or _Record()
        at = record.created_at
        if record.text is not None:
            text = record.text
        elif what is not PostEvent.DELETE:
            raise missing("commit.record.text")
        check_length(text, max_text)
        card = _card(bytes(record.embed))[:max_text]
    at_ms, is_clamped = event_time(created_ms(_time(event, at, what)), received_at_ms, max_skew_ms)
    return Post(
        source=Source.JETSTREAM,
        id=f"at://{event.did}/{commit.collection}/{commit.rkey}",
        text=text,
        event_time_ms=at_ms,
        event=what,
        # Edits have no number of their own; the server's time tells them apart.
        edit=min(max(event.time_us or 0, 0), MAX_COUNT) if what is PostEvent.EDIT else 0,
        author=Author(id=event.did),
        is_repost=original is not None,
        quoted=original,
        is_time_clamped=is_clamped,
        card=card,
    )


def _first_version(event: _Event, value: bytes) -> _Event:
    """A frame of the second version, or its payload alone, as an event of the first."""
    frame = event.payload
    if frame is None and "#" in event.type:
        frame = decoded(_decode_frame, value)
    if frame is None:
        if event.type == "error":  # the last frame of a connection
            raise _without_post("error")
        if not event.did:
            raise InvalidPost(DropReason.EMPTY, "JSON without kind and did, or a payload")
        return event
    kind = frame.type.rpartition("#")[2]
    commit = None
    if kind == "commit":
        commit = _Commit(frame.operation, frame.collection, frame.rkey, frame.record)
    return _Event(frame.did, _epoch_us(frame.time), kind, commit, frame.account)


def _epoch_us(time: str | None) -> int | None:
    """Microseconds of a server's time; None where there is none that can be read."""
    try:
        at = datetime.fromisoformat(time or "")
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return (at - _EPOCH) // timedelta(microseconds=1)


def _without_post(kind: str | None, removed_author: str = "") -> InvalidPost:
    detail = f"kind: {quoted(kind)} carries no post"
    known = _WITHOUT_POST.get(kind or "")
    if known is None:
        return InvalidPost(DropReason.WRONG_TYPE, detail)
    return NoPost(known, detail, removed_author)


def _removed(event: _Event) -> str:
    """The account, where it is gone for good; one that only rests may come back."""
    if event.kind != "account" or not bytes(event.account):
        return ""
    try:
        account = _decode_account(event.account)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ""
    return event.did if not account.active and account.status in _GONE else ""


def _card(json: bytes) -> str:
    """What a post shows beside its text: the title of a link's card, and of images what they say
    to those who do not see them. A line each."""
    if not json:
        return ""
    try:
        embed = _decode_embed(json)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ""
    if embed is None:
        return ""
    shown = embed.media or embed
    title = shown.external.title if shown.external is not None else ""
    lines = (title, shown.alt, *(image.alt for image in shown.images[:MAX_IMAGES]))
    return "\n".join(line for line in lines if line)


def _time(event: _Event, created_at: str | None, what: PostEvent) -> str | int:
    """When it was written; a deletion has only the time at which the server saw it."""
    if created_at is not None:
        return created_at
    if what is PostEvent.DELETE and event.time_us is not None:
        return event.time_us
    raise missing("commit.record.createdAt")
