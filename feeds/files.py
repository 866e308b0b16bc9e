"""Lines of files, plain or compressed, in lists and in bounded memory."""

import zlib
from collections.abc import Callable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol

import zstandard

from feeds.source import FeedError
from schemas.topics import MIB, POSTS_RAW
from sources.wrappers import wrapped

MAX_LINE_BYTES = POSTS_RAW.max_message_bytes - 4_096
"""What the topic takes, less room for key, headers and the frame of a record batch."""

_PLAIN_CHUNK = 1 << 20
_PACKED_CHUNK = 1 << 16
_PIECE = 256
"""Unpacked at a time: it may become 32,768 times as much, 8 MiB."""
MAX_WINDOW_BYTES = 1 << 27
"""A Zstandard file that wants more memory is refused; `zstd --ultra -22` wants as much."""
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_OPENING = (b"{", b"[")
"""A line of JSON over many lines, and of no post."""
MAX_DOCUMENT_BYTES = 64 * MIB
_POSTS = 1_000
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Refusal(NamedTuple):
    """A line that is too long to be a record."""

    path: Path
    line: int
    """Its number, from 1."""
    size: int

    def __str__(self) -> str:
        return (
            f"{self.path}:{self.line}: {self.size:,} bytes in one line; {MAX_LINE_BYTES:,} are the "
            "most that a record can hold; the line was left out"
        )


class CutOff(FeedError):  # noqa: N818 - named for what it is
    """A compressed file ends in the middle: it was cut off, or is being written."""


class _Unpacker(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, /) -> bytes: ...


def read_lines(path: Path, refuse: Callable[[Refusal], None]) -> Iterator[list[bytes]]:
    """Yield the lines of a file in lists, without line ends; empty lines are left out.

    The content says whether it is gzip, Zstandard or plain, not the name. Where it is a single
    JSON document over many lines, as crawlers write their archives, its posts come as lines.

    Raises:
        FeedError: the file cannot be read, or ends in the middle; the lines before were yielded.
    """
    lists = _read_lines(path, refuse)
    for lines in lists:
        if lines and lines[0].strip() in _OPENING:
            yield from _document(path, lines, lists, refuse)
        else:
            yield lines
        break
    yield from lists


def _document(
    path: Path,
    lines: list[bytes],
    lists: Iterator[list[bytes]],
    refuse: Callable[[Refusal], None],
) -> Iterator[list[bytes]]:
    """The posts of JSON over many lines; the lines as they are where it holds none."""
    size = sum(map(len, lines))
    for more in lists:
        size += sum(map(len, more))
        if size > MAX_DOCUMENT_BYTES:
            raise FeedError(
                f"{path}: JSON over many lines, in all more than {MAX_DOCUMENT_BYTES:,} bytes; "
                "write one post a line, such as with `jq -c '.weibo[]'`, or split it"
            )
        lines += more
    posts = wrapped(b"\n".join(lines))
    first = next(posts, None)
    if first is None:
        yield lines
        return
    values = (post.value for post in chain((first,), posts))
    while some := list(islice(values, _POSTS)):
        yield [value for value in some if _fits(path, 1, value, refuse)]


def _read_lines(path: Path, refuse: Callable[[Refusal], None]) -> Iterator[list[bytes]]:
    number = 0
    rest: list[bytes] = []
    size = 0
    for chunk in _chunks(path):
        end = chunk.rfind(b"\n")
        if end < 0:
            size += len(chunk)
            # A line that is already too long is only measured on.
            rest = [*rest, chunk] if size <= MAX_LINE_BYTES else []
            continue
        rest.append(chunk[:end])
        whole = b"".join(rest)
        measured = size + end
        lines = whole.split(b"\n")
        if measured > len(whole):
            first_end = chunk.find(b"\n")
            refuse(Refusal(path, number + 1, size + first_end))
            lines = chunk[:end].split(b"\n")
            lines[0] = b""
        tail = chunk[end + 1 :]
        rest, size = [tail], len(tail)
        yield _fit(path, number, lines, refuse)
        number += len(lines)
    if size > MAX_LINE_BYTES:
        refuse(Refusal(path, number + 1, size))
    elif last := b"".join(rest):
        yield _fit(path, number, [last], refuse)


def _fit(
    path: Path, number: int, lines: list[bytes], refuse: Callable[[Refusal], None]
) -> list[bytes]:
    """The lines that are records; `number` lines stand before them."""
    if number == 0:
        lines[0] = lines[0].removeprefix(_BYTE_ORDER_MARK)
    fit = []
    for line in lines:
        number += 1
        if (
            _fits(path, number, line, refuse)
            and line
            and (line := line[:-1] if line[-1] == 13 else line)
        ):
            fit.append(line)
    return fit


def _fits(path: Path, number: int, line: bytes, refuse: Callable[[Refusal], None]) -> bool:
    if len(line) > MAX_LINE_BYTES:
        refuse(Refusal(path, number, len(line)))
        return False
    return True


def _chunks(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            yield from unpacked(path, file)
    except OSError as error:
        raise FeedError(f"{path}: cannot be read: {error.strerror or error}") from error


def unpacked(path: Path, file: BinaryIO) -> Iterator[bytes]:
    """The content of an open file, from its beginning; `path` is for messages.

    Raises:
        FeedError: its compression is broken; `CutOff`: it ends in the middle.
        OSError: it cannot be read.
    """
    head = file.read(4)
    if head[:2] == _GZIP:
        yield from _unpack(path, file, head, "gzip", _gzip)
    elif head == _ZSTD:
        yield from _unpack(path, file, head, "Zstandard", _zstandard)
    else:
        yield head
        while chunk := file.read(_PLAIN_CHUNK):
            yield chunk


def _gzip() -> _Unpacker:
    return zlib.decompressobj(31)


def _zstandard() -> _Unpacker:
    return zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW_BYTES).decompressobj()


def _unpack(
    path: Path, file: BinaryIO, head: bytes, kind: str, unpacker: Callable[[], _Unpacker]
) -> Iterator[bytes]:
    """Unpack member after member: both formats may be put together with `cat`."""
    unpack = unpacker()
    packed = head
    unpacked: list[bytes] = []
    size = 0
    while True:
        try:
            while packed:
                if unpack.eof:
                    unpack = unpacker()
                some, packed = packed[:_PIECE], packed[_PIECE:]
                piece = unpack.decompress(some)
                unpacked.append(piece)
                size += len(piece)
                packed = unpack.unused_data + packed if unpack.eof else packed
                if size >= _PLAIN_CHUNK:
                    yield b"".join(unpacked)
                    unpacked, size = [], 0
        except (zlib.error, zstandard.ZstdError) as error:
            yield b"".join(unpacked)
            raise FeedError(
                f"{path}: broken {kind} after the posts above: {error}; fetch the file again"
            ) from error
        packed = file.read(_PACKED_CHUNK)
        if not packed:
            break
    yield b"".join(unpacked)
    if not unpack.eof:
        raise CutOff(
            f"{path}: the {kind} file is cut off; every whole line before the cut was taken; "
            "fetch the file again"
        )
