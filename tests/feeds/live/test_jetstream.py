"""Jetstream over a real WebSocket, into a real broker: nothing is missing, and gaps are told."""

import asyncio
import json
import random
from collections import Counter
from functools import partial

import pytest
import zstandard

from feeds.live.connections import Timing
from feeds.live.jetstream.cursor import cursor_of
from feeds.live.jetstream.feed import Jetstream
from feeds.live.source import Permanent
from kafka_io.settings import Settings
from schemas.feed import FeedState, GapReason
from schemas.post import PostEvent, Skipped
from schemas.topics import POSTS_RAW
from sources.parsing import parse
from sources.refusals import NoPost
from streams.metrics import FeedMetrics
from tests.feeds.live.jetstream_server import (
    FIRST_US,
    LIKE,
    POST,
    REPOST,
    JetstreamServer,
    commit,
    dictionary,
    info,
)
from tests.feeds.live.running import Running, gaps, has_value, position, raw_values, running, until
from tests.kafka_io.broker_log import committed

pytestmark = pytest.mark.embedded
QUICK = Timing(connect_s=2.0, heartbeat_s=0.3)


def numbers(values: list[bytes]) -> Counter[str]:
    """How often each post is there, by its key in its repository."""
    found: Counter[str] = Counter()
    for value in values:
        frame = json.loads(value)
        event = frame.get("payload", frame)
        found[(event.get("commit") or event)["rkey"]] += 1
    return found


def keys(first: int, count: int) -> set[str]:
    return {f"k{number}" for number in range(first, first + count)}


def event_of(value: bytes) -> PostEvent | Skipped:
    """What a worker makes of a record; it may be known and hold no post."""
    try:
        return parse("jetstream", value, FIRST_US // 1_000 + 60_000).event
    except NoPost as passed:
        return passed.event


async def has_sent(feed: Running, posts: int) -> None:
    await until(lambda: feed.run.tally.posts >= posts, f"{posts} posts")


@pytest.mark.parametrize("version", [2, 1])
async def test_what_comes_is_sent_on_as_it_is(settings: Settings, version: int) -> None:
    async with (
        JetstreamServer(version=version).serving() as server,
        running(Jetstream([server.url], timing=QUICK), settings) as feed,
    ):
        await until(lambda: feed.run.is_live)
        await server.add_posts(1, 3)
        await server.add(commit(4, REPOST, subject={"uri": "at://did:plc:0001/x/k1"}))
        await server.add(commit(2, POST, "delete"), commit(6, LIKE))
        await server.add({"did": "did:plc:x", "is": {"handle": "a"}}, kind="identity")
        active = {"did": "did:plc:0001", "is": {"active": True}}
        gone = {"did": "did:plc:0001", "is": {"active": False, "status": "deleted"}}
        await server.add(active, gone, kind="account")
        await has_sent(feed, 6)
    wanted = [event for event in server.archive if event.body not in (active,)]
    wanted = [event for event in wanted if event.kind != "identity" and event.seq != 6]
    records = [
        record for some in (await committed(settings, POSTS_RAW.name)).values() for record in some
    ]
    assert {record.value for record in records} == {event.text(version) for event in wanted}
    assert {record.key.decode() for record in records} == {event.body["did"] for event in wanted}
    assert dict(records[0].headers)["source"] == b"jetstream"
    read = Counter(event_of(record.value) for record in records)
    assert read == {PostEvent.ADD: 4, PostEvent.DELETE: 1, Skipped.ACCOUNT: 1}
    assert ("zstdDictionary" in server.asked[0]) is (version == 2)
    assert await gaps(settings) == []


@pytest.mark.parametrize("version", [2, 1])
async def test_thirty_cuts_lose_nothing(settings: Settings, version: int) -> None:
    chance = random.Random(version)
    server = JetstreamServer(version=version)
    server.cut_after = [chance.randrange(1, 60) for _ in range(30)]
    server.is_untidy = True
    async with (
        server.serving(),
        running(Jetstream([server.url], timing=QUICK), settings) as feed,
    ):
        await until(lambda: feed.run.is_live)
        sent = 0
        while server.cut_after:
            await server.add_posts(sent, 20)
            sent += 20
            await until(lambda: not server.cut_after or has_newest(feed, server))
        await until(lambda: feed.run.is_live)
        await server.add_posts(sent, 10)
        sent += 10
        await has_value(settings, b'"k%d"' % (sent - 1))
        assert server.connections >= 30
    found = numbers(await raw_values(settings))
    assert found.keys() == keys(0, sent)
    if version == 2:  # its cursor names an event; version 1 has times alone, and overlaps
        assert set(found.values()) == {1}
    assert await gaps(settings) == []


def has_newest(feed: Running, server: JetstreamServer) -> bool:
    """Whether the newest event of the server was sent."""
    newest_us = max(event.time_us for event in server.archive)
    return feed.run.tally.newest_ms >= newest_us // 1_000


def is_live(feed: Running) -> bool:
    return feed.run.is_live


async def test_it_goes_on_where_it_stopped(settings: Settings) -> None:
    async with JetstreamServer().serving() as server:
        async with running(Jetstream([server.url]), settings) as feed:
            await until(lambda: feed.run.is_live)
            await server.add_posts(0, 5)
            await has_sent(feed, 5)
        kept = await position(settings, "jetstream")
        assert (kept.state, kept.posts) == (FeedState.STOPPED, 5)
        assert cursor_of(kept.position).seq == 5
        await server.add_posts(5, 5)
        async with running(Jetstream([server.url]), settings) as feed:
            await has_sent(feed, 5)
            await until(lambda: feed.value("leimo_feed_passed_total", reason="repeat") == 1)
    assert numbers(await raw_values(settings)) == Counter(dict.fromkeys(keys(0, 10), 1))


async def test_a_cursor_that_is_too_old_is_a_gap(settings: Settings) -> None:
    async with JetstreamServer().serving() as server:
        async with running(Jetstream([server.url]), settings) as feed:
            await until(lambda: feed.run.is_live)
            await server.add_posts(0, 5)
            await has_sent(feed, 5)
        await server.add_posts(5, 3_000)
        server.floor = 2_900
        async with running(Jetstream([server.url]), settings) as feed:
            await has_sent(feed, 105)
    [gap] = await gaps(settings)
    assert (gap.from_ms, gap.to_ms) == (
        server.archive[4].time_us // 1_000,
        server.archive[2_900].time_us // 1_000,
    )
    assert (gap.feed, gap.reason) == ("jetstream", GapReason.CURSOR_TOO_OLD)
    assert numbers(await raw_values(settings)).keys() == keys(0, 5) | keys(2_900, 105)


async def test_an_old_instance_that_begins_later_is_a_gap(settings: Settings) -> None:
    """Version 1 clamps in silence."""
    async with JetstreamServer(version=1).serving() as server:
        async with running(Jetstream([server.url]), settings) as feed:
            await until(lambda: feed.run.is_live)
            await server.add_posts(0, 5)
            await has_sent(feed, 5)
        await server.add_posts(5, 100)
        server.floor = 50
        async with running(Jetstream([server.url]), settings) as feed:
            await has_sent(feed, 55)
    [gap] = await gaps(settings)
    assert (gap.from_ms, gap.to_ms) == (
        server.archive[4].time_us // 1_000,
        server.archive[50].time_us // 1_000,
    )


async def test_another_archive_under_the_same_address_is_gone_to_by_time(
    settings: Settings,
) -> None:
    """Its seqs begin anew, so that the old one lies beyond its end, or names another event."""
    for numbers_before, numbers_anew in ((50, 5), (5, 50)):
        async with JetstreamServer().serving() as old:
            feed = Jetstream([old.url], name=f"n{numbers_before}")
            async with running(feed, settings) as run:
                await until(partial(is_live, run))
                await old.add_posts(0, numbers_before)
                await has_sent(run, numbers_before)
                new = JetstreamServer(first_seq=2)
                new.archive = [
                    event._replace(seq=event.seq + 1) for event in old.archive[-numbers_anew:]
                ]
                if numbers_anew < numbers_before:
                    new.archive = [
                        event._replace(seq=at + 1) for at, event in enumerate(new.archive)
                    ]
                old.archive, old._next_seq = new.archive, len(new.archive) + 2
                old.drop_connections()
                await old.add_posts(100, 3)
                await until(partial(has_newest, run, old))
    found = numbers(await raw_values(settings))
    assert found.keys() == keys(0, 50) | keys(100, 3)
    assert await gaps(settings) == []


async def test_another_instance_takes_over(settings: Settings) -> None:
    """By time, with an overlap: each instance has seqs and times of its own."""
    first, second = JetstreamServer(), JetstreamServer(first_seq=9_000, skew_us=-3_000_000)
    async with second.serving(), first.serving():
        feed = Jetstream([first.url, second.url], timing=QUICK)
        async with running(feed, settings) as run:
            await until(lambda: run.run.is_live)
            await first.add_posts(0, 10)
            await second.add_posts(0, 30)
            await has_sent(run, 10)
            first.refusal = (503, {}, b"")
            first.drop_connections()
            await until(lambda: numbers_are(run, second))
    assert second.connections == 1
    assert int(second.asked[0]["cursor"][0]) == first.archive[9].time_us - 30_000_000
    assert numbers(await raw_values(settings)).keys() == keys(0, 30)
    assert await gaps(settings) == []


def numbers_are(run: Running, server: JetstreamServer) -> bool:
    return run.run.tally.posts >= 10 + len(server.archive)


async def test_an_instance_without_version_2_is_spoken_to_in_version_1(settings: Settings) -> None:
    async with JetstreamServer(version=1).serving() as server:
        base = server.url.removesuffix("/subscribe")
        async with running(Jetstream([base]), settings) as feed:
            await until(lambda: feed.run.is_live)
            await server.add_posts(0, 3)
            await has_sent(feed, 3)
    assert numbers(await raw_values(settings)).keys() == keys(0, 3)
    assert (await position(settings, "jetstream")).endpoint.endswith("(version 1)")


async def test_a_dictionary_that_was_replaced_is_fetched_again(settings: Settings) -> None:
    async with (
        JetstreamServer().serving() as server,
        running(Jetstream([server.url]), settings) as feed,
    ):
        await until(lambda: feed.run.is_live)
        await server.add_posts(0, 3)
        await has_sent(feed, 3)
        server.dictionary_id += 1
        server.drop_connections()
        await server.add_posts(3, 3)
        await has_sent(feed, 6)
        assert server.fetched == 2
        assert server.asked[-1]["zstdDictionary"] == [str(server.dictionary_id)]
    assert numbers(await raw_values(settings)) == Counter(dict.fromkeys(keys(0, 6), 1))


async def test_a_dictionary_that_is_never_the_right_one_is_gone_without(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Instances of two builds behind one address."""
    stale = dictionary(77)
    async with JetstreamServer().serving() as server:
        monkeypatch.setattr(
            "tests.feeds.live.jetstream_server.dictionary",
            lambda number: stale if number == server.dictionary_id else dictionary(number),
        )
        async with running(Jetstream([server.url]), settings) as feed:
            await until(lambda: feed.run.is_live)
            await server.add_posts(0, 3)
            await has_sent(feed, 3)
    assert "zstdDictionary" not in server.asked[-1]
    assert numbers(await raw_values(settings)).keys() == keys(0, 3)


async def test_languages_are_filtered_and_counted_here(settings: Settings) -> None:
    metrics = FeedMetrics()
    async with JetstreamServer().serving() as server:
        feed = Jetstream([server.url], languages=["zh"], metrics=metrics)
        async with running(feed, settings, metrics) as run:
            await until(lambda: run.run.is_live)
            await server.add(
                commit(0, langs=["zh-Hant"]), commit(1, langs=["en"]), commit(2, langs=[]),
                commit(3, langs=["en", "zh"]), commit(4, langs=["tlh"]), commit(5, langs=7),
                commit(6, POST, "delete"),
            )  # fmt: skip
            await has_sent(run, 5)
            assert run.value("leimo_feed_passed_total", reason="language") == 2
            counted = {
                name: run.value("leimo_feed_languages_total", language=name)
                for name in ("zh", "en", "other", "none", "ja")
            }
    assert counted == {"zh": 2, "en": 2, "other": 1, "none": 2, "ja": 0}
    assert numbers(await raw_values(settings)).keys() == {"k0", "k2", "k3", "k5", "k6"}


async def test_frames_that_cannot_be_read_cost_themselves_alone(settings: Settings) -> None:
    async with JetstreamServer().serving() as server:
        server.before = [
            b"no frame of Zstandard", "no JSON", '{"$type": "message", "payload": 7}', "[]", b"",
            '{"$type": "message", "payload": {"$type": "x#commit", "seq": -1}}',
            zstd_bomb(), '{"$type": "message", "payload": {"$type": "x#new", "seq": "a"}}',
            '{"$type": "news"}', "[" * 100_000,
        ]  # fmt: skip
        async with running(Jetstream([server.url]), settings) as feed:
            await until(lambda: feed.run.is_live)
            await server.add_posts(0, 3)
            await has_sent(feed, 3)
            assert feed.value("leimo_feed_passed_total", reason="malformed") == 9
            assert feed.value("leimo_feed_passed_total", reason="kind") == 1
    assert server.connections == 1
    assert numbers(await raw_values(settings)).keys() == keys(0, 3)


async def test_frames_that_are_never_readable_are_asked_for_uncompressed(
    settings: Settings,
) -> None:
    """From the cursor on: what could not be read is not passed."""
    async with (
        JetstreamServer().serving() as server,
        running(Jetstream([server.url]), settings) as feed,
    ):
        await until(lambda: feed.run.is_live)
        await server.add_posts(0, 3)
        await has_sent(feed, 3)
        server.before = [b"no frame of Zstandard"] * 101
        server.drop_connections()
        await server.add_posts(3, 3)
        await has_sent(feed, 6)
        assert feed.value("leimo_feed_reconnects_total", reason="protocol") == 1
        assert "zstdDictionary" not in server.asked[-1]
    assert numbers(await raw_values(settings)) == Counter(dict.fromkeys(keys(0, 6), 1))
    assert await gaps(settings) == []


def zstd_bomb() -> bytes:
    """A small frame that would become 64 MiB."""
    packer = zstandard.ZstdCompressor(dict_data=dictionary(20_260_811))
    return packer.compress(bytes(64 << 20))


async def test_a_message_that_is_too_large_is_passed_and_told(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stands in the way: whoever asks from before it gets it again and again."""
    monkeypatch.setattr("feeds.live.connections.MAX_MESSAGE_BYTES", 1 << 16)
    async with JetstreamServer().serving() as server:
        feed = Jetstream([server.url], is_compressed=False, timing=QUICK)
        async with running(feed, settings) as run:
            await until(lambda: run.run.is_live)
            await server.add_posts(0, 3)
            await server.add(commit(3, text="x" * (1 << 17)))
            await server.add_posts(4, 3)
            await until(lambda: has_newest(run, server))
    assert numbers(await raw_values(settings)).keys() == keys(0, 3) | keys(4, 3)
    [gap] = await gaps(settings)
    assert gap.reason is GapReason.OVERSIZED
    assert (gap.from_ms, gap.to_ms) == (
        server.archive[2].time_us // 1_000,
        server.archive[4].time_us // 1_000,
    )


async def test_the_last_words_of_a_server_are_a_reconnect(settings: Settings) -> None:
    async with JetstreamServer().serving() as server:
        server.before = ['{"$type": "error", "error": "ConsumerTooSlow", "message": "\\u001b[2J"}']
        async with running(Jetstream([server.url]), settings) as feed:
            await until(lambda: feed.value("leimo_feed_reconnects_total", reason="too_slow") == 1)
            await until(lambda: feed.run.is_live)
            await server.add_posts(0, 3)
            await has_sent(feed, 3)
    assert await gaps(settings) == []


async def test_a_server_that_says_nothing_is_left_and_an_idle_one_is_not(
    settings: Settings,
) -> None:
    """What tells them apart is the answer to a ping."""
    mute, idle = JetstreamServer(), JetstreamServer()
    mute.is_mute = True
    async with mute.serving(), idle.serving():
        feed = Jetstream([mute.url, idle.url], timing=Timing(connect_s=2.0, heartbeat_s=0.1))
        async with running(feed, settings) as run:
            await until(lambda: run.value("leimo_feed_reconnects_total", reason="stale") == 1)
            await until(lambda: idle.connections == 1 and run.run.is_live)
            await until_pinged(idle, 12)
            await idle.add_posts(0, 1)
            await has_sent(run, 1)
    assert (mute.connections, idle.connections) == (1, 1)


async def until_pinged(server: JetstreamServer, times: int) -> None:
    """Ten idle minutes in small: so many pings that were answered."""
    await until(lambda: server.pings >= times, f"{times} pings")


async def test_a_handshake_that_never_comes_is_given_up(settings: Settings) -> None:
    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    listening = await asyncio.start_server(accept, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    async with listening, JetstreamServer().serving() as server:
        feed = Jetstream(
            [f"ws://127.0.0.1:{port}", server.url],
            timing=Timing(connect_s=0.2),
            is_compressed=False,
        )
        async with running(feed, settings) as run:
            await until(lambda: run.run.is_live)
            await server.add_posts(0, 1)
            await has_sent(run, 1)
            assert run.value("leimo_feed_reconnects_total", reason="connection") >= 1


async def test_a_refusal_of_all_is_the_end_and_one_of_some_is_not(settings: Settings) -> None:
    first, second = JetstreamServer(), JetstreamServer()
    first.refusal = (403, {}, b"go away")
    async with first.serving(), second.serving():
        async with running(Jetstream([first.url, second.url]), settings) as feed:
            await until(lambda: feed.run.is_live)
        second.refusal = (400, {}, b'{"error": "InvalidRequest", "message": "no such kind"}')
        with pytest.raises(Permanent, match=r"HTTP 403 go away; .* InvalidRequest no such kind"):
            async with running(Jetstream([first.url, second.url]), settings) as feed:
                await until(lambda: feed.run.contact.state is FeedState.STOPPED)


async def test_a_source_that_is_busy_is_asked_when_it_says(settings: Settings) -> None:
    async with JetstreamServer().serving() as server:
        server.refusal = (429, {"Retry-After": "1"}, b"slow down")
        async with running(Jetstream([server.url]), settings) as feed:
            await until(lambda: feed.value("leimo_feed_reconnects_total", reason="rate_limit") == 1)
            server.refusal = None
            await until(lambda: feed.run.is_live)
            assert len(server.asked) == 2


def test_the_notice_of_the_server_is_the_one_of_the_description() -> None:
    """Kept here, where a change of the description would be seen."""
    payload = info("OutdatedCursor", "")["payload"]
    assert payload["$type"] == "network.bsky.jetstream.subscribeEvents#info"
