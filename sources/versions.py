"""Which record is the first of its post, which a repeat, and which a later version."""

from collections.abc import Iterator
from typing import Protocol

import msgspec

from schemas.post import Post, PostEvent
from sources.parsing import post_identity


class Seen(Protocol):
    """Remembers identities: `sources.repeats`."""

    def seen(self, identity: int, offset: int) -> bool: ...


def identities_of(post: Post) -> Iterator[int]:
    """What has to be remembered of a record: itself, and of an edit that its post exists."""
    yield post_identity(post)
    if post.event is PostEvent.EDIT:
        yield post_identity(msgspec.structs.replace(post, event=PostEvent.ADD))


_EDIT = PostEvent.EDIT  # by name it costs as much as a call


def first_sight(post: Post, repeats: Seen, offset: int) -> Post | None:
    """The post as it counts, or None for a repeat.

    An edit of a post that was not read before is the first that is seen of it, and counts as the
    post; the other versions that follow are edits.
    """
    if post.event is not _EDIT:
        return None if repeats.seen(post_identity(post), offset) else post
    was_seen, was_read_before = [repeats.seen(each, offset) for each in identities_of(post)]
    if was_seen:
        return None
    return post if was_read_before else msgspec.structs.replace(post, event=PostEvent.ADD)
