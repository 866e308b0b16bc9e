"""The records of Weibo's push: lines of an answer, and what a feed has to know of them. Pure."""

import re
from typing import NamedTuple

import msgspec

from sources.refusals import InvalidPost
from sources.times import BEIJING, created_ms

_HEAD_BYTES = 4_096
"""Kept of a line that is too long: the number of a record is its first field."""
_NUMBER = re.compile(rb'\s*\{\s*"id"\s*:\s*"?(\d{1,20})"?')
_DAY_MS = 86_400_000
_BEIJING_MS = 8 * 3_600_000
_LOOKBACK_DAYS = 3


class Line(NamedTuple):
    """A line of the answer, without its end."""

    content: bytes
    is_whole: bool
    """False: it is too long, and `content` is its beginning."""


class Lines:
    """Puts chunks together to lines, in no more memory than the longest one that is taken.

    >>> lines = Lines(8)
    >>> lines.take(b'{"a"'), lines.take(b':1}' + bytes([13, 10]) + b"{"), lines.take(b"}" * 9)
    ([], [Line(content=b'{"a":1}', is_whole=True)], [])
    >>> lines.take(b"}" + bytes([10]))
    [Line(content=b'{}}}}}}}}}', is_whole=False)]
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._rest = bytearray()
        self._is_cut = False

    def take(self, chunk: bytes) -> list[Line]:
        """The lines that end in a chunk."""
        *ends, tail = chunk.split(b"\n")
        found = []
        for end in ends:
            self._add(end)
            found.append(self._line())
        self._add(tail)
        return found

    def rest(self) -> Line:
        """What came after the last line end; of use only where it is a record as it is."""
        return self._line()

    def _add(self, part: bytes) -> None:
        if self._is_cut:
            return
        self._rest += part
        if len(self._rest) > self._max_bytes:
            del self._rest[_HEAD_BYTES:]
            self._is_cut = True

    def _line(self) -> Line:
        line = Line(bytes(self._rest).removesuffix(b"\r"), not self._is_cut)
        self._rest.clear()
        self._is_cut = False
        return line


class Kind:
    """What a record carries: `text.type`."""

    STATUS, COMMENT = "status", "comment"


class Record(NamedTuple):
    """What a record says."""

    number: int
    """Of the record, not of the post: `since_id`. 0: it has none."""
    kind: str
    """One of `Kind`, or another word; empty where it says nothing."""
    event_time_ms: int = 0
    author: bytes = b""


class Refusal(NamedTuple):
    """What the service says instead of records."""

    code: int
    message: str


class _User(msgspec.Struct, gc=False):
    id: int | str | None = None


class _Post(msgspec.Struct, gc=False):
    """A status or a comment."""

    id: int | str | None = None
    created_at: str | int | float | None = None
    user: _User | None = None


class _Carried(msgspec.Struct, gc=False):
    type: str = ""
    status: _Post | None = None
    comment: _Post | None = None


class _Record(msgspec.Struct, gc=False):
    id: int | str = 0
    text: _Carried | str | None = None
    user: _User | None = None
    created_at: str | int | float | None = None
    error: str | None = None
    error_code: int | str = 0


_decode = msgspec.json.Decoder(_Record).decode


def read(line: bytes) -> Record | Refusal | None:
    """What a line says; None where it cannot be read: `number_of` may know its number.

    >>> read(b'{"id":7,"text":{"type":"status","status":{"id":1,"user":{"id":9}}}}')
    Record(number=7, kind='status', event_time_ms=0, author=b'9')
    >>> read(b'{"error":"Ip is limited","error_code":10004}')
    Refusal(code=10004, message='Ip is limited')
    """
    try:
        found = _decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    if found.error is not None and not found.id:
        code = str(found.error_code)
        return Refusal(int(code) if code.isascii() and code.isdecimal() else 0, found.error)
    if isinstance(found.text, str):
        # A status as such: its id is no `since_id`.
        return Record(0, Kind.STATUS, *_facts(_Post(found.id, found.created_at, found.user)))
    carried = found.text or _Carried()
    post = carried.status or carried.comment or _Post()
    number = str(found.id)
    return Record(
        int(number) if number.isascii() and number.isdecimal() else 0, carried.type, *_facts(post)
    )


def number_of(line: bytes) -> int:
    """The number of a record that cannot be read otherwise; 0: not even that.

    >>> number_of(b'{ "id": 1404160103598340, "text": {"ty'), number_of(b"<html>")
    (1404160103598340, 0)
    """
    found = _NUMBER.match(line)
    return int(found[1]) if found else 0


def oldest_ms(now_ms: int) -> int:
    """What the service keeps at least: the last three days before this one, in Beijing.

    >>> oldest_ms(1_790_000_000_000)  # 22:13 there
    1789660800000
    """
    midnight_ms = (now_ms + _BEIJING_MS) // _DAY_MS * _DAY_MS - _BEIJING_MS
    return midnight_ms - _LOOKBACK_DAYS * _DAY_MS


def _facts(post: _Post) -> tuple[int, bytes]:
    """Event time and author; of a post without an author its id, as for all of Weibo's."""
    at_ms = 0
    if post.created_at is not None:
        try:
            at_ms = created_ms(post.created_at, BEIJING, 0)
        except InvalidPost:
            at_ms = 0
    user = post.user.id if post.user else None
    key = user if user not in (None, "") else post.id
    return at_ms, b"" if key is None else str(key).encode(errors="replace")
