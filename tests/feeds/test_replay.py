"""Replay: every line once and unchanged, at the right time, from every kind of file."""

import gzip
import json
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import zstandard

from feeds.replay import Replay
from feeds.source import DuePost, FeedError

NOW_MS = 1_800_000_000_000


def status(number: int, second: int) -> bytes:
    """A status of author `number % 3`, so many seconds after midnight in China."""
    clock = f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"
    return json.dumps(
        {"id": number, "text": f"第{number}条", "created_at": f"Sun Jan 02 {clock} +0800 2011",
         "user": {"id": 100 + number % 3}},
        ensure_ascii=False,
    ).encode()  # fmt: skip


LINES = [status(number, 10 * number) for number in range(50)]


def written(path: Path, lines: list[bytes] = LINES) -> Path:
    """The lines in the format that the name's ending says."""
    data = b"".join(line + b"\n" for line in lines)
    if path.suffix == ".gz":
        data = gzip.compress(data)
    elif path.suffix == ".zst":
        data = zstandard.compress(data)
    path.write_bytes(data)
    return path


def replayed(*files: Path, **plan: Any) -> list[DuePost]:
    return [post for batch in Replay(files=files, **plan).batches() for post in batch]


@pytest.mark.parametrize("name", ["posts.ndjson", "posts.ndjson.gz", "posts.ndjson.zst"])
def test_every_line_comes_once_in_order_and_unchanged(tmp_path: Path, name: str) -> None:
    posts = replayed(written(tmp_path / name), speed=float("inf"))
    assert [post.value for post in posts] == LINES
    assert [post.key for post in posts] == [b"%d" % (100 + number % 3) for number in range(50)]


def test_files_follow_each_other(tmp_path: Path) -> None:
    first, second = written(tmp_path / "a", LINES[:20]), written(tmp_path / "b.gz", LINES[20:])
    assert [post.value for post in replayed(first, second, speed=float("inf"))] == LINES


def test_a_line_that_is_no_json_is_sent_as_it_is(tmp_path: Path) -> None:
    lines = [LINES[0], b"no JSON at all", LINES[1]]
    posts = replayed(written(tmp_path / "posts", lines), speed=float("inf"))
    assert [post.value for post in posts] == lines


def test_posts_keep_their_own_pace_times_the_speed(tmp_path: Path) -> None:
    """Ten seconds apart, ten times as fast: due every second."""
    posts = replayed(written(tmp_path / "posts"), speed=10.0)
    assert [post.due_ms for post in posts] == [1000.0 * number for number in range(50)]


def test_silences_are_cut_to_the_longest_gap(tmp_path: Path) -> None:
    lines = [status(0, 0), status(1, 1), status(2, 7200), status(3, 7201)]
    posts = replayed(written(tmp_path / "posts", lines), speed=1.0, max_gap_s=10.0)
    assert [post.due_ms for post in posts] == [0, 1000, 11_000, 12_000]


def test_rebased_posts_begin_now_and_keep_everything_else(tmp_path: Path) -> None:
    posts = replayed(written(tmp_path / "posts"), speed=1.0, now_ms=NOW_MS)
    assert [post.event_time_ms for post in posts] == [NOW_MS + 10_000 * n for n in range(50)]
    for line, post in zip(LINES, posts, strict=True):
        before, after = json.loads(line), json.loads(post.value)
        assert before.pop("created_at") != after.pop("created_at")
        assert before == after


def test_pieces_together_are_the_whole_and_share_nothing(tmp_path: Path) -> None:
    file = written(tmp_path / "posts")
    pieces = [
        [post.value for post in replayed(file, speed=float("inf"), part=part, parts=3)]
        for part in (1, 2, 3)
    ]
    assert sorted(LINES) == sorted(chain.from_iterable(pieces))
    assert [len(piece) for piece in pieces] == [17, 17, 16]


def test_shuffled_posts_are_the_same_posts_displaced_by_less_than_asked(tmp_path: Path) -> None:
    file = written(tmp_path / "posts")
    posts = replayed(file, speed=float("inf"), shuffle_within_s=40.0, seed=3)
    places = [LINES.index(post.value) for post in posts]
    assert places != sorted(places)
    assert sorted(places) == list(range(50))
    assert all(abs(place - number) <= 4 for number, place in enumerate(places))
    again = replayed(file, speed=float("inf"), shuffle_within_s=40.0, seed=3)
    assert posts == again


def test_a_limit_ends_the_replay(tmp_path: Path) -> None:
    assert len(replayed(written(tmp_path / "posts"), speed=float("inf"), limit=7)) == 7


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FeedError, match="nowhere"):
        replayed(tmp_path / "nowhere", speed=float("inf"))


@pytest.mark.parametrize("name", ["posts.gz", "posts.zst"])
def test_a_truncated_file_is_named_after_what_could_be_read(tmp_path: Path, name: str) -> None:
    file = written(tmp_path / name, LINES * 200)
    file.write_bytes(file.read_bytes()[:-20])
    posts: list[DuePost] = []
    with pytest.raises(FeedError, match=name):
        _collect(posts, file)
    assert [post.value for post in posts] == (LINES * 200)[: len(posts)]


def _collect(posts: list[DuePost], file: Path) -> None:
    for batch in Replay(files=[file], speed=float("inf")).batches():
        posts += batch
