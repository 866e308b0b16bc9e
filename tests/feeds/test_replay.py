"""Replay: every line once and unchanged, at the right time, from every kind of file."""

import gzip
import json
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import zstandard

from feeds import files
from feeds.replay import Replay
from feeds.source import DuePost, FeedError
from schemas.post import Source

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


BARE = [json.loads(line) for line in LINES[:3]]
USER = {"id": 1669879400, "screen_name": "zaku"}
FLAT = [{key: value for key, value in post.items() if key != "user"} for post in BARE]


@pytest.mark.parametrize(
    ("wrapper", "expected"),
    [
        ({"ok": 1, "data": BARE[0]}, BARE[:1]),
        ({"mblog": BARE[0]}, BARE[:1]),
        ({"statuses": BARE, "total_number": 3}, BARE),
        ({"ok": 1, "data": {"statuses": BARE}}, BARE),
        ({"ok": 1, "data": {"list": BARE, "since_id": "5"}}, BARE),
        (
            {"ok": 1, "data": {"cards": [
                {"card_type": 9, "mblog": BARE[0]}, {"card_type": 11, "desc": "an advertisement"},
                {"card_type": 11, "card_group": [{"mblog": BARE[1]}, {"title": "a heading"}]},
            ]}},
            BARE[:2],
        ),
        ({"user": USER, "weibo": FLAT}, [{"user": USER} | post for post in FLAT]),
        ({"user": USER, "weibo": [BARE[0], FLAT[1]]}, [BARE[0], {"user": USER} | FLAT[1]]),
        (BARE, BARE),
        ([{"mblog": BARE[0]}, BARE[1], 7], [*BARE[:2], 7]),  # 7 is refused by the worker
    ],
)  # fmt: skip
@pytest.mark.parametrize("speed", [float("inf"), 10.0])
def test_posts_in_a_wrapper_are_records_of_their_own(
    tmp_path: Path, wrapper: Any, expected: list[Any], speed: float
) -> None:
    line = json.dumps(wrapper, ensure_ascii=False).encode()
    posts = replayed(written(tmp_path / "posts", [LINES[9], line, LINES[8]]), speed=speed)
    assert [json.loads(post.value) for post in posts[1:-1]] == expected
    assert (posts[0].value, posts[-1].value) == (LINES[9], LINES[8])
    assert posts[1].key == str(expected[0]["user"]["id"]).encode()


@pytest.mark.parametrize("indent", [1, 4])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_an_archive_over_many_lines_is_a_record_a_post(
    tmp_path: Path, indent: int, end: bytes
) -> None:
    """As crawlers write it: an object of a user and the user's posts, indented."""
    archive = json.dumps({"user": USER, "weibo": FLAT}, ensure_ascii=False, indent=indent).encode()
    file = tmp_path / "1669879400.json"
    file.write_bytes(archive.replace(b"\n", end))
    posts = replayed(file, speed=float("inf"))
    assert [json.loads(post.value) for post in posts] == [{"user": USER} | post for post in FLAT]
    assert {post.key for post in posts} == {b"1669879400"}


def test_json_over_many_lines_without_posts_is_sent_line_by_line(tmp_path: Path) -> None:
    lines = [b"{", b'"a": 1', b"}", LINES[0]]
    posts = replayed(written(tmp_path / "posts", lines), speed=float("inf"))
    assert [post.value for post in posts] == lines


def test_an_archive_that_is_too_large_for_the_memory_is_named_with_what_mends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "MAX_DOCUMENT_BYTES", 100_000)
    file = tmp_path / "archive.json"
    many = [FLAT[0] | {"text": "好" * 1000}] * 1000
    file.write_text(json.dumps({"user": USER, "weibo": many}, indent=1))
    with pytest.raises(FeedError, match=r"archive\.json.*jq -c"):
        replayed(file, speed=float("inf"))


@pytest.mark.parametrize(
    "line",
    [b'{"ok":0,"msg":"nothing here"}', b'{"ok":1,"data":{"cards":[]}}', b"[]", b'{"data":[1'],
)
def test_a_wrapper_without_posts_is_sent_as_it_is(tmp_path: Path, line: bytes) -> None:
    """The worker says what it is: nothing vanishes."""
    posts = replayed(written(tmp_path / "posts", [LINES[0], line]), speed=float("inf"))
    assert [post.value for post in posts] == [LINES[0], line]


def test_the_author_of_a_flat_status_is_its_key(tmp_path: Path) -> None:
    flat = [{"id": 5, "user_id": 77, "text": "a", "created_at": "2019年02月04日 10:48"}]
    lines = [json.dumps(post, ensure_ascii=False).encode() for post in flat]
    (post,) = replayed(written(tmp_path / "posts", lines), speed=1.0)
    assert (post.key, post.event_time_ms) == (b"77", 1_549_248_480_000)
    (moved,) = replayed(written(tmp_path / "posts", lines), speed=1.0, now_ms=NOW_MS)
    assert json.loads(moved.value)["created_at"] == "Fri Jan 15 16:00:00 +0800 2027"


def test_a_frame_of_jetstream_is_keyed_by_its_author(tmp_path: Path) -> None:
    frame = {
        "$type": "message",
        "payload": {"did": "did:plc:a", "time": "2026-08-27T16:34:46.203Z"},
    }
    file = written(tmp_path / "posts", [json.dumps(frame).encode()])
    (post,) = replayed(file, source=Source.JETSTREAM, speed=1.0)
    assert (post.key, post.event_time_ms) == (b"did:plc:a", 1_787_848_486_203)


def test_a_frame_of_jetstream_is_moved_as_a_whole(tmp_path: Path) -> None:
    at = {"time": "2026-08-27T16:34:46.203833Z", "witnessedAt": "2026-08-27T16:34:46.203834Z"}
    record = {"text": "a", "createdAt": "2026-08-27T16:34:46.000Z"}
    frame = {"$type": "message", "payload": {"did": "did:plc:a", "record": record} | at}
    file = written(tmp_path / "posts", [json.dumps(frame).encode()])
    (post,) = replayed(file, source=Source.JETSTREAM, speed=1.0, now_ms=NOW_MS)
    moved = json.loads(post.value)["payload"]
    times = [moved["time"], moved["witnessedAt"], moved["record"]["createdAt"]]
    assert [text[:19] for text in times] == ["2027-01-15T08:00:00"] * 2 + ["2027-01-15T07:59:59"]


def test_an_envelope_of_mastodon_is_keyed_by_the_author_of_its_status(tmp_path: Path) -> None:
    status = {"id": "5", "account": {"id": "9"}, "created_at": "2026-08-27T16:34:46.203Z"}
    lines = [
        json.dumps({"event": "update", "payload": json.dumps(status)}).encode(),
        b'{"event":"delete","payload":"5"}',
    ]
    posts = replayed(written(tmp_path / "posts", lines), source=Source.MASTODON, speed=1.0)
    assert [(post.key, post.event_time_ms) for post in posts] == [
        (b"9", 1_787_848_486_203),
        (b"", 0),
    ]


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
