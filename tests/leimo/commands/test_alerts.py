"""`leimo alerts`, `subscribers mute`, `deliveries retry` and `digest`, against a broker."""

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner, Result

from catalogue.topic import publish
from kafka_io.actions import read_actions
from kafka_io.batches import Row
from kafka_io.brokers import EmbeddedBroker
from kafka_io.partitions import partition_for
from kafka_io.settings import Settings
from kafka_io.topic_admin import apply_topics
from leimo.cli import app
from schemas.action import Action, ActionKind, ActionSubject
from schemas.catalogue import Brand, Catalogue, ReceivingChannel
from schemas.delivery import Delivery, Outcome, Reason
from schemas.topics import ALERTS, DELIVERIES, WINDOWS
from tests.delivery.alerts import NOON_MS, alert, subscriber
from tests.kafka_io.broker_log import append
from tests.views.records import window

pytestmark = pytest.mark.embedded
Leimo = Callable[..., Result]
DAY_MS = 86_400_000
MEMBER = alert(0x7 << 76, incident="head")


@pytest.fixture
def settings(embedded_broker: EmbeddedBroker) -> Settings:
    settings = Settings.load(broker=embedded_broker.address, partitions=2)
    asyncio.run(fill(settings))
    return settings


async def fill(settings: Settings) -> None:
    encode = msgspec.json.encode
    await apply_topics(settings)
    who = (subscriber(ReceivingChannel.SLACK, id="ops"),)
    brands = (Brand(id="xiaomi", name="小米"), Brand(id="huawei", name="华为"))
    await publish(settings, Catalogue(brands=brands, subscribers=who))
    dead = Delivery(
        subscriber="ops", channel=ReceivingChannel.SLACK, alert=alert(1).id, brand="xiaomi",
        revision=0, outcome=Outcome.DEAD, reason=Reason.EXPIRED, at_ms=NOON_MS,
        matched_at_ms=NOON_MS,
    )  # fmt: skip
    yesterday_ms = time.time_ns() // 1_000_000 // DAY_MS * DAY_MS - DAY_MS
    closed = [
        msgspec.structs.replace(window(brand, 0, posts, negative=posts // 2), start_ms=yesterday_ms)
        for brand, posts in {"xiaomi": 30, "huawei": 10}.items()
    ]
    await append(
        settings,
        *(Row(ALERTS.name, 0, b"f", encode(one)) for one in (alert(1), MEMBER)),
        *(Row(WINDOWS.name, partition_for(w.brand.encode(), 2), w.key, encode(w)) for w in closed),
        Row(DELIVERIES.name, partition_for(b"ops", 2), dead.key, encode(dead)),
    )


@pytest.fixture
def leimo(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Leimo:
    monkeypatch.setenv("LEIMO_PARTITIONS", "2")
    monkeypatch.setenv("USER", "li")

    def run(*arguments: str) -> Result:
        result = CliRunner().invoke(app, [*arguments, "--broker", settings.broker])
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result

    return run


def written(settings: Settings) -> list[Action]:
    return asyncio.run(read_actions(settings))


def test_what_people_do_is_written_with_their_names(leimo: Leimo, settings: Settings) -> None:
    one = alert(1).id
    shown = leimo("alerts", "ack", one[:19] + "1", "--note", "calling").stdout
    assert shown == f"alert {one}: acknowledged by li: calling\n"
    assert leimo("alerts", "assign", "7", "--to", "wang", "--as", "zhao", "--incident").stdout == (
        "incident head: assigned to wang by zhao\n"
    )
    assert leimo("alerts", "note", one, "old video").exit_code == 0
    done = leimo("alerts", "false-alarm", one, "--json")
    assert json.loads(done.stdout)["kind"] == "false_alarm"
    leimo("alerts", "release", one)
    found = written(settings)
    assert [(one.kind, one.who, one.via) for one in found] == [
        (ActionKind.ACKNOWLEDGED, "li", "command"), (ActionKind.ASSIGNED, "zhao", "command"),
        (ActionKind.NOTE, "li", "command"), (ActionKind.FALSE_ALARM, "li", "command"),
        (ActionKind.RELEASED, "li", "command"),
    ]  # fmt: skip
    assert (found[1].on, found[1].subject) == (ActionSubject.INCIDENT, "head")


def test_what_cannot_be_meant_is_refused(leimo: Leimo, settings: Settings) -> None:
    assert "no such alert is held" in leimo("alerts", "ack", "nothing").stderr
    assert leimo("alerts", "ack", "7", "--as", " ").exit_code == 2
    assert leimo("alerts", "note", "7", " ").exit_code == 2
    assert "did you mean ops?" in leimo("subscribers", "mute", "opps", "--for", "2h").stderr
    assert leimo("subscribers", "mute", "ops").exit_code == 2
    assert leimo("subscribers", "mute", "ops", "--for", "soon").exit_code == 2
    assert leimo("deliveries", "retry").exit_code == 2
    assert written(settings) == []


def test_a_subscriber_is_muted_and_hears_again(leimo: Leimo) -> None:
    assert leimo("subscribers", "mute", "ops", "--for", "2h").stdout.startswith("ops: muted until ")
    assert "; muted until 2" in leimo("subscribers", "list").stdout
    assert leimo("subscribers", "mute", "ops", "--end").stdout == "ops: hears of alerts again\n"
    assert "muted" not in leimo("subscribers", "list").stdout


def test_what_was_given_up_is_asked_for_once_more(leimo: Leimo, settings: Settings) -> None:
    assert leimo("deliveries", "retry", "--subscriber", "pr").stdout.startswith("0 asked")
    assert leimo("deliveries", "retry", "--subscriber", "ops").stdout.startswith("1 asked")
    [action] = written(settings)
    assert (action.kind, action.on) == (ActionKind.RETRIED, ActionSubject.DELIVERY)
    assert action.subject == f"ops~{alert(1).id}"


def test_a_digest_is_printed_or_written_as_a_page(leimo: Leimo, tmp_path: Path) -> None:
    asked = ("digest", "--brand", "xiaomi", "--rival", "huawei", "--zone", "UTC")
    shown = leimo(*asked).stdout
    assert "声量：30 条（前一日无数据）" in shown
    assert "情感：正面 0%，负面 50%" in shown
    assert "声量份额：小米 75.0% · 华为 25.0%" in shown
    page = tmp_path / "digest.html"
    assert leimo(*asked, "--language", "en", "--html", str(page)).exit_code == 0
    assert "Share of voice" in page.read_text("utf-8")
    assert "data:image/png;base64,iVBOR" in page.read_text("utf-8")
    assert "is the id of no brand" in leimo("digest", "--brand", "nokia").stderr
    assert leimo("digest", "--brand", "xiaomi", "--zone", "Mars").exit_code == 2
