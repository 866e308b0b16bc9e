"""The plain shape for users who write `posts.raw` themselves -> `Post`.

```json
{"id": "42", "text": "小米真好", "created_at": "2012-01-22T16:00:00Z",
 "author": {"id": "7", "name": "zaku", "followers": 1204}}
```
"""

import msgspec

from schemas.dead_letter import DropReason
from schemas.post import Author, Post, PostEvent, Source
from sources.counts import followers_of
from sources.refusals import MAX_COUNT, InvalidPost, check_length, decoded, id_text, missing
from sources.times import created_ms, event_time


class _Author(msgspec.Struct, gc=False):
    id: str | int = ""
    name: str = ""
    followers: int | float | str | None = 0


class _Plain(msgspec.Struct, gc=False):
    id: str | int | None = None
    text: str | None = None
    created_at: str | int | float | None = None
    author: _Author | None = None
    event: PostEvent = PostEvent.ADD
    edit: int = 0
    is_repost: bool = False
    url: str = ""


_decode = msgspec.json.Decoder(_Plain).decode


def parse(value: bytes, received_at_ms: int, max_text: int, max_skew_ms: int) -> Post:
    """The post of one record; `InvalidPost` where there is none."""
    plain = decoded(_decode, value)
    post_id = plain.id
    if post_id is None and plain.text is None and plain.created_at is None:
        raise InvalidPost(DropReason.EMPTY, "JSON without id, text and created_at")
    if post_id is None or post_id == "":
        raise missing("id")
    text = plain.text
    if text is None:
        if plain.event is not PostEvent.DELETE:
            raise missing("text")
        text = ""
    check_length(text, max_text)
    if plain.created_at is None:
        raise missing("created_at")
    at_ms, is_clamped = event_time(created_ms(plain.created_at), received_at_ms, max_skew_ms)
    author = plain.author
    return Post(
        source=Source.LEIMO,
        id=id_text(post_id),
        text=text,
        event_time_ms=at_ms,
        event=plain.event,
        edit=min(max(plain.edit, 0), MAX_COUNT),
        author=Author()
        if author is None
        else Author(
            id=id_text(author.id),
            name=author.name,
            followers=followers_of(author.followers),
        ),
        is_repost=plain.is_repost,
        is_time_clamped=is_clamped,
        url=plain.url,
    )
