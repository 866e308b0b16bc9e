"""Weibo's push over real, chunked answers: nothing is missing, and what is missing is told."""

import asyncio
import json
import random
import time
from collections import Counter
from functools import partial

import pytest

from feeds.live.connections import Timing
from feeds.live.source import Permanent
from feeds.live.weibo.feed import Weibo
from feeds.live.weibo.records import Lines
from kafka_io.settings import Settings
from schemas.feed import FeedState, GapReason
from schemas.post import PostEvent
from schemas.topics import POSTS_RAW
from sources.facts import facts_reader
from sources.parsing import parse
from tests.feeds.live.running import Running, gaps, position, raw_values, running, until
from tests.feeds.live.weibo_server import SUBSCRIPTION, WeiboServer, record, status
from tests.kafka_io.broker_log import committed

pytestmark = pytest.mark.embedded
NAME = f"weibo/{SUBSCRIPTION}"


def feed_of(server: WeiboServer, **options: object) -> Weibo:
    timing = Timing(connect_s=5.0, silence_s=2.0)
    return Weibo(
        SUBSCRIPTION,
        **{"address": server.url, "timing": timing, "stood_s": 0.05, **options},  # type: ignore[arg-type]
    )


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def recent() -> WeiboServer:
    """A server whose posts are of the last hour: their numbers are known."""
    return WeiboServer(first_ms=now_ms() - 3_600_000)


def numbers(values: list[bytes]) -> Counter[int]:
    """How often each post is there."""
    return Counter(json.loads(value)["text"]["status"]["id"] - 5_000_000 for value in values)


async def has_sent(feed: Running, posts: int) -> None:
    await until(lambda: feed.run.tally.posts >= posts, f"{posts} posts")


async def test_what_comes_is_sent_on_as_it_is(settings: Settings) -> None:
    server = recent()
    async with server.serving(), running(feed_of(server), settings) as feed:
        await until(lambda: feed.run.is_live)
        await server.add_posts(0, 3)
        await server.add(server.line_of(3, retweeted_status=status(900, server.at_ms(2))))
        comment = {"id": 7, "created_at": "Thu Nov 22 14:23:10 +0800 2012", "text": "给力"}
        await server.add(record(server._next, {"id": 5_000_000}, event="delete"))
        await server.add(record(server._next, comment, kind="comment"))
        await has_sent(feed, 5)
        await until(lambda: feed.value("leimo_feed_passed_total", reason="kind") == 1)
    records = [
        record for some in (await committed(settings, POSTS_RAW.name)).values() for record in some
    ]
    assert {each.value for each in records} == {line for _, line in server.kept[:5]}
    facts = facts_reader(feed.run.feed.source)
    assert {each.key for each in records} == {facts(each.value).key for each in records}
    read = [parse("weibo", each.value, now_ms()) for each in records]
    assert Counter(post.event for post in read) == {PostEvent.ADD: 4, PostEvent.DELETE: 1}
    assert sum(post.is_repost for post in read) == 1
    assert server.asked == [{"subid": str(SUBSCRIPTION)}]
    kept = await position(settings, NAME)
    assert (kept.position, kept.state) == (str(server.kept[-1][0]), FeedState.STOPPED)


async def test_comments_are_an_option(settings: Settings) -> None:
    server = recent()
    comment = {**status(1, server.at_ms(1)), "status": status(0, server.at_ms(0))}
    async with (
        server.serving(),
        running(feed_of(server, with_comments=True), settings) as run,
    ):
        await until(lambda: run.run.is_live)
        await server.add(record(server._next, comment, kind="comment"))
        await has_sent(run, 1)
    [value] = await raw_values(settings)
    assert parse("weibo", value, now_ms()).id == "comment:5000001"


async def test_statuses_without_an_envelope_are_read_and_move_nothing(settings: Settings) -> None:
    server = recent()
    async with server.serving(), running(feed_of(server), settings) as feed:
        await until(lambda: feed.run.is_live)
        await server.add_posts(0, 1)
        bare = json.dumps(status(1, server.at_ms(1))).encode()
        await server.add(bare)
        await has_sent(feed, 2)
    assert (await position(settings, NAME)).position == str(server.kept[0][0])
    assert bare in await raw_values(settings)


async def test_thirty_cuts_lose_nothing(settings: Settings) -> None:
    chance = random.Random(1)
    server = recent()
    server.cut_after = [chance.randrange(0, 60) for _ in range(30)]
    server.is_untidy = True
    async with server.serving(), running(feed_of(server), settings) as feed:
        sent = 0
        await until(lambda: feed.run.is_live)
        while server.cut_after:
            await server.add_posts(sent, 20)
            sent += 20
            await until(lambda: not server.cut_after or server.sent >= sent)  # noqa: B023
        await server.add_posts(sent, 10)
        sent += 10
        last = str(server.kept[-1][0])
        await until_at(settings, last)
    assert numbers(await raw_values(settings)) == Counter(range(sent))
    assert await gaps(settings) == []


async def until_at(settings: Settings, number: str) -> None:
    deadline = time.monotonic() + 60
    while (await position(settings, NAME)).position != number:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


async def test_answers_that_end_as_they_should_are_no_reconnects(settings: Settings) -> None:
    """Ten idle minutes in small: an answer that ends for want of records is asked for again."""
    server = recent()
    server.idle_s, server.stands_s = 0.1, 0.3
    async with server.serving(), running(feed_of(server), settings) as feed:
        await until(lambda: feed.run.is_live)
        await server.add_posts(0, 3)
        await until(lambda: server.connections > 12)
        for number in range(3, 40):
            await server.add_posts(number, 1)
            await asyncio.sleep(0.01)
        await has_sent(feed, 40)
        assert feed.run.is_live
        assert feed.value("leimo_feed_reconnects_total", reason="closed") == 0
    assert numbers(await raw_values(settings)) == Counter(range(40))
    assert await gaps(settings) == []


async def test_an_answer_that_ends_at_once_is_waited_for(settings: Settings) -> None:
    server = recent()
    server.idle_s = 0.0
    async with server.serving(), running(feed_of(server, stood_s=5.0), settings) as feed:
        await until(lambda: feed.value("leimo_feed_reconnects_total", reason="closed") >= 3)


async def test_it_goes_on_where_it_stopped(settings: Settings) -> None:
    server = recent()
    async with server.serving():
        async with running(feed_of(server), settings) as feed:
            await until(lambda: feed.run.is_live)
            await server.add_posts(0, 5)
            await has_sent(feed, 5)
        await server.add_posts(5, 300)
        async with running(feed_of(server), settings) as feed:
            await has_sent(feed, 300)
    assert server.asked[-1]["since_id"] == str(server.kept[4][0])
    assert numbers(await raw_values(settings)) == Counter(range(305))
    assert await gaps(settings) == []


async def test_a_number_that_is_too_old_is_a_gap_although_nobody_says_so(
    settings: Settings,
) -> None:
    """Only the last 100 records come, in silence."""
    server = WeiboServer(first_ms=now_ms() - 5 * 86_400_000)
    async with server.serving():
        async with running(feed_of(server), settings) as feed:
            await until(lambda: feed.run.is_live)
            await server.add_posts(0, 5)
            await has_sent(feed, 5)
        await server.add_posts(5, 300)
        server.floor = 250
        async with running(feed_of(server), settings) as feed:
            await has_sent(feed, 100)
    [gap] = await gaps(settings)
    assert gap.reason is GapReason.CURSOR_TOO_OLD
    seconds = [server.at_ms(number) // 1_000 * 1_000 for number in (4, 205)]
    assert [gap.from_ms, gap.to_ms] == seconds
    assert numbers(await raw_values(settings)).keys() == {*range(5), *range(205, 305)}


async def test_a_number_that_is_not_known_any_more_is_a_gap_where_something_lies_between(
    settings: Settings,
) -> None:
    server = recent()
    async with server.serving():
        async with running(feed_of(server), settings) as feed:
            await until(lambda: feed.run.is_live)
            await server.add_posts(0, 50)
            await has_sent(feed, 50)
        server.renumber(1_000)
        await server.add_posts(50, 20)
        async with running(feed_of(server), settings) as feed:  # all is among the last 100
            await has_sent(feed, 70)
        assert await gaps(settings) == []
        server.renumber(100)
        await server.add_posts(70, 300)
        async with running(feed_of(server), settings) as feed:
            await has_sent(feed, 100)
    [gap] = await gaps(settings)
    assert gap.from_ms == server.at_ms(69) // 1_000 * 1_000
    assert numbers(await raw_values(settings)).keys() == {*range(70), *range(270, 370)}


async def test_the_last_hundred_again_are_repeats(settings: Settings) -> None:
    """A subscription so quiet that its last record is older than three days."""
    server = WeiboServer(first_ms=now_ms() - 9 * 86_400_000)
    server.idle_s = 0.1
    async with server.serving(), running(feed_of(server), settings) as feed:
        await until(lambda: feed.run.is_live)
        await server.add_posts(0, 7)
        await has_sent(feed, 7)
        server.floor = len(server.kept)
        await until(lambda: feed.value("leimo_feed_passed_total", reason="repeat") > 20)
    assert numbers(await raw_values(settings)) == Counter(range(7))
    assert await gaps(settings) == []


async def test_times_that_go_back_are_no_gap(settings: Settings) -> None:
    server = recent()
    async with server.serving():
        for numbers_ in ((0, 40, 10), (30, 5, 41)):
            async with running(feed_of(server), settings) as feed:
                for number in numbers_:
                    await server.add_posts(number, 1)
                await has_sent(feed, 3)
    assert numbers(await raw_values(settings)).keys() == {0, 40, 10, 30, 5, 41}
    assert await gaps(settings) == []
    newest = (await position(settings, NAME)).event_time_ms
    assert newest == server.at_ms(41) // 1_000 * 1_000


async def test_records_that_cannot_be_read_cost_themselves_alone(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The position moves past them: they would come again and again."""
    monkeypatch.setattr("feeds.live.weibo.feed.MAX_LINE_BYTES", 1 << 16)
    server = recent()
    async with server.serving():
        async with running(feed_of(server), settings) as feed:
            await until(lambda: feed.run.is_live)
            await server.add(b"", b"no JSON", b"[" * 10_000, b'{"id": 7, "text": 7}', b"\xff\xfe")
            await server.add(server.line_of(0)[:-9])
            await server.add_posts(1, 1, text="x" * (1 << 17))
            await until(lambda: feed.value("leimo_feed_passed_total", reason="oversized") == 1)
            await until_at(settings, str(server.kept[-1][0]))
            await server.add_posts(2, 1)
            await has_sent(feed, 1)
            assert feed.value("leimo_feed_passed_total", reason="malformed") == 5
        assert server.connections == 1
    assert numbers(await raw_values(settings)) == Counter([2])
    assert await gaps(settings) == []


async def test_a_stream_of_nonsense_is_left(settings: Settings) -> None:
    server = recent()
    async with server.serving(), running(feed_of(server), settings) as feed:
        await until(lambda: feed.run.is_live)
        await server.add(*[b"<html>"] * 101)
        await until(lambda: feed.value("leimo_feed_reconnects_total", reason="protocol") >= 1)


async def test_a_service_that_accepts_and_says_nothing_is_left(settings: Settings) -> None:
    server = recent()
    server.is_mute = True
    timing = Timing(connect_s=5.0, silence_s=0.2)
    async with server.serving(), running(feed_of(server, timing=timing), settings) as run:
        await until(lambda: run.value("leimo_feed_reconnects_total", reason="stale") >= 1)
        server.is_mute = False
        server.drop_connections()
        await server.add_posts(0, 1)
        await has_sent(run, 1)


@pytest.mark.parametrize(
    ("status_code", "body", "said"),
    [
        (403, {"error": "Ip is limited", "error_code": 10004, "request": "/x"}, "Ip is limited"),
        (403, {"error": "auth by Null spi!", "error_code": "21301"}, "21301"),
        (200, {"error": "Ip is limited", "error_code": 10004}, "Ip is limited"),
        (404, "nothing here", "HTTP 404"),
    ],
)
async def test_a_refusal_is_the_end(
    settings: Settings, status_code: int, body: object, said: str
) -> None:
    server = recent()
    server.refusal = (status_code, body)
    async with server.serving():
        with pytest.raises(Permanent, match=said):
            async with running(feed_of(server), settings) as feed:
                await until(lambda: feed.run.contact.state is FeedState.STOPPED)


@pytest.mark.parametrize(
    ("status_code", "body", "reason"),
    [
        (403, {"error": "IP requests out of rate limit", "error_code": 10022}, "rate_limit"),
        (400, {"error": "System error", "error_code": 10001}, "refused"),
        (429, "slow down", "rate_limit"),
        (502, "<html>", "refused"),
    ],
)
async def test_what_may_be_better_later_is_asked_again(
    settings: Settings, status_code: int, body: object, reason: str
) -> None:
    server = recent()
    server.refusal = (status_code, body)
    async with server.serving(), running(feed_of(server), settings) as feed:
        await until(partial(is_told, feed, reason))
        server.refusal = None
        await server.add_posts(0, 1)
        await has_sent(feed, 1)


def is_told(feed: Running, reason: str) -> bool:
    return feed.value("leimo_feed_reconnects_total", reason=reason) >= 1


def test_lines_are_the_same_however_they_are_cut() -> None:
    lines = [b"", b"a" * 40, b"b" * 90, b"c", b"d" * 5_000]
    text = b"\r\n".join(lines) + b"\r\nrest"
    chance = random.Random(3)
    for _ in range(200):
        splitter, found, at = Lines(50), [], 0
        while at < len(text):
            step = chance.randrange(1, 60)
            found += splitter.take(text[at : at + step])
            at += step
        assert [line.content for line in found if line.is_whole] == [b"", b"a" * 40, b"c"]
        assert [line.content[:20] for line in found if not line.is_whole] == [b"b" * 20, b"d" * 20]


@pytest.mark.parametrize("address", ["http://c.api.weibo.com", "ftp://a", "https://a/b", "x"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="is no address"):
        Weibo(7, address=address)
