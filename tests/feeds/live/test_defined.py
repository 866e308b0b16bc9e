"""`leimo feed run`: the feeds that the catalogue defines, as they are defined now."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from catalogue.topic import publish
from feeds.live.group import DefinedFeeds
from feeds.live.listing import feed_rows
from kafka_io.settings import Settings
from schemas.catalogue import Brand, Catalogue, Feed, FeedKind
from streams.metrics import FeedMetrics
from tests.feeds.live.jetstream_server import JetstreamServer
from tests.feeds.live.mastodon_server import TOKEN, MastodonServer, status
from tests.feeds.live.running import position, raw_values, until

pytestmark = pytest.mark.embedded


async def define(settings: Settings, *feeds: Feed) -> None:
    await publish(settings, Catalogue(brands=(Brand("mi", "小米"),), feeds=feeds))


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[DefinedFeeds]:
    group, stop = DefinedFeeds(settings, FeedMetrics(), longest_pause_s=0.2), asyncio.Event()
    task = asyncio.create_task(group.run(stop))
    try:
        yield group
    finally:
        stop.set()
        await task


async def states(settings: Settings) -> dict[str, tuple[str, str]]:
    """State and error of each feed that is listed."""
    rows = await feed_rows(settings, time.time_ns() // 1_000_000, 0)
    return {row["feed"]: (row["state"], row["error"]) for row in rows}


async def until_listed(settings: Settings, wanted: dict[str, str]) -> None:
    """Wait until feeds are listed with these states."""
    deadline = time.monotonic() + 30
    while (
        found := {name: state for name, (state, _) in (await states(settings)).items()}
    ) != wanted:
        assert time.monotonic() < deadline, found
        await asyncio.sleep(0.05)


def bluesky(server: JetstreamServer, name: str = "bluesky", **fields: object) -> Feed:
    return Feed(name, FeedKind.JETSTREAM, endpoints=(server.url,), **fields)  # type: ignore[arg-type]


async def test_all_run_and_one_that_fails_stops_no_other(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FEED_WRONG", "wrong")
    (tmp_path / "FEED_TOKEN").write_text(f"{TOKEN}\n")
    settings = settings.model_copy(update={"secrets_folder": tmp_path})
    async with JetstreamServer().serving() as one, MastodonServer().serving() as two:
        fediverse = Feed("fediverse", FeedKind.MASTODON, server=two.url, token="FEED_TOKEN")
        await define(
            settings,
            bluesky(one),
            fediverse,
            Feed("refused", FeedKind.MASTODON, server=two.url, token="FEED_WRONG"),
            Feed("secretless", FeedKind.MASTODON, server=two.url, token="FEED_NOWHERE"),
            Feed("missing", FeedKind.OWN, entry="nothing"),
            Feed("later", FeedKind.WEIBO, subscription=7, enabled=False),
        )
        async with running(settings) as group:
            await until(lambda: one.connections == 1 and two.streams == 1)
            await one.add_posts(0, 3)
            two.post(status(1, time.time_ns() // 1_000_000))
            await until(lambda: sum(tally.posts for tally in group.tallies()) == 4)
            wanted = {"bluesky": "live", "fediverse": "live", "later": "off"}
            failed = dict.fromkeys(("refused", "secretless", "missing"), "failed")
            await until_listed(settings, wanted | failed)
            assert not group.is_healthy
            listed = await states(settings)
            assert "lacks read:statuses" in listed["refused"][1]
            assert "FEED_NOWHERE stands for nothing" in listed["secretless"][1]
            assert "is no feed of the entry points" in listed["missing"][1]
            assert "wrong" not in str(listed)
            await define(settings, bluesky(one), fediverse)
            await until(lambda: group.is_healthy)
            assert (one.connections, two.connections) == (1, 1)
    assert len(await raw_values(settings)) == 4
    assert {state for state, _ in (await states(settings)).values()} == {"stopped", "failed"}


async def test_definitions_are_taken_over_as_they_change(settings: Settings) -> None:
    """What changes goes on from its position; what does not is left alone."""
    async with JetstreamServer().serving() as one, JetstreamServer().serving() as two:
        await define(settings)
        async with running(settings) as group:
            await define(settings, bluesky(one, "one"), bluesky(two, "two"))
            await until(lambda: one.connections == 1 and two.connections == 1)
            await one.add_posts(0, 3)
            await until(lambda: sum(tally.posts for tally in group.tallies()) == 3)
            changed = bluesky(one, "one", languages=("zh",), sample=0.999)
            await define(settings, changed, bluesky(two, "two"))
            await until(lambda: one.connections == 2)
            assert one.asked[1]["cursor"] == ["3"]
            await one.add_posts(3, 3)
            await until(lambda: sum(tally.posts for tally in group.tallies()) == 6)
            await define(settings, changed, bluesky(two, "two", enabled=False))
            await until_listed(settings, {"one": "live", "two": "off"})
            await until(lambda: group.is_healthy)
            assert two.connections == 1
    assert (await position(settings, "one")).sample == 0.999
    assert len(await raw_values(settings)) == 6


async def test_a_feed_that_failed_goes_on_from_its_position_once_it_is_mended(
    settings: Settings,
) -> None:
    async with JetstreamServer().serving() as server:
        await define(settings, bluesky(server))
        async with running(settings) as group:
            await until(lambda: server.connections == 1)
            await server.add_posts(0, 3)
            await until(lambda: sum(tally.posts for tally in group.tallies()) == 3)
        server.refusal = (403, {}, b"go away")
        async with running(settings):
            await until_listed(settings, {"bluesky": "failed"})
        server.refusal = None
        await server.add_posts(3, 3)
        async with running(settings) as group:
            await until(lambda: sum(tally.posts for tally in group.tallies()) == 3)
        assert (await states(settings))["bluesky"] == ("stopped", "")
    assert len(await raw_values(settings)) == 6
