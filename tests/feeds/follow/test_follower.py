"""Followed files: growing, rotated, packed, cut off, replaced; nothing skipped, little repeated."""

import asyncio
import gzip
import json
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest
import zstandard

from feeds.columns import CRAWLERS
from feeds.follow import forms, found
from feeds.follow.follower import Follower
from feeds.follow.forms import PostsOf, Unreadable
from feeds.positions import FilePositions
from feeds.publish import Tally
from feeds.source import DuePost, FeedError
from schemas.post import Source

POSTS = PostsOf(Source.WEIBO)
TABLES = PostsOf(Source.WEIBO, CRAWLERS["weibo-crawler"])


def line(number: int, size: int = 10) -> bytes:
    fields = {"id": number, "text": "好" * size, "created_at": "刚刚", "user": {"id": 5}}
    return json.dumps(fields, ensure_ascii=False).encode() + b"\n"


def lines(*numbers: int) -> bytes:
    return b"".join(map(line, numbers))


class Kept:
    """A sink that is safe at `flush`, and can be made to fail."""

    unacknowledged_posts = 0

    def __init__(self) -> None:
        self.safe: list[bytes] = []
        self._sent: list[bytes] = []
        self.fails = False

    async def send(self, posts: Sequence[DuePost], received_at_ms: int) -> None:
        self._sent += [post.value for post in posts]

    async def flush(self) -> None:
        if self.fails:
            raise ConnectionError
        self.safe += self._sent
        self._sent.clear()

    @property
    def ids(self) -> list[Any]:
        return [json.loads(value)["id"] for value in self.safe]


async def followed(
    root: Path, positions: Path, *, posts_of: PostsOf = POSTS, sink: Kept | None = None
) -> list[Any]:
    """Ids of the posts of one run that ends when all was read."""
    sink = sink or Kept()
    async with FilePositions(positions) as kept:
        follower = Follower(root, posts_of, kept, once=True)
        await follower.run(sink, Tally(), asyncio.Event())
    return sink.ids


@pytest.fixture
def at(tmp_path: Path) -> Path:
    return tmp_path / "positions.json"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "files"
    made.mkdir()
    return made


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes, ".gz": gzip.compress, ".zst": zstandard.compress,
}  # fmt: skip


@pytest.mark.parametrize("ending", PACKERS)
async def test_each_run_gives_what_is_new(folder: Path, at: Path, ending: str) -> None:
    file, pack = folder / f"posts{ending}", PACKERS[ending]
    file.write_bytes(pack(lines(1, 2)))
    assert await followed(file, at) == [1, 2]
    assert await followed(file, at) == []
    with file.open("ab") as more:
        more.write(pack(lines(3)))
    assert await followed(file, at) == [3]
    assert await followed(folder, at) == [1, 2, 3]  # another feed, with a position of its own


async def test_half_a_line_waits_for_its_rest(folder: Path, at: Path) -> None:
    file, sink, stop = folder / "posts", Kept(), asyncio.Event()
    whole = lines(1, 2)
    file.write_bytes(whole[:-20])
    async with FilePositions(at) as kept:
        running = asyncio.create_task(
            Follower(file, POSTS, kept, look_s=0.01).run(sink, Tally(), stop)
        )
        await until(lambda: sink.ids == [1])
        with file.open("ab") as more:
            more.write(whole[-20:-1])
        await until(lambda: sink.ids == [1, 2])  # whole JSON, without the end of the line
        with file.open("ab") as more:
            more.write(b"\n" + line(3))
        await until(lambda: sink.ids == [1, 2, 3])
        stop.set()
        await running


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.005)


async def test_a_file_is_followed_through_its_rotation(folder: Path, at: Path) -> None:
    file = folder / "posts.ndjson"
    file.write_bytes(lines(1, 2))
    assert await followed(file, at) == [1, 2]
    with file.open("ab") as more:
        more.write(lines(3))
    file.rename(folder / "posts.ndjson.1")
    old = folder / "posts.ndjson.7"  # was never followed
    old.write_bytes(lines(90))
    os.utime(old, (1_600_000_000, 1_600_000_000))
    (folder / "posts.ndjson2").write_bytes(lines(91))  # another file
    (folder / "posts.ndjson.0").write_bytes(lines(4))  # written and renamed while nobody looked
    os.utime(folder / "posts.ndjson.0", (time.time() + 1, time.time() + 1))
    file.write_bytes(lines(5))
    assert sorted(await followed(file, at)) == [3, 4, 5]
    assert await followed(file, at) == []


@pytest.mark.parametrize("is_folder", [True, False])
async def test_what_was_packed_by_the_rotation_is_not_sent_again(
    folder: Path, at: Path, is_folder: bool
) -> None:
    file = folder / "posts.ndjson"
    many = b"".join(line(number, 100) for number in range(30))
    file.write_bytes(many)
    root = folder if is_folder else file
    assert await followed(root, at) == list(range(30))
    (folder / "posts.ndjson.1.gz").write_bytes(gzip.compress(many + line(30)))
    file.unlink()
    file.write_bytes(lines(40))
    assert sorted(await followed(root, at)) == [30, 40]


async def test_a_file_that_was_cut_or_replaced_is_read_from_its_beginning(
    folder: Path, at: Path
) -> None:
    file = folder / "posts"
    file.write_bytes(lines(1, 2, 3))
    assert await followed(file, at) == [1, 2, 3]
    file.write_bytes(lines(4))  # the same inode, as `copytruncate` does
    assert await followed(file, at) == [4]
    file.write_bytes(lines(5, 6, 7, 8))
    assert await followed(file, at) == [5, 6, 7, 8]


HEADER = "id,正文,日期,源微博id,源微博正文\n"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
async def test_a_table_grows_row_by_row(folder: Path, at: Path, encoding: str) -> None:
    file = folder / "1669879400.csv"
    first = HEADER + '1\t,"第一行\n第二行，""引号""",2022-11-18,,\n2,好,2022-11-18,,\n'
    file.write_bytes(first.encode(encoding))
    sink = Kept()
    assert await followed(folder, at, posts_of=TABLES, sink=sink) == ["1", "2"]
    assert json.loads(sink.safe[0])["text"] == '第一行\n第二行，"引号"'
    with file.open("ab") as more:
        more.write((HEADER + "3,华为,2022-11-18,,\n").encode(encoding.removesuffix("-sig")))
    assert await followed(folder, at, posts_of=TABLES) == ["3"]


async def test_a_row_that_is_not_whole_waits(folder: Path, at: Path) -> None:
    file, sink, stop = folder / "1.csv", Kept(), asyncio.Event()
    file.write_text(HEADER + '1,好,2022-11-18,,\n2,"第一行\n')
    async with FilePositions(at) as kept:
        running = asyncio.create_task(
            Follower(file, TABLES, kept, look_s=0.01).run(sink, Tally(), stop)
        )
        await until(lambda: sink.ids == ["1"])
        with file.open("a") as more:
            more.write('第二行",2022-11-18,,\n3,"a')
        await until(lambda: sink.ids == ["1", "2"])
        stop.set()
        await running
    assert json.loads(sink.safe[1])["text"] == "第一行\n第二行"
    with file.open("a") as more:
        more.write('b",2022-11-18,,\n')
    assert await followed(file, at, posts_of=TABLES) == ["3"]


async def test_tables_with_one_header_are_not_taken_for_each_other(folder: Path, at: Path) -> None:
    header = HEADER.strip() + "".join(f",column{number}" for number in range(40)) + "\n"
    (folder / "1.csv").write_text(header)
    assert await followed(folder, at, posts_of=TABLES) == []
    for name in ("1.csv", "2.csv"):
        (folder / name).write_text(f"{header}{name[0]},好,2022-11-18,,\n")
    assert sorted(await followed(folder, at, posts_of=TABLES)) == ["1", "2"]


async def test_a_document_that_its_crawler_writes_anew_gives_the_new_posts(
    folder: Path, at: Path
) -> None:
    file = folder / "posts.json"
    archive = {"user": {"id": 5}, "weibo": [json.loads(line(1)), json.loads(line(2))]}
    file.write_text(json.dumps(archive, indent=1, ensure_ascii=False))
    assert await followed(file, at) == [1, 2]
    archive["weibo"].append(json.loads(line(3)))  # type: ignore[attr-defined]
    whole = json.dumps(archive, indent=1, ensure_ascii=False)
    new = folder / ".new"
    new.write_text(whole)
    new.replace(file)
    assert await followed(file, at) == [3]
    file.write_text(json.dumps([json.loads(line(9))]))
    assert await followed(file, at) == [9]
    file.write_text(whole[:-5])
    with pytest.raises(Unreadable, match="not whole"):
        await followed(file, at)


async def test_mapped_json_of_a_crawler_is_read(folder: Path, at: Path) -> None:
    notes = [{"note_id": "5", "content": "华为", "create_time": 1668738030, "user_id": "3"}]
    (folder / "search_contents.json").write_text(json.dumps(notes))
    (folder / "search_contents.jsonl").write_text(json.dumps(notes[0] | {"note_id": "6"}) + "\n")
    posts_of = PostsOf(Source.WEIBO, CRAWLERS["mediacrawler"])
    assert sorted(await followed(folder, at, posts_of=posts_of)) == ["5", "6"]


async def test_what_holds_no_posts_is_named(folder: Path, at: Path) -> None:
    readme = folder / "readme.txt"
    readme.write_text("no post\n" * 20)
    with pytest.raises(FeedError, match=r"readme\.txt: none of its first 20 lines.*--source"):
        await followed(readme, at)
    (folder / "a.csv").write_text("x,y\n1,2\n")
    with pytest.raises(FeedError, match="--as CRAWLER"):
        await followed(folder / "a.csv", at)
    with pytest.raises(FeedError, match="none of the columns"):
        await followed(folder / "a.csv", at, posts_of=TABLES)
    (folder / "posts").write_bytes(lines(1))
    assert await followed(folder, at) == [1]  # beside files that hold none


async def test_a_folder_is_followed_with_what_comes_into_it(folder: Path, at: Path) -> None:
    sink, stop = Kept(), asyncio.Event()
    async with FilePositions(at) as kept:
        running = asyncio.create_task(
            Follower(folder, POSTS, kept, look_s=0.01).run(sink, Tally(), stop)
        )
        (folder / "below").mkdir()
        (folder / "below/a").write_bytes(lines(1))
        await until(lambda: sink.ids == [1])
        (folder / "below/.hidden").write_bytes(lines(90))
        (folder / "b.tmp").write_bytes(lines(91))
        os.mkfifo(folder / "pipe")
        (folder / "b").write_bytes(lines(2))
        await until(lambda: sink.ids == [1, 2])
        stop.set()
        await running


async def test_positions_are_those_of_posts_that_are_safe(folder: Path, at: Path) -> None:
    file = folder / "posts"
    file.write_bytes(lines(1, 2))
    sink = Kept()
    sink.fails = True
    with pytest.raises(ConnectionError):
        await followed(file, at, sink=sink)
    assert await followed(file, at) == [1, 2]


async def test_a_line_that_no_record_can_hold_is_left_out(folder: Path, at: Path) -> None:
    file = folder / "posts"
    file.write_bytes(line(1) + b"x" * (9 << 20) + b"\n" + line(2))
    assert await followed(file, at) == [1, 2]
    assert await followed(file, at) == []


async def test_a_quote_that_is_never_closed_costs_its_row_alone(
    folder: Path, at: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forms, "MAX_ROW_BYTES", 10_000)
    rows = "".join(f"{number},好,2022-11-18,,\n" for number in range(2, 2_000))
    (folder / "1.csv").write_text(f'{HEADER}1,"好,2022-11-18,,\n{rows}')
    sink, stop = Kept(), asyncio.Event()
    async with FilePositions(at) as kept:
        follower = Follower(folder, TABLES, kept, look_s=0.01)
        running = asyncio.create_task(follower.run(sink, Tally(), stop))
        await until(lambda: len(sink.ids) == 1_998)
        stop.set()
        await running
    assert sink.ids == [str(number) for number in range(2, 2_000)]


async def test_too_many_files_are_refused(
    folder: Path, at: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(found, "MAX_FILES", 3)
    for number in range(4):
        (folder / str(number)).write_bytes(lines(number))
    with pytest.raises(FeedError, match="holds 4 files; 3 are the most"):
        await followed(folder, at)


async def test_positions_are_for_one_process(at: Path) -> None:
    async with FilePositions(at):
        with pytest.raises(FeedError, match="another process"):
            async with FilePositions(at):
                pass


def test_a_file_that_holds_no_positions_is_named(folder: Path, at: Path) -> None:
    at.write_text("nonsense")
    with pytest.raises(FeedError, match="is no file of positions"):
        asyncio.run(followed(folder, at))


@pytest.mark.parametrize("seed", range(8))
async def test_a_writer_and_restarts_at_any_moment(folder: Path, at: Path, seed: int) -> None:
    """Appends of any size, rotations, runs in between: each post once, in order."""
    draw = Random(seed)
    file = folder / "posts"
    written, number, got = b"", 0, []
    for _ in range(40):
        for _ in range(draw.randrange(4)):
            written += line(number, draw.randrange(300))
            number += 1
        size = draw.randrange(len(written) + 1)
        with file.open("ab") as more:
            more.write(written[:size])
        written = written[size:]
        if draw.random() < 0.2 and not written:
            file.rename(folder / f"posts.{number}")
        if file.exists():
            got += await run_some(file, at, draw)
    with file.open("ab") as more:
        more.write(written)
    got += await followed(file, at)
    assert got == list(range(number))


async def run_some(file: Path, at: Path, draw: Random) -> list[Any]:
    """A run that looks a few times, and is stopped."""
    sink, stop = Kept(), asyncio.Event()
    async with FilePositions(at) as kept:
        follower = Follower(file, POSTS, kept, look_s=0.001)
        running = asyncio.create_task(follower.run(sink, Tally(), stop))
        for _ in range(draw.randrange(20)):
            await asyncio.sleep(0)
        stop.set()
        await running
    return sink.ids
