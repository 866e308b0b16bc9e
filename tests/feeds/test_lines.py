"""Lines come out as they stand in the file, whatever the chunks and the packing."""

import gzip
import os
import threading
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from feeds.lines import MAX_BATCH_LINES, BrokenInput, Line, LineSplitter, TooLong, read_batches

content = st.lists(
    st.sampled_from([b"\n", b"\r", b"\r\n", b"a", b"\xe2\x80\xa8", b"\x0c", b"\x85", b"bb"]),
    max_size=40,
).map(b"".join)


def expected_lines(whole: bytes, limit: int) -> list[Line]:
    """The rule again, on the whole: \\n ends a line, a \\r before the end is part of the end."""
    pieces = whole.split(b"\n")
    if pieces[-1] == b"":
        pieces.pop()
    lines: list[Line] = []
    for piece in pieces:
        line = piece[:-1] if piece.endswith(b"\r") else piece
        lines.append(TooLong(len(piece)) if len(line) > limit else line)
    return lines


@given(content, st.lists(st.integers(0, 60)), st.integers(1, 6))
def test_chunks_do_not_change_lines(whole: bytes, cuts: list[int], limit: int) -> None:
    splitter = LineSplitter(max_line_bytes=limit)
    edges = [0, *sorted(min(cut, len(whole)) for cut in cuts), len(whole)]
    found: list[Line] = []
    for start, end in pairwise(edges):
        found += splitter.feed(whole[start:end])
    found += splitter.end()
    assert found == expected_lines(whole, limit)


def all_lines(path: Path) -> list[Line]:
    return [line for batch in read_batches(path) for line in batch]


@pytest.mark.parametrize("name", ["plain", "gzip", "two gzip members", "zstd", "two zstd frames"])
def test_packing_is_told_by_content(tmp_path: Path, name: str) -> None:
    halves = [b"\n".join(b"%d" % n for n in range(start, start + 5000)) for start in (0, 5000)]
    halves[0] += b"\n"
    pack = zstandard.ZstdCompressor().compress
    packed = {
        "plain": b"".join(halves),
        "gzip": gzip.compress(b"".join(halves)),
        "two gzip members": b"".join(map(gzip.compress, halves)),
        "zstd": pack(b"".join(halves)),
        "two zstd frames": b"".join(map(pack, halves)),
    }[name]
    path = tmp_path / "posts"
    path.write_bytes(packed)
    assert all_lines(path) == [b"%d" % number for number in range(10_000)]
    assert max(map(len, read_batches(path))) <= MAX_BATCH_LINES


def test_a_byte_order_mark_is_no_part_of_the_first_line(tmp_path: Path) -> None:
    path = tmp_path / "posts"
    path.write_bytes("\ufeff小米\n\ufeff华为".encode())
    assert all_lines(path) == ["小米".encode(), "\ufeff华为".encode()]


@pytest.mark.parametrize(
    "damage",
    [
        gzip.compress(b"one\n" * 100_000)[:-200],
        gzip.compress(b"one\n")[:-8] + b"\x00" * 8,
        zstandard.ZstdCompressor().compress(b"one\n" * 100)[:8] + b"\xff" * 20,
    ],
    ids=["cut gzip", "wrong check of a gzip", "wrong zstd"],
)
def test_damaged_packing_is_named(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "posts.packed"
    path.write_bytes(damage)
    with pytest.raises(BrokenInput, match=r"posts\.packed: cannot be read: \w+"):
        all_lines(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BrokenInput, match=r"nowhere: cannot be read: No such file"):
        all_lines(tmp_path / "nowhere")


def test_what_a_pipe_has_at_hand_is_yielded_before_the_rest_comes(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    first_seen = threading.Event()

    def write() -> None:
        with path.open("wb", buffering=0) as pipe:
            pipe.write(b"one\ntw")
            assert first_seen.wait(10)
            pipe.write(b"o\n")

    writer = threading.Thread(target=write)
    writer.start()
    batches: Iterator[list[Line]] = read_batches(path)
    assert next(batches) == [b"one"]
    first_seen.set()
    assert [line for batch in batches for line in batch] == [b"two"]
    writer.join()


def test_a_line_that_is_too_long_is_measured_and_not_kept(
    tmp_path: Path,
) -> None:
    path = tmp_path / "posts"
    path.write_bytes(b"x" * 5_000_000 + b"\nok\n")
    assert all_lines(path) == [TooLong(5_000_000), b"ok"]
