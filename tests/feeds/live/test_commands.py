"""`leimo feed list`, `gaps` and `forget`, and how a live feed begins and ends at the terminal."""

import json
import os
import signal
import subprocess
import sys
import time
from typing import Any

import pytest
from aiohttp import ClientSession
from typer.testing import CliRunner

from feeds.live.jetstream.feed import Jetstream
from feeds.live.kept import gap_row, position_row
from kafka_io.batches import Row
from kafka_io.brokers import EmbeddedBroker, free_port
from kafka_io.settings import Settings
from leimo.cli import app
from schemas.feed import FeedGap, FeedPosition, FeedState, GapReason
from schemas.topics import FEED_POSITIONS
from tests.feeds.live.jetstream_server import JetstreamServer
from tests.feeds.live.running import running, until
from tests.kafka_io.broker_log import append
from tests.leimo.started import started

pytestmark = pytest.mark.embedded


def leimo(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "leimo", "feed", *arguments],
        env={**os.environ, "LEIMO_PARTITIONS": "2"}, capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip


def stands(feed: str, **fields: Any) -> FeedPosition:
    given = {"position": "7", "event_time_ms": 1_000, "at_ms": 3_500, "state": FeedState.LIVE}
    return FeedPosition(feed=feed, **{**given, **fields})


async def test_feeds_and_gaps_are_listed_and_forgotten(settings: Settings) -> None:
    now_ms = time.time_ns() // 1_000_000
    await append(
        settings,
        position_row(stands("old", endpoint="wss://a")),
        position_row(stands("new", at_ms=now_ms, event_time_ms=0)),
        gap_row(
            FeedGap(
                feed="old", from_ms=now_ms - 9_000, to_ms=now_ms - 5_000,
                reason=GapReason.CURSOR_TOO_OLD, detail="the floor is 7",
            )
        ),
        gap_row(FeedGap(feed="old", from_ms=1_000, to_ms=2_000, reason=GapReason.NO_RESUME)),
    )  # fmt: skip
    at = ("--broker", settings.broker)
    listed = map(json.loads, leimo("list", *at, "--json").stdout.splitlines())
    rows = {row["feed"]: row for row in listed}
    assert (rows["old"]["state"], rows["old"]["lag_s"], rows["old"]["gap_s"]) == ("gone", 2.5, 4.0)
    assert (rows["new"]["state"], rows["new"]["lag_s"]) == ("live", None)
    shown = leimo("list", *at).stdout
    assert "wss://a" in shown
    assert "gone" in shown
    assert "(4.0 s): cursor_too_old (the floor is 7)" in leimo("gaps", *at).stdout
    assert len(leimo("gaps", *at, "--since", "1970-01-01", "--json").stdout.splitlines()) == 2
    assert leimo("forget", "old", *at).returncode == 0
    assert "old" not in leimo("list", *at).stdout


async def test_a_position_that_cannot_be_read_is_not_taken_for_none(settings: Settings) -> None:
    await append(settings, Row(FEED_POSITIONS.name, 0, b"jetstream", b"no position"))
    done = leimo("jetstream", "--broker", settings.broker, "--endpoint", "ws://127.0.0.1:9")
    assert done.returncode == 1
    assert "`leimo feed forget jetstream` removes it" in done.stderr


def test_without_topics_or_broker_it_says_so(embedded_broker: EmbeddedBroker) -> None:
    at = ("--endpoint", "ws://127.0.0.1:9", "--broker")
    done = leimo("jetstream", *at, embedded_broker.address)
    assert (done.returncode, "leimo topics apply" in done.stderr) == (1, True)
    done = leimo("jetstream", *at, f"127.0.0.1:{free_port()}")
    assert (done.returncode, "Start one, or name another" in done.stderr) == (1, True)
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["jetstream", "--endpoint", "https://a"], "is no instance of Jetstream"),
        (["mastodon", "--server", "a", "--stream", "home"], "is no stream"),
        (["mastodon", "--server", "a", "--server", "b", "--token", "x"], "each knows only its own"),
        (["mastodon", "--server", "http://a", "--token", "x"], "is no server"),
        (["jetstream", "--sample", "0"], "takes nothing"),
        (["weibo"], "name the subscription"),
        (["weibo", "--subscription", "7", "--address", "http://a"], "is no address"),
        (["weibo", "subscriptions", "--subscription", "7"], "name WEIBO_APP_KEY"),
        (["run", "nothing"], "is no feed"),
        (["run", "nothing", "--set", "x"], "is no KEY=VALUE"),
        (["gaps", "--since", "soon"], "is no time"),
    ],
)  # fmt: skip
def test_options_that_are_wrong_are_named(arguments: list[str], said: str) -> None:
    done = CliRunner().invoke(app, ["feed", *arguments])
    assert (done.exit_code, said in done.output) == (2, True), done.output


async def test_health_and_metrics_are_served_and_a_signal_is_a_clean_end(
    settings: Settings,
) -> None:
    port = free_port()
    async with JetstreamServer().serving() as server:
        at = ("--endpoint", server.url, "--broker", settings.broker)
        with started("feed", "jetstream", *at, "--metrics", f"127.0.0.1:{port}") as process:
            await until(lambda: server.connections == 1)
            await server.add_posts(0, 3)
            base = f"http://127.0.0.1:{port}"
            async with ClientSession() as session:
                text = ""
                while 'leimo_feed_records_total{feed="jetstream"} 3.0' not in text:
                    async with session.get(f"{base}/metrics") as response:
                        text = await response.text()
                async with session.get(f"{base}/health") as response:
                    assert (response.status, await response.text()) == (200, "ok")
            process.send_signal(signal.SIGINT)
            _, log = process.communicate(timeout=30)
    assert process.returncode == 128 + signal.SIGINT
    assert b"3 posts sent" in log
    assert b"Traceback" not in log


async def test_a_broker_that_answers_no_more_is_not_waited_for_at_the_end(
    settings: Settings, embedded_broker: EmbeddedBroker
) -> None:
    async with JetstreamServer().serving() as server:
        at = ("--endpoint", server.url, "--broker", settings.broker)
        with started("feed", "jetstream", *at) as process:
            await until(lambda: server.connections == 1)
            embedded_broker.pause()
            await server.add_posts(0, 3)
            await until(lambda: server.sent == 3)
            process.send_signal(signal.SIGTERM)
            _, log = process.communicate(timeout=30)
            embedded_broker.resume()
    assert process.returncode == 128 + signal.SIGTERM
    assert b"nothing is lost" in log
    assert b"Traceback" not in log


async def test_a_feed_that_got_nothing_yet_goes_on_from_its_first_connection(
    settings: Settings,
) -> None:
    async with JetstreamServer().serving() as server:
        server.archive_at_now()
        async with running(Jetstream([server.url]), settings) as feed:
            await until(lambda: feed.run.is_live)
        await server.add_posts(0, 3)
        async with running(Jetstream([server.url]), settings) as feed:
            await until(lambda: feed.run.tally.posts == 3)
