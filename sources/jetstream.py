"""Events of Bluesky's Jetstream -> `Post`.

Posts and reposts of `app.bsky.feed`. Jetstream sends much else (likes, follows, accounts): a feed
asks for the two collections alone, and what comes all the same is refused as `WRONG_TYPE`.
"""

import msgspec

from schemas.dead_letter import DropReason
from schemas.post import Author, Post, PostEvent, Quoted, Source
from sources.refusals import MAX_COUNT, InvalidPost, check_length, decoded, missing, quoted
from sources.times import created_ms, event_time

POST = "app.bsky.feed.post"
REPOST = "app.bsky.feed.repost"

_EVENTS = {"create": PostEvent.ADD, "update": PostEvent.EDIT, "delete": PostEvent.DELETE}


class _Subject(msgspec.Struct, gc=False):
    uri: str = ""


class _Record(msgspec.Struct, gc=False):
    text: str | None = None
    created_at: str | None = msgspec.field(default=None, name="createdAt")
    subject: _Subject | str | None = None
    """Of a repost: what it repeats. Other collections keep texts here."""


class _Commit(msgspec.Struct, gc=False):
    operation: str = ""
    collection: str = ""
    rkey: str = ""
    record: _Record | None = None


class _Event(msgspec.Struct, gc=False):
    did: str = ""
    time_us: int | None = None
    kind: str | None = None
    commit: _Commit | None = None


_decode = msgspec.json.Decoder(_Event).decode


def parse(value: bytes, received_at_ms: int, max_text: int, max_skew_ms: int) -> Post:
    """The post of one record; `InvalidPost` where there is none."""
    event = decoded(_decode, value)
    if event.kind is None and not event.did:
        raise InvalidPost(DropReason.EMPTY, "JSON without kind and did")
    commit = event.commit
    if event.kind != "commit" or commit is None:
        raise InvalidPost(DropReason.WRONG_TYPE, f"kind: {quoted(event.kind)} carries no post")
    if commit.collection not in (POST, REPOST):
        raise InvalidPost(
            DropReason.WRONG_TYPE, f"commit.collection: {quoted(commit.collection)} holds no posts"
        )
    what = _EVENTS.get(commit.operation)
    if what is None:
        raise InvalidPost(
            DropReason.WRONG_TYPE, f"commit.operation: {quoted(commit.operation)} is unknown"
        )
    if not event.did or not commit.rkey:
        raise missing("did or commit.rkey")
    record = commit.record or _Record()
    text, at = record.text, record.created_at
    original = None
    if commit.collection == REPOST:
        uri = record.subject.uri if isinstance(record.subject, _Subject) else ""
        original = Quoted(uri, author=Author(id=uri.removeprefix("at://").partition("/")[0]))
    elif text is None and what is not PostEvent.DELETE:
        raise missing("commit.record.text")
    check_length(text or "", max_text)
    at_ms, is_clamped = event_time(created_ms(_time(event, at, what)), received_at_ms, max_skew_ms)
    return Post(
        source=Source.JETSTREAM,
        id=f"at://{event.did}/{commit.collection}/{commit.rkey}",
        text=text or "",
        event_time_ms=at_ms,
        event=what,
        # Edits have no number of their own; the server's time tells them apart.
        edit=min(max(event.time_us or 0, 0), MAX_COUNT) if what is PostEvent.EDIT else 0,
        author=Author(id=event.did),
        is_repost=original is not None,
        quoted=original,
        is_time_clamped=is_clamped,
    )


def _time(event: _Event, created_at: str | None, what: PostEvent) -> str | int:
    """When it was written; a deletion has only the time at which the server saw it."""
    if created_at is not None:
        return created_at
    if what is PostEvent.DELETE and event.time_us is not None:
        return event.time_us
    raise missing("commit.record.createdAt")
