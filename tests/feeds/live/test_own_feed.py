"""What holds for any feed: the example of the page, gaps of what cannot go back, back-pressure."""

import asyncio
import os
import re
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncGenerator
from pathlib import Path

import orjson
import pytest
from aiohttp import web

from feeds.live.buffer import Buffer
from feeds.live.found import feed_of
from feeds.live.source import (
    Gap,
    Item,
    Opened,
    Passed,
    PassReason,
    Payload,
    Permanent,
    Resume,
)
from feeds.source import FeedError
from kafka_io.settings import Settings
from kafka_io.topic_admin import apply_topics
from schemas.feed import FeedState, GapReason
from schemas.post import Source
from tests.feeds.live.running import gaps, position, raw_values, running, until

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "feeds.md").read_text(encoding="utf-8")
EXAMPLE = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)


def post(number: int, created_at_ms: int = 1_790_000_000_000) -> dict[str, object]:
    return {"id": number, "text": "小米", "created_at": created_at_ms, "author": {"id": "u"}}


@pytest.mark.embedded
async def test_the_example_of_the_page_is_a_feed(settings: Settings, tmp_path: Path) -> None:
    """Installed as a package, run by the command, killed, and run again."""
    assert EXAMPLE
    posts = [post(number) for number in range(1, 31)]
    asked: list[int] = []

    async def new(request: web.Request) -> web.Response:
        after = int(request.query["after"])
        asked.append(after)
        while not (found := [each for each in posts if int(str(each["id"])) > after]):
            await asyncio.sleep(0.01)
        return web.json_response(found[:10])

    app = web.Application()
    app.add_routes([web.get("/new", new)])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    example = EXAMPLE[1].replace("https://forum.example", f"http://127.0.0.1:{port}")
    (tmp_path / "my_package.py").write_text(example, "utf-8")
    installed = tmp_path / "my_package-1.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: my-package\nVersion: 1\n")
    (installed / "entry_points.txt").write_text("[leimo.feeds]\nforum = my_package:make\n")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "LEIMO_PARTITIONS": "2"}
    try:
        for count in (30, 40):
            posts += [post(number) for number in range(len(posts) + 1, count + 1)]
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "leimo", "feed", "run", "forum", "--quiet"),
                *("--broker", settings.broker, "--set", "board=phones"),
                stdin=DEVNULL, stdout=DEVNULL, stderr=PIPE, env=environment,
            )  # fmt: skip
            try:
                while (await position(settings, "forum")).position != str(count):
                    await asyncio.sleep(0.05)
                    assert process.returncode is None, (await process.communicate())[1]
            finally:
                if process.returncode is None:
                    process.kill()
                await process.communicate()
    finally:
        await runner.cleanup()
    assert asked[0] == 0
    assert 30 in asked
    found = [orjson.loads(value)["id"] for value in await raw_values(settings)]
    assert sorted(found) == list(range(1, 41))


def test_a_feed_that_nobody_declares_is_named() -> None:
    with pytest.raises(FeedError, match=r"'nothing' is no feed of the entry points 'leimo.feeds'"):
        feed_of("nothing", {})


class Scripted:
    """A feed that yields what it is given, one list for each connection, and then waits."""

    name, source = "scripted", Source.LEIMO

    def __init__(self, *connections: list[Item | Exception]) -> None:
        self._connections = list(connections)
        self.resumed: list[Resume | None] = []

    async def stream(self, resume: Resume | None) -> AsyncGenerator[Item, None]:
        self.resumed.append(resume)
        for item in self._connections.pop(0) if self._connections else ():
            if isinstance(item, Exception):
                raise item
            yield item
        if not self._connections:
            await asyncio.Event().wait()


def payload(number: int, position: object = "", at_ms: int = 1_790_000_000_000) -> Payload:
    return Payload(orjson.dumps(post(number, at_ms)), position)


@pytest.mark.embedded
async def test_what_cannot_go_back_has_a_gap_for_each_absence(settings: Settings) -> None:
    first, later = 1_790_000_000_000, 1_790_000_060_000
    feed = Scripted([payload(1, at_ms=first)], [payload(2, at_ms=later), payload(3, at_ms=later)])
    async with running(feed, settings) as run:
        await until(lambda: run.run.tally.posts == 3)
    [gap] = await gaps(settings)
    assert (gap.from_ms, gap.to_ms, gap.reason) == (first, later, GapReason.NO_RESUME)
    assert feed.resumed == [None, Resume("", first)]


@pytest.mark.embedded
async def test_each_connection_goes_on_after_the_newest_item(settings: Settings) -> None:
    """Also before the broker has it; something without a position moves nothing."""
    feed = Scripted(
        [Opened("there", "start"), ConnectionResetError("cut")],
        [payload(1, "one"), Passed(PassReason.KIND, "two"), Passed(PassReason.MALFORMED)],
        [Opened("elsewhere", "again"), TimeoutError()],
        [payload(3, "three")],
    )  # fmt: skip
    async with running(feed, settings) as run:
        await until(lambda: run.run.tally.posts == 2)
        assert run.value("leimo_feed_reconnects_total", reason="connection") == 2
        assert run.value("leimo_feed_reconnects_total", reason="closed") == 1
    assert [resume and resume.position for resume in feed.resumed] == [None, "start", "two", "two"]
    kept = await position(settings, "scripted")
    assert (kept.position, kept.endpoint, kept.state) == ("three", "elsewhere", FeedState.STOPPED)
    assert await gaps(settings) == []


@pytest.mark.embedded
async def test_topics_with_a_prefix_are_those_of_this_deployment(settings: Settings) -> None:
    acme = settings.model_copy(update={"topic_prefix": "acme."})
    await apply_topics(acme)
    gap = Gap(1, 2_001, GapReason.NO_RESUME)
    for expected in (None, Resume("one", 1_790_000_000_000)):
        feed = Scripted([gap, payload(1, "one")])
        async with running(feed, acme) as run:
            await until(lambda run=run: run.run.tally.posts == 1)  # type: ignore[misc]
        assert feed.resumed == [expected]
    assert (len(await raw_values(acme)), len(await raw_values(settings))) == (2, 0)
    assert (len(await gaps(acme)), len(await gaps(settings))) == (1, 0)


@pytest.mark.embedded
async def test_what_came_before_the_end_of_a_feed_is_sent(settings: Settings) -> None:
    told = Gap(1, 2_001, GapReason.NO_RESUME, "\x1b[2J")
    feed = Scripted([payload(1, "one"), told, payload(2, "two"), Permanent("it is over")])
    with pytest.raises(Permanent, match="it is over"):
        async with running(feed, settings) as run:
            await until(lambda: run.run.contact.state is FeedState.STOPPED)
    assert run.value("leimo_feed_gap_seconds_total", reason="no_resume") == 2
    assert len(await raw_values(settings)) == 2
    assert (await position(settings, "scripted")).position == "two"
    assert [(gap.from_ms, gap.to_ms) for gap in await gaps(settings)] == [(1, 2_001)]


@pytest.mark.embedded
async def test_a_bug_of_a_feed_is_not_tried_again(settings: Settings) -> None:
    feed = Scripted([payload(1, "one"), KeyError("bug")])
    with pytest.raises(KeyError, match="bug"):
        async with running(feed, settings) as run:
            await until(lambda: run.run.contact.state is FeedState.STOPPED)
    assert (await position(settings, "scripted")).position == "one"


@pytest.mark.embedded
async def test_a_sample_is_one_of_authors_and_is_told(settings: Settings) -> None:
    """The others move the position on, and are counted."""
    posts = [
        Payload(orjson.dumps(post(number)), str(number), 1_790_000_000_000, b"a%d" % (number % 100))
        for number in range(400)
    ]
    async with running(Scripted(list(posts)), settings, sample=0.3) as run:
        await until(lambda: run.value("leimo_feed_passed_total", reason="sampled") > 200)
        await until(lambda: run.run.tally.posts >= 80)
        assert run.value("leimo_feed_sample_ratio") == 0.3
    taken = {orjson.loads(value)["id"] for value in await raw_values(settings)}
    authors = {number % 100 for number in taken}
    assert taken == {number for number in range(400) if number % 100 in authors}
    assert 20 <= len(authors) <= 40
    kept = await position(settings, "scripted")
    assert (kept.position, kept.sample) == ("399", 0.3)


async def test_a_full_buffer_waits_and_keeps_the_order() -> None:
    buffer = Buffer(max_items=3, max_bytes=1 << 20)
    putting = asyncio.create_task(_put(buffer, 10))
    taken: list[Item] = []
    while len(taken) < 10:
        assert len(buffer) <= 3
        taken += await buffer.take(2, 1.0)
    await putting
    assert taken == [payload(number) for number in range(10)]


async def test_a_buffer_is_bounded_by_bytes_too() -> None:
    buffer = Buffer(max_items=1_000, max_bytes=1_000)
    putting = asyncio.create_task(_put(buffer, 100))
    await until(lambda: len(buffer) > 0)
    await asyncio.sleep(0)
    assert len(buffer) < 10
    assert not putting.done()
    while not putting.done():
        await buffer.take(100, 0.01)


async def _put(buffer: Buffer, count: int) -> None:
    for number in range(count):
        await buffer.put(payload(number))


async def test_nothing_comes_out_of_a_closed_buffer_but_what_is_in_it() -> None:
    buffer = Buffer()
    await buffer.put(payload(1))
    buffer.close()
    assert await buffer.take(5, 60.0) == [payload(1)]
    assert await buffer.take(5, 60.0) == []
