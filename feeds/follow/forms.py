"""What stands in a followed file: a post a line, a table, or one JSON document.

Each form is fed with the content as it comes, and knows up to where it is taken for good: a line or
row that is not whole yet is left for the next time.
"""

import csv
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import orjson
from xxhash import xxh3_64

from feeds.columns import Columns
from feeds.files import MAX_DOCUMENT_BYTES, MAX_LINE_BYTES
from feeds.lines import LineSplitter, TooLong
from feeds.source import DuePost, FeedError
from schemas.post import Source
from sources.facts import WrappedError, facts_reader, posts_in

MAX_ROW_BYTES = 1 << 20
"""A quote that is never closed is held no longer than this."""
_MARK = b"\xef\xbb\xbf"
csv.field_size_limit(MAX_ROW_BYTES)

Tell = Callable[[str], None]


class Unreadable(FeedError):  # noqa: N818 - named for what it is
    """A file that cannot be followed; the message says why."""


class PostsOf:
    """Payloads to posts: taken out of wrappers, or made by a mapping."""

    def __init__(self, source: Source, columns: Columns | None = None) -> None:
        self.columns = columns
        self.source = columns.source if columns else source
        self._facts_of = facts_reader(self.source)

    def payload(self, value: bytes) -> Iterator[DuePost]:
        """The posts of a line, or of an item of a document."""
        if self.columns is not None:
            yield self.post(self.columns.of_json(value))
            return
        try:
            key, at_ms = self._facts_of(value)
        except WrappedError:
            yield from map(self.post, posts_in(value))
        else:
            yield DuePost(0.0, key, value, at_ms)

    def post(self, value: bytes) -> DuePost:
        """One post as it is."""
        try:
            key, at_ms = self._facts_of(value)
        except WrappedError:  # deeper than anybody wraps: the worker says what it is
            key, at_ms = b"", 0
        return DuePost(0.0, key, value, at_ms)


class Form(Protocol):
    """How the content of a file is read."""

    at: int
    """Where to go on: bytes of the content, or posts of a document."""
    digest: str
    """Of a document: what its first `at` posts are; else empty."""

    def feed(self, chunk: bytes) -> list[DuePost]: ...
    def end(self, *, is_final: bool) -> list[DuePost]: ...


class Lines:
    """NDJSON. A last line without an end is taken as soon as it is whole JSON."""

    digest = ""

    def __init__(self, posts_of: PostsOf, at: int, tell: Tell) -> None:
        self.at = at
        self._posts_of = posts_of
        self._tell = tell
        self._splitter = LineSplitter(MAX_LINE_BYTES)
        self._open_bytes = 0

    def feed(self, chunk: bytes) -> list[DuePost]:
        if self.at == 0 and not self._open_bytes and chunk.startswith(_MARK):
            chunk, self.at = chunk[len(_MARK) :], len(_MARK)
        end = chunk.rfind(b"\n")
        if end < 0:
            self._open_bytes += len(chunk)
        else:
            self.at += self._open_bytes + end + 1
            self._open_bytes = len(chunk) - end - 1
        return self._posts(self._splitter.feed(chunk))

    def end(self, *, is_final: bool) -> list[DuePost]:
        lines = self._splitter.end()
        if not lines or not _is_json(lines[0]):
            if lines and is_final:
                self._tell("its last line is not whole, and was left for the next time")
            return []
        self.at += self._open_bytes
        self._open_bytes = 0
        return self._posts(lines)

    def _posts(self, lines: Sequence[bytes | TooLong]) -> list[DuePost]:
        posts: list[DuePost] = []
        for line in lines:
            if isinstance(line, TooLong):
                self._tell(
                    f"a line of {line.bytes:,} bytes was left out; {MAX_LINE_BYTES:,} are the most "
                    "that a record can hold"
                )
            elif line := line.strip():
                posts += self._posts_of.payload(line)
        return posts


class Rows:
    """A table with a header, of commas, tabs or semicolons; rows may go over many lines."""

    digest = ""

    def __init__(
        self, posts_of: PostsOf, columns: Columns, head: bytes, stem: str, at: int, tell: Tell
    ) -> None:
        self.at = at
        self._posts_of = posts_of
        self._columns = columns
        self._stem = stem
        self._tell = tell
        self._rest = b""
        self._held: list[bytes] = []
        self._delimiter = _delimiter(head)
        self._header: list[str] | None = None
        self._post_of: Callable[[Sequence[str]], bytes] | None = None
        if at:  # the header was taken already; it stands in the head
            first = next(csv.reader(_decoded(head.splitlines()), delimiter=self._delimiter))
            self._take_header(first)

    def feed(self, chunk: bytes) -> list[DuePost]:
        end = chunk.rfind(b"\n")
        if end < 0:
            self._rest += chunk
            if len(self._rest) > MAX_ROW_BYTES:
                raise Unreadable(
                    f"more than {MAX_ROW_BYTES:,} bytes without a line end: no table of posts"
                )
            return []
        self._held += (self._rest + chunk[:end]).split(b"\n")
        self._rest = chunk[end + 1 :]
        return self._take(is_final=False)

    def end(self, *, is_final: bool) -> list[DuePost]:
        if not is_final:
            return []
        if self._rest:
            self._held.append(self._rest)
            self._rest = b""
        return self._take(is_final=True)

    def _take(self, *, is_final: bool) -> list[DuePost]:
        """The whole rows of the lines that are held."""
        lines, posts = self._held, []
        done = 0
        while done < len(lines):
            begun = done
            reader = csv.reader(
                (line + "\n" for line in _decoded(lines[begun:])),
                delimiter=self._delimiter,
                strict=True,
            )
            try:
                for row in reader:
                    done = begun + reader.line_num
                    post = self._post(row)
                    if post is not None:
                        posts.append(post)
            except csv.Error as error:
                is_open = "unexpected end" in str(error)
                if is_open and not is_final and sum(map(len, lines[done:])) < MAX_ROW_BYTES:
                    break
                self._tell(f"a row was left out: {error}: {lines[done][:60]!r}")
                done += 1
        self.at += sum(len(line) + 1 for line in lines[:done])
        self._held = lines[done:]
        return posts

    def _post(self, row: list[str]) -> DuePost | None:
        if self._post_of is None:
            self._take_header(row)
            return None
        if row == self._header or not any(row):  # crawlers write the header again now and then
            return None
        return self._posts_of.post(self._post_of(row))

    def _take_header(self, row: list[str]) -> None:
        row[0] = row[0].removeprefix("\ufeff")
        self._header = row
        self._post_of = self._columns.row_reader(row, self._stem)


class Document:
    """One JSON document, which its writer replaces by a longer one. `at` counts its posts.

    What was taken is told by its digest: where the beginning is another one, all is taken again,
    and repeats are dropped downstream.
    """

    def __init__(self, posts_of: PostsOf, at: int, digest: str) -> None:
        self.at = 0
        self.digest = ""
        self._posts_of = posts_of
        self._taken = at
        self._taken_digest = digest
        self._pieces: list[bytes] = []
        self._size = 0

    def feed(self, chunk: bytes) -> list[DuePost]:
        self._size += len(chunk)
        if self._size > MAX_DOCUMENT_BYTES:
            raise Unreadable(
                f"one JSON document of more than {MAX_DOCUMENT_BYTES:,} bytes; write one post a "
                "line, such as with `jq -c '.[]'`"
            )
        self._pieces.append(chunk)
        return []

    def end(self, *, is_final: bool) -> list[DuePost]:
        whole = b"".join(self._pieces)
        self._pieces.clear()
        if not _is_json(whole):
            self.at, self.digest = self._taken, self._taken_digest
            if is_final:
                raise Unreadable("a JSON document that is not whole")
            return []  # it is being written
        posts = [post for item in posts_in(whole) for post in self._posts_of.payload(item)]
        running = xxh3_64()
        known = 0
        for number, post in enumerate(posts, start=1):
            running.update(post.value)
            if number == self._taken and running.hexdigest() == self._taken_digest:
                known = number
        self.at, self.digest = len(posts), running.hexdigest()
        return posts[known:]


def _is_json(value: bytes | TooLong) -> bool:
    if isinstance(value, TooLong):
        return False
    try:
        found = orjson.loads(value.removeprefix(_MARK))
    except ValueError:
        return False
    return isinstance(found, dict | list)


def _decoded(lines: Sequence[bytes]) -> Iterator[str]:
    """UTF-8, or what a spreadsheet on a Chinese Windows makes of it."""
    for line in lines:
        text = line.removesuffix(b"\r")
        try:
            yield text.decode()
        except UnicodeDecodeError:
            yield text.decode("gb18030", "replace")


def _delimiter(head: bytes) -> str:
    first = head.split(b"\n", 1)[0]
    return max(",\t;", key=lambda mark: first.count(mark.encode()))


def is_document(head: bytes) -> bool:
    """Whether a file that begins so is one JSON document over many lines, or an array.

    >>> is_document(b'[{"id":1}'), is_document(b'{\\n "user"'), is_document(b'{"id":1}\\n{')
    (True, True, False)
    """
    head = head.removeprefix(_MARK).lstrip()
    return head[:1] == b"[" or head.split(b"\n", 1)[0].strip() == b"{"


def is_json(head: bytes) -> bool:
    """Whether a file that begins so holds JSON."""
    return head.removeprefix(_MARK).lstrip()[:1] in (b"{", b"[")
