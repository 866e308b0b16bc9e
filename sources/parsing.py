"""Raw records of every source -> `Post`, and the identity of a post."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from xxhash import xxh3_64_intdigest

from schemas.dead_letter import DropReason
from schemas.post import Post, PostEvent, Source
from sources import jetstream, leimo_post, mastodon, weibo
from sources.refusals import InvalidPost, NoPost

__all__ = ["MAX_BYTES", "MAX_TEXT", "InvalidPost", "NoPost", "parse", "post_identity"]

MAX_BYTES = 1 << 20
MAX_TEXT = 20_000
MAX_SKEW_MS = 60_000
MAX_ID = 1_000
"""Code points of an id: every mention of a post carries those of post and author."""


Adapter = Callable[[bytes, int, int, int], Post]
"""(value, received_at_ms, max_text, max_skew_ms) -> Post, or `InvalidPost`."""

_ADAPTERS: dict[str, Adapter] = {
    Source.WEIBO.value: weibo.parse,
    Source.JETSTREAM.value: jetstream.parse,
    Source.MASTODON.value: mastodon.parse,
    Source.LEIMO.value: leimo_post.parse,
}
ADAPTERS: Mapping[str, Adapter] = MappingProxyType(_ADAPTERS)


def parse(
    source: Source | str,
    value: bytes | None,
    received_at_ms: int,
    max_bytes: int = MAX_BYTES,
    max_text: int = MAX_TEXT,
    max_skew_ms: int = MAX_SKEW_MS,
) -> Post:
    """The post in a raw record. Raises `InvalidPost`, and nothing else, whatever the bytes: where
    the source never meant one, a `NoPost`.

    >>> parse("leimo", b'{"id":"1","text":"hi","created_at":"2012-01-22T16:00:00Z"}', 0).id
    Traceback (most recent call last):
    sources.refusals.InvalidPost: future_time: created_at: ... ahead of the receipt...
    """
    adapter = _ADAPTERS.get(source)
    if adapter is None:
        raise InvalidPost(
            DropReason.UNKNOWN_SOURCE,
            f"source: {str(source)[:60]!r} is unknown; use one of {', '.join(ADAPTERS)}",
        )
    if not value:
        raise InvalidPost(DropReason.EMPTY, "no bytes")
    if len(value) > max_bytes:
        raise InvalidPost(
            DropReason.TOO_LARGE, f"{len(value)} bytes; the settings allow {max_bytes}"
        )
    post = adapter(value, received_at_ms, max_text, max_skew_ms)
    quoted = post.quoted
    if len(post.id) > MAX_ID or len(post.author.id) > MAX_ID:
        raise _too_long_an_id("id" if len(post.id) > MAX_ID else "author's id")
    if quoted is not None and len(quoted.author.id) > MAX_ID:
        raise _too_long_an_id("id of the original's author")
    return post


def _too_long_an_id(field: str) -> InvalidPost:
    return InvalidPost(DropReason.TOO_LARGE, f"{field}: more than {MAX_ID} characters")


_ADD = PostEvent.ADD  # by name it costs more than all the rest


def post_identity(post: Post) -> int:
    """64 bits that name (source, id, event, edit): equal for repeats, in any process.

    XXH3: it is written to a topic, so it must not change from release to release.
    """
    event = post.event
    edit = "" if event is _ADD else post.edit
    name = f"{post.source._value_} {event._value_} {edit} {post.id}"
    return xxh3_64_intdigest(name.encode("utf-8", "surrogatepass"))
