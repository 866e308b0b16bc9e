"""Mastodon over real connections: what is streamed is sent on, what was missed is asked for."""

import json
import random
import time
from functools import partial

import pytest

from feeds.live.connections import Timing
from feeds.live.mastodon.feed import Mastodon
from feeds.live.source import Permanent
from kafka_io.settings import Settings
from schemas.feed import FeedState, GapReason
from schemas.post import PostEvent
from schemas.topics import POSTS_RAW
from sources.parsing import parse
from streams.metrics import FeedMetrics
from tests.feeds.live.mastodon_server import TOKEN, MastodonServer, status
from tests.feeds.live.running import Running, gaps, has_value, position, raw_values, running, until
from tests.kafka_io.broker_log import committed

pytestmark = pytest.mark.embedded
QUICK = Timing(connect_s=5.0, heartbeat_s=0.5, silence_s=0.5)
SOCKET, EVENTS = True, False


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def contents(values: list[bytes]) -> set[str]:
    """Texts of the statuses, in envelopes or not."""
    found = set()
    for value in values:
        given = json.loads(value)
        if "payload" in given:
            given = json.loads(given["payload"])
        found.add(given["content"])
    return found


def texts(first: int, count: int) -> set[str]:
    return {f"<p>小米手机真好用 {number}</p>" for number in range(first, first + count)}


async def is_up(feed: Running, server: MastodonServer) -> None:
    await until(lambda: feed.run.is_live and server.streams > 0)


async def has_sent(feed: Running, posts: int) -> None:
    await until(lambda: feed.run.tally.posts >= posts, f"{posts} posts")


@pytest.mark.parametrize("has_websocket", [SOCKET, EVENTS])
async def test_posts_edits_and_deletions_are_read_downstream(
    settings: Settings, has_websocket: bool
) -> None:
    server = MastodonServer()
    server.has_websocket = has_websocket
    at_ms = now_ms() - 5_000
    async with (
        server.serving(),
        running(Mastodon(server.url, TOKEN, timing=QUICK), settings) as feed,
    ):
        await is_up(feed, server)
        server.post(status(1, at_ms), status(2, at_ms + 1, "local"))
        edited = status(1, at_ms, edited_at="2026-09-22T00:00:00.000Z")
        server.send("status.update", json.dumps(edited))
        server.send("delete", server.kept[1]["id"])
        server.send("delete", "4711")
        server.send("filters_changed", "undefined")
        server.send("notification", "{}")
        server.send("update", "no status")
        await has_sent(feed, 5)
        await until(lambda: feed.value("leimo_feed_passed_total", reason="kind") == 2)
        await until(lambda: feed.value("leimo_feed_passed_total", reason="malformed") == 1)
    records = [
        record for some in (await committed(settings, POSTS_RAW.name)).values() for record in some
    ]
    posts = [parse("mastodon", record.value, record.timestamp) for record in records]
    assert {post.event for post in posts} == {PostEvent.ADD, PostEvent.EDIT, PostEvent.DELETE}
    gone = {post.id for post in posts if post.event is PostEvent.DELETE}
    assert gone == {"https://origin.example/2", "4711"}, "a post that was not sent has its bare id"
    authors = {record.key.decode() for record in records}
    assert authors == {"a1@origin.example", "local@here.example", "4711"}
    assert await gaps(settings) == []


@pytest.mark.parametrize("has_websocket", [SOCKET, EVENTS])
async def test_cuts_lose_nothing(settings: Settings, has_websocket: bool) -> None:
    chance = random.Random(1)
    server = MastodonServer()
    server.has_websocket = has_websocket
    server.cut_after = [chance.randrange(0, 20) for _ in range(30)]
    server.breaks_messages = True
    server.remaining = 10_000
    async with (
        server.serving(),
        running(Mastodon(server.url, TOKEN, timing=QUICK), settings) as feed,
    ):
        await is_up(feed, server)
        posts = 0
        while server.cut_after:
            newest_ms = now_ms()
            server.post(*(status(posts + more, newest_ms) for more in range(10)))
            posts += 10
            await until(partial(has_come_to, feed, server, newest_ms))
        await is_up(feed, server)
        server.post(status(posts, now_ms()))
        posts += 1
        wanted = f"{posts - 1}</p>".encode()
        await has_value(settings, wanted)
    assert contents(await raw_values(settings)) == texts(0, posts)
    assert await gaps(settings) == []


def has_come_to(feed: Running, server: MastodonServer, at_ms: int) -> bool:
    """Whether a post of this time was sent, or no cut is left; and the clock has gone on."""
    is_sent = feed.run.tally.newest_ms >= at_ms or not server.cut_after
    return is_sent and now_ms() > at_ms


async def test_what_was_missed_is_asked_for_with_an_overlap(settings: Settings) -> None:
    """Posts of other servers come late, under ids of their own time."""
    at_ms = now_ms() - 3_600_000
    async with MastodonServer().serving() as server:
        async with running(Mastodon(server.url, TOKEN, timing=QUICK), settings) as feed:
            await is_up(feed, server)
            server.post(status(0, at_ms))
            await has_sent(feed, 1)
        for number in range(1, 200):
            server.post(status(number, at_ms + 1_000 * number))
        server.post(status(200, at_ms - 60_000))  # late
        async with running(Mastodon(server.url, TOKEN, timing=QUICK), settings) as feed:
            await has_sent(feed, 201)
            await is_up(feed, server)
    assert contents(await raw_values(settings)) == texts(0, 201)
    assert len(server.asked) == 7  # five full pages, one with the rest, an empty one
    assert server.asked[0] == {"limit": "40", "min_id": str((at_ms - 120_000) << 16)}
    assert await gaps(settings) == []


async def test_what_the_server_does_not_give_back_is_a_gap(settings: Settings) -> None:
    at_ms = now_ms() - 3_600_000
    feed = Mastodon
    async with MastodonServer().serving() as server:
        async with running(feed(server.url, TOKEN, timing=QUICK), settings) as run:
            await is_up(run, server)
            server.post(status(0, at_ms))
            await has_sent(run, 1)
        for number in range(1, 200):
            server.post(status(number, at_ms + 1_000 * number))
        server.remaining = 11
        before_ms = now_ms()
        async with running(feed(server.url, TOKEN, timing=QUICK), settings) as run:
            await has_sent(run, 80)
            await is_up(run, server)
            server.post(status(500, now_ms()))
            await has_sent(run, 81)
        server.remaining = 300
        async with running(feed(server.url, TOKEN, timing=QUICK), settings) as run:
            await until(lambda: len(server.asked) > 2 and run.run.is_live)
            server.post(status(501, now_ms()))
            await has_value(settings, b"501</p>")
    [gap] = await gaps(settings)
    assert gap.reason is GapReason.BACKFILL_LIMIT
    assert gap.from_ms == at_ms + 79_000
    assert before_ms <= gap.to_ms <= now_ms()
    assert contents(await raw_values(settings)) == texts(0, 80) | texts(500, 2)


async def test_a_timeline_that_cannot_be_followed_is_a_gap(settings: Settings) -> None:
    at_ms = now_ms() - 3_600_000
    async with MastodonServer().serving() as server:
        async with running(Mastodon(server.url, TOKEN, timing=QUICK), settings) as run:
            await is_up(run, server)
            server.post(status(0, at_ms))
            await has_sent(run, 1)
        server.has_ids = False
        async with running(Mastodon(server.url, TOKEN, timing=QUICK), settings) as run:
            await is_up(run, server)
            await until(lambda: run.value("leimo_feed_passed_total", reason="malformed") == 1)
            server.post(status(1, now_ms()))
            await has_sent(run, 1)
    [gap] = await gaps(settings)
    assert (gap.from_ms, gap.reason) == (at_ms, GapReason.BACKFILL_LIMIT)


async def test_two_servers_that_carry_one_post_key_it_alike(settings: Settings) -> None:
    at_ms = now_ms()
    async with MastodonServer().serving() as one, MastodonServer().serving() as other:
        feeds = [Mastodon(server.url, TOKEN, timing=QUICK) for server in (one, other)]
        async with running(feeds[0], settings) as first, running(feeds[1], settings) as second:
            await is_up(first, one)
            await is_up(second, other)
            one.post(status(7, at_ms, "Somebody"))
            other.post(status(8, at_ms + 40, "somebody@here.example"))
            await has_sent(first, 1)
            await has_sent(second, 1)
    [records] = (await committed(settings, POSTS_RAW.name)).values()
    assert [record.key for record in records] == [b"somebody@here.example"] * 2
    names = {feed.name for feed in feeds}
    assert {(await position(settings, name)).state for name in names} == {FeedState.STOPPED}


async def test_a_live_feed_that_is_switched_off_is_told(settings: Settings) -> None:
    async with MastodonServer().serving() as server:
        server.access = {"local": "disabled", "remote": "disabled"}
        with pytest.raises(Permanent, match="switched off"):
            async with running(Mastodon(server.url, TOKEN, timing=QUICK), settings) as feed:
                await until(lambda: feed.run.contact.state is FeedState.STOPPED)
        server.access = {"local": "disabled", "remote": "public"}
        async with running(Mastodon(server.url, TOKEN, timing=QUICK), settings) as feed:
            await is_up(feed, server)
        local = Mastodon(server.url, TOKEN, stream="public:local", timing=QUICK)
        with pytest.raises(Permanent, match="switched off"):
            async with running(local, settings) as feed:
                await until(lambda: feed.run.contact.state is FeedState.STOPPED)


@pytest.mark.parametrize(("token", "mend"), [("", "need a token"), ("wrong", "lacks read:statu")])
async def test_a_token_that_is_refused_is_the_end(
    settings: Settings, token: str, mend: str
) -> None:
    async with MastodonServer().serving() as server:
        with pytest.raises(Permanent, match=mend) as caught:
            async with running(Mastodon(server.url, token, timing=QUICK), settings) as feed:
                await until(lambda: feed.run.contact.state is FeedState.STOPPED)
        assert "wrong" not in str(caught.value)


async def test_signs_of_life_keep_an_idle_stream_and_their_end_ends_it(
    settings: Settings,
) -> None:
    async with MastodonServer().serving() as server:
        server.has_websocket = False
        async with running(Mastodon(server.url, TOKEN, timing=QUICK), settings) as feed:
            await is_up(feed, server)
            began_s = time.monotonic()
            await until(lambda: time.monotonic() > began_s + 3 * QUICK.silence_s)
            assert server.connections == 1
            server.thump_s = 0
            await until(lambda: feed.value("leimo_feed_reconnects_total", reason="stale") >= 1)


async def test_a_websocket_that_answers_pings_is_kept_and_another_is_left(
    settings: Settings,
) -> None:
    """Ten idle minutes in small: a dozen pings without a message."""
    timing = Timing(connect_s=5.0, heartbeat_s=0.1)
    async with MastodonServer().serving() as server:
        async with running(Mastodon(server.url, TOKEN, timing=timing), settings) as feed:
            await is_up(feed, server)
            began_s = time.monotonic()
            await until(lambda: time.monotonic() > began_s + 12 * timing.heartbeat_s)
            assert (server.connections, feed.run.is_live) == (1, True)
            server.post(status(1, now_ms()))
            await has_sent(feed, 1)
        server.is_mute = True
        async with running(Mastodon(server.url, TOKEN, timing=timing), settings) as feed:
            await until(lambda: feed.value("leimo_feed_reconnects_total", reason="stale") >= 1)


@pytest.mark.parametrize("has_websocket", [SOCKET, EVENTS])
async def test_a_message_that_is_too_large_is_told_and_does_not_stand_in_the_way(
    settings: Settings, has_websocket: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is in the timeline too, so the page that holds it cannot be read either."""
    monkeypatch.setattr("feeds.live.connections.MAX_MESSAGE_BYTES", 1 << 16)
    async with MastodonServer().serving() as server:
        server.has_websocket = has_websocket
        async with running(Mastodon(server.url, TOKEN, timing=QUICK), settings) as feed:
            await is_up(feed, server)
            server.post(status(0, now_ms()))
            await has_sent(feed, 1)
            connections = server.connections
            server.post(status(1, now_ms(), content="x" * (1 << 17)))
            await until(lambda: server.connections > connections)
            await is_up(feed, server)
            server.post(status(2, now_ms()))
            await has_value(settings, b" 2</p>")
    assert contents(await raw_values(settings)) == texts(0, 1) | texts(2, 1)
    [gap] = await gaps(settings)
    assert gap.reason is GapReason.OVERSIZED


async def test_times_that_go_back_are_no_gap_and_no_loss(settings: Settings) -> None:
    """Ids of posts from elsewhere are of their own time."""
    at_ms = now_ms() - 60_000
    async with MastodonServer().serving() as server:
        async with running(Mastodon(server.url, TOKEN, timing=QUICK), settings) as feed:
            await is_up(feed, server)
            server.post(status(0, at_ms), status(1, at_ms - 30_000), status(2, at_ms - 50_000))
            await has_sent(feed, 3)
        server.post(status(3, at_ms - 40_000))
        async with running(Mastodon(server.url, TOKEN, timing=QUICK), settings) as feed:
            await is_up(feed, server)
            await has_value(settings, b" 3</p>")
    assert contents(await raw_values(settings)) == texts(0, 4)
    assert await gaps(settings) == []


async def test_languages_are_counted(settings: Settings) -> None:
    metrics = FeedMetrics()
    async with MastodonServer().serving() as server:
        feed = Mastodon(server.url, TOKEN, languages=["zh"], metrics=metrics, timing=QUICK)
        async with running(feed, settings, metrics) as run:
            await is_up(run, server)
            for number, language in enumerate(("zh-TW", "de", None)):
                server.post(status(number, now_ms(), language=language))
            await has_sent(run, 2)
            assert run.value("leimo_feed_languages_total", language="de") == 1
            assert run.value("leimo_feed_passed_total", reason="language") == 1


@pytest.mark.parametrize(
    "server", ["", "http://mastodon.example", "https://a@b.example", "https://a.example/path"]
)
def test_a_server_that_is_none_is_refused(server: str) -> None:
    with pytest.raises(ValueError, match="is no server"):
        Mastodon(server, TOKEN)
