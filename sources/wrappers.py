"""JSON around Weibo's statuses: answers of its pages and its API, and archives of crawlers.

```
{"ok":1,"data":{…}}  {"mblog":{…}}  {"user":{…},"weibo":[{…},{…}]}  {"statuses":[…]}  [{…},{…}]
```

`posts.raw` holds one post a record: feeds take them out, and a record that holds a wrapper is
refused with the place at which its posts stand.
"""

from collections.abc import Iterator
from typing import NamedTuple

import msgspec

MAX_DEPTH = 8
MAX_ADDED_BYTES = 1 << 16
"""Of a `user` beside a list of posts, which is put into each of them."""
MAX_POST_BYTES = 1 << 20
"""A larger post is left as it is: no worker takes it."""

_NOTHING = msgspec.Raw(b"")


class _Layer(msgspec.Struct, gc=False):
    """A post, or what may stand around one."""

    id: msgspec.Raw = _NOTHING
    idstr: msgspec.Raw = _NOTHING
    mid: msgspec.Raw = _NOTHING
    user: msgspec.Raw = _NOTHING
    data: msgspec.Raw = _NOTHING
    mblog: msgspec.Raw = _NOTHING
    weibo: msgspec.Raw = _NOTHING
    statuses: msgspec.Raw = _NOTHING
    list: msgspec.Raw = _NOTHING
    cards: msgspec.Raw = _NOTHING
    card_group: msgspec.Raw = _NOTHING


_KEYS = ("data", "mblog", "weibo", "statuses", "list", "cards", "card_group")
_MAY_BE_NO_POST = frozenset({"data", "cards", "card_group"})
"""Advertisements and headings stand there too."""

_NO_OBJECT = _Layer()
_layer = msgspec.json.Decoder(_Layer).decode
_items = msgspec.json.Decoder(list[msgspec.Raw]).decode
_REFUSED = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
_MARK = b"\xef\xbb\xbf"


class Wrapped(NamedTuple):
    """A post in a wrapper."""

    path: str
    """Where it stands: `data.statuses`; of a list as such: `[]`."""
    value: bytes


def wrapped(value: bytes) -> Iterator[Wrapped]:
    """The posts in a wrapper, in order; none where the bytes are no wrapper, or an empty one.

    Their bytes are unchanged, but that of `{"user":…,"weibo":[…]}` each post gets the `user`.

    >>> [post.value for post in wrapped(b'{"ok":1,"data":{"statuses":[{"id":1},{"id":2}]}}')]
    [b'{"id":1}', b'{"id":2}']
    >>> list(wrapped(b'{"user":{"id":9},"weibo":[{"id":1}]}'))
    [Wrapped(path='weibo', value=b'{"user":{"id":9},"id":1}')]
    >>> list(wrapped(b'{"id":1,"text":"a"}'))
    []
    """
    value = value.removeprefix(_MARK).strip()
    if value[:1] == b"[":
        yield from _of_list(value, "[]", b"", MAX_DEPTH)
    else:
        yield from _of_object(value, "", b"", MAX_DEPTH)


def _of_object(value: bytes, path: str, user: bytes, depth: int) -> Iterator[Wrapped]:
    """The posts below an object that is none itself."""
    try:
        layer = _layer(value)
    except _REFUSED:
        return
    if depth == 0 or _is_post(layer):
        return
    if bytes(layer.user)[:1] == b"{":
        user = bytes(layer.user)
    for key in _KEYS:
        inner = bytes(getattr(layer, key))
        below = f"{path}.{key}" if path else key
        if inner[:1] == b"[":
            yield from _of_list(inner, below, user, depth - 1)
        elif inner[:1] == b"{":
            yield from _of_item(inner, below, user, depth - 1)


def _of_list(value: bytes, path: str, user: bytes, depth: int) -> Iterator[Wrapped]:
    try:
        items = _items(value)
    except _REFUSED:
        return
    for item in items:
        yield from _of_item(bytes(item), path, user, depth)


def _of_item(value: bytes, path: str, user: bytes, depth: int) -> Iterator[Wrapped]:
    """What stands where a post is expected: one, another wrapper, or neither."""
    try:
        layer = _layer(value)
    except _REFUSED:
        layer = _NO_OBJECT
    if _is_post(layer):
        yield Wrapped(path, value if layer.user else _with_user(value, user))
    elif any(_is_layer(getattr(layer, key)) for key in _KEYS):
        yield from _of_object(value, path, user, depth)
    elif path.rpartition(".")[2] not in _MAY_BE_NO_POST:
        yield Wrapped(path, value)  # the worker says what is wrong with it


def _with_user(value: bytes, user: bytes) -> bytes:
    if not user or len(user) > MAX_ADDED_BYTES or len(value) > MAX_POST_BYTES:
        return value
    return b'{"user":%b,%b' % (user, value[1:].lstrip())


def _is_post(layer: _Layer) -> bool:
    return any((layer.id, layer.idstr, layer.mid))


def _is_layer(value: msgspec.Raw) -> bool:
    return bytes(value)[:1] in (b"{", b"[")
