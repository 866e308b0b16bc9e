"""`leimo alerts list` and `why`, against a broker."""

import asyncio
import json
import re

import msgspec
import pytest
from typer.testing import CliRunner

from agents.measure import PARTITION_STATE_KEY
from kafka_io.batches import Row
from kafka_io.brokers import EmbeddedBroker
from kafka_io.partitions import partition_for
from kafka_io.settings import Settings
from kafka_io.topic_admin import apply_topics
from leimo.cli import app
from measures.board import Board, BoardSettings
from schemas.catalogue import Brand, Catalogue
from schemas.rules import CrisisRule, SpikeRule
from schemas.topics import ALERTS, BRANDS_CHANGELOG, CATALOGUE
from tests.kafka_io.broker_log import append
from tests.measures.feed import Feed
from tests.measures.stream import changelog

pytestmark = pytest.mark.embedded

PARTITIONS = 8
BRANDS = (Brand(id="x", name="X"), Brand(id="quiet", name="Quiet"))
RULES = (SpikeRule(id="spike"), CrisisRule(id="fire", words=("起火",)))


@pytest.fixture
def broker(embedded_broker: EmbeddedBroker) -> str:
    settings = Settings(broker=embedded_broker.address, partitions=PARTITIONS, metrics_address="")
    feed = Feed(Board(BoardSettings(), Catalogue(BRANDS, RULES)))
    feed.minutes(45, 1)
    feed.posts(feed.some(5, text="[red]起火\x1b[2J"))
    feed.posts(feed.some(2))
    part = partition_for(b"x", PARTITIONS)
    rows = [Row(BRANDS_CHANGELOG.name, part, *entry) for entry in changelog(feed.subject)]
    rows.append(
        Row(BRANDS_CHANGELOG.name, part, PARTITION_STATE_KEY, feed.subject.partition_state_bytes())
    )
    rows += [
        Row(ALERTS.name, part, alert.fingerprint.encode(), msgspec.json.encode(alert))
        for alert in feed.alerts
    ]
    rows += [
        Row(CATALOGUE.name, 0, f"{kind}:{each.id}".encode(), msgspec.json.encode(each))
        for kind, listed in (("brand", BRANDS), ("rule", RULES))
        for each in listed
    ]

    async def fill() -> None:
        await apply_topics(settings)
        await append(settings, *rows)

    asyncio.run(fill())
    return embedded_broker.address


def run(broker: str, *arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["alerts", *arguments, "--broker", broker])
    return done.exit_code, done.output


def test_why_names_a_reason_for_each_rule(broker: str) -> None:
    code, shown = run(broker, "why", "x")
    assert code == 0
    fire, spike = (
        next(line for line in shown.splitlines() if f" {rule} " in line)
        for rule in ("fire", "spike")
    )
    assert "fires" in fire
    assert "5 posts in 10 min, limit 4" in fire
    assert re.search(r"held open: its condition held last in .+; over at .+ unless it", shown)
    assert "below_limit" in spike
    code, shown = run(broker, "why", "x", "--json")
    answers = {one["rule"]: one for one in map(json.loads, shown.splitlines())}
    assert {rule: one["reason"] for rule, one in answers.items()} == {
        "fire": "fires", "spike": "below_limit",
    }  # fmt: skip
    assert answers["spike"]["seen"] < answers["spike"]["limit"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("nobody",), "no brand with this id"),
        (("quiet",), "no worker has kept anything of it"),
        (("x", "--at", "2001-01-01T00:00"), "kept of the minute from 2001-01-01T00:00:00Z: only"),
    ],
)
def test_what_cannot_be_known_is_said(broker: str, arguments: tuple[str, ...], told: str) -> None:
    code, shown = run(broker, "why", *arguments)
    assert code == 1
    assert told in shown


def test_alerts_are_listed_with_their_incidents(broker: str) -> None:
    code, shown = run(broker, "list", "--firing", "--heads")
    assert code == 0
    assert "fire/x" in shown
    assert "\x1b" not in shown
    code, shown = run(broker, "list", "--brand", "x", "--json")
    [alert] = map(json.loads, shown.splitlines())
    assert alert["incident"] == alert["id"]
    assert run(broker, "list", "--brand", "quiet")[1] == "no alerts\n"
    code, shown = run(broker, "list", "--brand", "quite")
    assert code == 1
    assert "--brand quite: no such brand is in force; did you mean quiet" in shown
