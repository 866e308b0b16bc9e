"""`leimo trends`, against a broker."""

import asyncio
import json

import msgspec
import pytest
from typer.testing import CliRunner

from kafka_io.batches import Row
from kafka_io.brokers import EmbeddedBroker
from kafka_io.settings import Settings
from kafka_io.topic_admin import apply_topics
from leimo.cli import app
from schemas.topics import TRENDS
from schemas.trend import Influencer, Trend, TrendTerm
from tests.kafka_io.broker_log import append

pytestmark = pytest.mark.embedded

HOUR_MS = 1_400_000_040_000


def trend(brand: str, *rising: str) -> Trend:
    return Trend(
        brand=brand, at_ms=HOUR_MS, counted=100.0, usually_counted=1_000.0,
        top=(TrendTerm("#发布会", 40.0, 0.0, 90.0), TrendTerm("手机", 20.0, 200.0, -0.2)),
        rising=tuple(TrendTerm(term, 30.0, 0.0, 50.0) for term in rising),
        influencers=(Influencer("insider", 50, 1.0, 10.0),),
    )  # fmt: skip


@pytest.fixture
def broker(embedded_broker: EmbeddedBroker) -> str:
    settings = Settings(broker=embedded_broker.address, partitions=8, metrics_address="")
    told = [trend("xiaomi", "召回"), trend("xiaomi", "[red]起火"), trend("huawei", "起火")]

    async def fill() -> None:
        await apply_topics(settings)
        rows = [Row(TRENDS.name, 0, each.key, msgspec.json.encode(each)) for each in told]
        await append(settings, *rows)

    asyncio.run(fill())
    return embedded_broker.address


def run(broker: str, *arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["trends", "--broker", broker, *arguments])
    return done.exit_code, done.output


def test_a_brand_shows_the_latest_that_it_told(broker: str) -> None:
    code, shown = run(broker, "xiaomi")
    assert code == 0
    assert "2014-05-13 16:54 UTC" in shown
    assert "[red]起火" in shown  # hostile text is text
    assert "召回" not in shown
    assert "#发布会" in shown
    assert "insider" in shown


def test_what_is_usual_can_be_compared_with_what_is_counted(broker: str) -> None:
    shown = run(broker, "xiaomi")[1]
    rows = {line.split()[0]: line.split()[1:] for line in shown.splitlines() if line.strip()}
    assert rows["手机"] == ["20", "20", "+0"]  # 200 of the day's 1,000 are 20 of 100
    assert rows["#发布会"] == ["40", "0", "+90"]
    assert json.loads(run(broker, "xiaomi", "--json")[1])["top"][1]["usual"] == 200.0


def test_all_brands_are_shown_together_and_as_json(broker: str) -> None:
    code, shown = run(broker, "--json")
    assert code == 0
    told = json.loads(shown)
    assert {term["term"]: term["count"] for term in told["top"]}["#发布会"] == 80
    assert told["influencers"][0]["reposts"] == 20
    assert "2 brands together" in run(broker)[1]


def test_an_unknown_brand_is_named(broker: str) -> None:
    code, shown = run(broker, "nobody")
    assert code == 1
    assert "nobody: nothing was told of it yet" in shown


def test_missing_topics_are_named(embedded_broker: EmbeddedBroker) -> None:
    code, shown = run(embedded_broker.address)
    assert code == 1
    assert "Topics are missing: trends. Create them with `leimo topics apply`." in shown
