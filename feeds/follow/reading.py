"""One pass over a followed file: from where it was left to where it ends now."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from feeds.files import CutOff, unpacked
from feeds.follow.forms import (
    Document,
    Form,
    Lines,
    PostsOf,
    Rows,
    Tell,
    Unreadable,
    is_document,
    is_json,
)
from feeds.follow.found import HEAD_BYTES, Entries, Entry, Found, entry_of
from feeds.source import DuePost, FeedError

_HEADER_BYTES = 1 << 16
_CHUNK = 1 << 20
_ENOUGH = 10
"""Where none of so many first lines is a post, the file holds none."""


class Piece(NamedTuple):
    """Posts in order, and what is to be remembered once they are safe."""

    posts: list[DuePost]
    entry: Entry


def read_pass(
    file: Found, entries: Entries, posts_of: PostsOf, tell: Tell, *, is_final: bool, is_known: bool
) -> Iterator[Piece]:
    """Yield what is new in a file, piece by piece.

    `is_final`: nothing will be added to it, so that its last row counts as it is. `is_known`: only
    a file that was read before is meant.

    Raises:
        Unreadable: it cannot be read, or holds no posts; what was yielded before stands.
    """
    try:
        with file.path.open("rb") as opened:
            state = os.fstat(opened.fileno())
            if f"{state.st_dev}:{state.st_ino}" != file.inode:
                return  # it was replaced just now: the next look finds what it is
            yield from _read(file, opened, entries, posts_of, tell, is_final, is_known)
    except FileNotFoundError:
        return  # it was renamed: the next look finds it
    except Unreadable as error:
        raise Unreadable(f"{file.path}: {error}") from None
    except OSError as error:
        raise Unreadable(f"{file.path}: cannot be read: {error.strerror or error}") from error
    except FeedError as error:
        raise Unreadable(f"{file.path}: {error}") from None


def _read(
    file: Found,
    opened: BinaryIO,
    entries: Entries,
    posts_of: PostsOf,
    tell: Tell,
    is_final: bool,
    is_known: bool,
) -> Iterator[Piece]:
    content = _Content(file.path, opened)
    start = content.start()
    head = start[:HEAD_BYTES]
    entry = entries.of(file, head)
    if entry is None and is_document(head):
        entry = entries.of_path(file.path)  # its writer makes a new file each time
        if entry is not None and not entry.digest:
            entry = None
    if not start or (entry is None and is_known):
        return
    if entry is not None and content.is_plain and not entry.digest and entry.at > file.size:
        tell(f"{file.path}: is shorter than it was: read from its beginning")
        entry = None
    form = _form(file, start, posts_of, entry, tell)
    skip = 0 if isinstance(form, Document) else form.at
    is_first = skip == 0
    for chunk in content.from_(skip):
        posts = form.feed(chunk)
        if posts and is_first:
            _refuse_no_posts(posts)
            is_first = False
        yield Piece(posts, entry_of(file, head, form.at, form.digest))
    posts = form.end(is_final=is_final)
    yield Piece(posts, entry_of(file, head, form.at, form.digest))


def _form(file: Found, start: bytes, posts_of: PostsOf, entry: Entry | None, tell: Tell) -> Form:
    at, digest = (entry.at, entry.digest) if entry is not None else (0, "")
    suffixes = [suffix.lower() for suffix in file.path.suffixes]
    told = _Told(file.path, tell)
    if is_document(start):
        return Document(posts_of, at if digest else 0, digest)
    at = 0 if digest else at
    if not is_json(start):
        if posts_of.columns is not None:
            stem = file.path.name.split(".", 1)[0]
            return Rows(posts_of, posts_of.columns, start, stem, at, told)
        if ".csv" in suffixes or ".tsv" in suffixes:
            raise Unreadable(
                "a table needs to know which column is what: --as CRAWLER or --map FIELD=COLUMN,..."
            )
    return Lines(posts_of, at, told)


def _refuse_no_posts(posts: list[DuePost]) -> None:
    if len(posts) >= _ENOUGH and not any(post.key or post.event_time_ms for post in posts):
        raise Unreadable(
            f"none of its first {len(posts):,} lines is a post; see --source, --as and --map"
        )


class _Told:
    """Tells with the file's name."""

    def __init__(self, path: Path, tell: Tell) -> None:
        self._path = path
        self._tell = tell

    def __call__(self, message: str) -> None:
        self._tell(f"{self._path}: {message}")


class _Content:
    """The content of an open file, unpacked."""

    def __init__(self, path: Path, opened: BinaryIO) -> None:
        self._opened = opened
        self._chunks = unpacked(path, opened)
        self._start = b""
        magic = opened.read(4)
        opened.seek(0)
        self.is_plain = magic[:2] != b"\x1f\x8b" and magic != b"\x28\xb5\x2f\xfd"

    def start(self) -> bytes:
        """Its beginning."""
        if self.is_plain:
            self._start = self._opened.read(_HEADER_BYTES)
            return self._start
        pieces: list[bytes] = []
        size = 0
        while size < _HEADER_BYTES and (chunk := self._next()):
            pieces.append(chunk)
            size += len(chunk)
        self._start = b"".join(pieces)
        return self._start

    def from_(self, at: int) -> Iterator[bytes]:
        """The content from a byte on."""
        if self.is_plain:
            self._opened.seek(at)
            while chunk := self._opened.read(_CHUNK):
                yield chunk
            return
        chunk = self._start
        while chunk:
            if at >= len(chunk):
                at -= len(chunk)
            else:
                yield chunk[at:]
                at = 0
            chunk = self._next()

    def _next(self) -> bytes:
        """The next chunk that is not empty; empty: what is there has ended."""
        try:
            for chunk in self._chunks:
                if chunk:
                    return chunk
        except CutOff:  # it is still being written
            return b""
        return b""
