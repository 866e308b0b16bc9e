"""Bodies of requests -> posts: unpacked within a bound, taken apart, and looked at one by one."""

import gzip
import zlib
from collections.abc import Iterable, Iterator
from io import BytesIO
from itertools import islice

import msgspec
import orjson
import zstandard

from feeds.source import DuePost
from schemas.post import Source
from schemas.topics import MIB
from sources.facts import Facts, WrappedError, facts_reader, posts_in
from sources.parsing import InvalidPost, NoPost, parse

MAX_TOLD = 100
"""Refusals that an answer names; the rest is counted."""
_MAX_WINDOW_BYTES = 8 * MIB
"""Of Zstandard: what RFC 8878 asks a receiver to bear, and `zstd -19` uses."""
_PIECE = 256
"""Unpacked at a time: it may become 32,768 times as much, 8 MiB."""
_MARK = b"\xef\xbb\xbf"


class BodyTooLarge(ValueError):  # noqa: N818 - named for what it is
    """Unpacked it is larger than allowed."""


class BrokenBody(ValueError):  # noqa: N818 - named for what it is
    """It is not what its `Content-Encoding` says."""


def unpacked(body: bytes, encoding: str, most: int) -> bytes:
    """The body without its `Content-Encoding` (`gzip`, `zstd` or none), of `most` bytes at most.

    >>> unpacked(gzip.compress(b"posts"), "gzip", 100)
    b'posts'
    """
    if encoding and not body:
        raise BrokenBody("there is no body")
    if encoding == "gzip":
        return _gunzipped(body, most)
    if encoding == "zstd":
        return _from_zstd(body, most)
    return body


def _gunzipped(body: bytes, most: int) -> bytes:
    try:
        with gzip.GzipFile(fileobj=BytesIO(body)) as file:
            found = file.read(most + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise BrokenBody(f"no gzip data: {error}") from error
    if len(found) > most:
        raise BodyTooLarge
    return found


def _from_zstd(body: bytes, most: int) -> bytes:
    found: list[bytes] = []
    size = 0
    unpack = None
    try:
        while body:
            if unpack is None or unpack.eof:
                unpacker = zstandard.ZstdDecompressor(max_window_size=_MAX_WINDOW_BYTES)
                unpack = unpacker.decompressobj()
            some, body = body[:_PIECE], body[_PIECE:]
            piece = unpack.decompress(some)
            size += len(piece)
            if size > most:
                raise BodyTooLarge
            found.append(piece)
            if unpack.eof:
                body = unpack.unused_data + body
    except zstandard.ZstdError as error:
        raise BrokenBody(f"no Zstandard data: {error}") from error
    if unpack is None or not unpack.eof:
        raise BrokenBody("the Zstandard data ends in the middle")
    return b"".join(found)


class Refused(msgspec.Struct, frozen=True):
    """A post that is none; `post` is its number in the body, from 1."""

    post: int
    reason: str
    detail: str


class Taken(msgspec.Struct):
    """What a body holds."""

    posts: list[DuePost]
    skipped: int = 0
    """Events of the source that hold no post, such as likes."""
    refused: int = 0
    refusals: list[Refused] = msgspec.field(default_factory=list)
    reasons: dict[str, int] = msgspec.field(default_factory=dict)

    def refuse(self, number: int, error: InvalidPost) -> None:
        reason = error.reason.value
        self.refused += 1
        self.reasons[reason] = self.reasons.get(reason, 0) + 1
        if len(self.refusals) < MAX_TOLD:
            self.refusals.append(Refused(number, reason, error.detail))


class PostReader:
    """Reads the posts of one body, some at a time, so that others get their turn in between."""

    def __init__(
        self,
        source: Source,
        received_at_ms: int,
        *,
        max_post_bytes: int,
        max_text: int,
        max_skew_ms: int,
    ) -> None:
        self.taken = Taken([])
        self._source = source
        self._facts_of = facts_reader(source)
        self._received_at_ms = received_at_ms
        self._max_post_bytes = max_post_bytes
        self._max_text = max_text
        self._max_skew_ms = max_skew_ms
        self._number = 0

    def read(self, body: bytes, is_ndjson: bool, at_a_time: int = 500) -> Iterator[None]:
        """Take the body apart; what was found stands in `taken`."""
        payloads = iter(_payloads(body, is_ndjson))
        while some := list(islice(payloads, at_a_time)):
            for payload in some:
                self._take(payload)
            yield

    def _take(self, payload: bytes) -> None:
        try:
            facts: Facts = self._facts_of(payload)
        except WrappedError:
            for post in posts_in(payload):
                try:
                    self._take_post(post, self._facts_of(post))
                except WrappedError:  # deeper than anybody wraps: the parser says what it is
                    self._take_post(post, Facts(b"", 0))
            return
        self._take_post(payload, facts)

    def _take_post(self, value: bytes, facts: Facts) -> None:
        self._number += 1
        try:
            parse(
                self._source,
                value,
                self._received_at_ms,
                max_bytes=self._max_post_bytes,
                max_text=self._max_text,
                max_skew_ms=self._max_skew_ms,
            )
        except NoPost:
            self.taken.skipped += 1
        except InvalidPost as error:
            self.taken.refuse(self._number, error)
        else:
            self.taken.posts.append(DuePost(0.0, facts.key, value, facts.event_time_ms))


def _payloads(body: bytes, is_ndjson: bool) -> Iterable[bytes]:
    body = body.removeprefix(_MARK).strip()
    if is_ndjson or b"\n" not in body:
        lines = body.split(b"\n")
    else:
        try:
            orjson.loads(body)
        except ValueError:  # one post a line all the same
            lines = body.split(b"\n")
        else:
            lines = [body]
    for line in lines:
        if post := line.strip():
            if post[:1] == b"[":
                yield from posts_in(post)
            else:
                yield post
