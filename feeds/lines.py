"""Lines of a file or of standard input, in batches, as soon as they are there."""

import gzip
import io
import select
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol, cast

import zstandard

from feeds.files import MAX_WINDOW_BYTES

MAX_LINE_BYTES = 1 << 20
"""A longer line is measured, not kept."""
MAX_BATCH_LINES = 2048
_CHUNK_BYTES = 1 << 18
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class BrokenInput(RuntimeError):  # noqa: N818 - named for what it is
    """The input cannot be read, or its compression is damaged; lines before were yielded."""


class TooLong(NamedTuple):
    """Stands for a line of more than `MAX_LINE_BYTES`."""

    bytes: int


Line = bytes | TooLong


class _Reader(Protocol):
    def read1(self, size: int, /) -> bytes: ...


class LineSplitter:
    r"""Splits chunks at line feeds alone; a carriage return before one belongs to the line end.

    >>> splitter = LineSplitter()
    >>> splitter.feed(b"one\r\ntw"), splitter.feed(b"o\n\n"), splitter.end()
    ([b'one'], [b'two', b''], [])
    """

    def __init__(self, max_line_bytes: int = MAX_LINE_BYTES) -> None:
        self._max = max_line_bytes
        self._rest: list[bytes] = []
        self._size = 0

    def feed(self, chunk: bytes) -> list[Line]:
        """The lines that end in `chunk`."""
        pieces = chunk.split(b"\n")
        last = pieces.pop()
        lines: list[Line] = []
        if pieces:
            self._keep(pieces[0])
            lines.append(self._take())
            lines += [self._line(piece, len(piece)) for piece in pieces[1:]]
        self._keep(last)
        return lines

    def end(self) -> list[Line]:
        """The last line, where it does not end in a line feed."""
        return [self._take()] if self._size else []

    def _keep(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._size > self._max + 1:  # with room for a carriage return
            self._rest.clear()
        elif piece:
            self._rest.append(piece)

    def _take(self) -> Line:
        line, size = b"".join(self._rest), self._size
        self._rest, self._size = [], 0
        return self._line(line, size)

    def _line(self, line: bytes, size: int) -> Line:
        line = line.removesuffix(b"\r")
        return TooLong(size) if max(len(line), size - 1) > self._max else line


def read_batches(path: Path | None) -> Iterator[list[Line]]:
    """Lines of `path` (None or `-`: standard input), in lists of at most `MAX_BATCH_LINES`.

    Plain, gzip and Zstandard are told apart by content. What a pipe or a terminal has at hand
    makes a batch: nothing that was read waits for what is still to come.

    Raises:
        BrokenInput: the message names the file.
    """
    name = "standard input" if path is None or str(path) == "-" else str(path)
    try:
        with _opened(path) as file:
            yield from _batches(file)
    except BrokenPipeError:
        raise
    except (OSError, EOFError, zlib.error, zstandard.ZstdError) as error:
        detail = getattr(error, "strerror", None) or str(error)
        raise BrokenInput(f"{name}: cannot be read: {detail}") from None


def _opened(path: Path | None) -> io.BufferedReader:
    # Unbuffered below, so that `peek` and `read1` each wait for one read and no more.
    if path is None or str(path) == "-":
        return io.BufferedReader(io.FileIO(0, closefd=False), _CHUNK_BYTES)
    return io.BufferedReader(io.FileIO(path), _CHUNK_BYTES)


def _batches(file: io.BufferedReader) -> Iterator[list[Line]]:
    splitter = LineSplitter()
    reader = _unpacked(file)
    is_first = True
    lines: list[Line] = []
    while chunk := reader.read1(_CHUNK_BYTES):
        if is_first:
            chunk, is_first = chunk.removeprefix(_BYTE_ORDER_MARK), False
        lines += splitter.feed(chunk)
        while len(lines) >= MAX_BATCH_LINES or (lines and not _has_more(file)):
            yield lines[:MAX_BATCH_LINES]
            lines = lines[MAX_BATCH_LINES:]
    if lines := lines + splitter.end():
        yield lines


def _unpacked(file: io.BufferedReader) -> _Reader:
    head = file.peek(len(_ZSTD))
    if head.startswith(_GZIP):
        return gzip.GzipFile(fileobj=cast(BinaryIO, file))
    if head.startswith(_ZSTD):
        reader = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW_BYTES).stream_reader(
            file, read_across_frames=True
        )
        return cast(_Reader, reader)
    return file


def _has_more(file: io.BufferedReader) -> bool:
    """Whether a read returns at once; the end of a file counts as well."""
    return bool(select.select([file], [], [], 0)[0])
