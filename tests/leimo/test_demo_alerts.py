"""What a replay says at its end of the alerts that it raised."""

from pathlib import Path

import msgspec
import pytest

from kafka_io.batches import Row
from kafka_io.brokers import EmbeddedBroker
from kafka_io.settings import Settings
from kafka_io.topic_admin import apply_topics
from leimo.demo_alerts import MOST, listed, raised
from schemas.alert import AlertState
from schemas.topics import ALERTS
from tests.kafka_io.broker_log import append
from tests.views.records import alert


@pytest.mark.embedded
async def test_each_alert_is_listed_once_in_its_newest_state(
    embedded_broker: EmbeddedBroker, tmp_path: Path
) -> None:
    settings = Settings(broker=embedded_broker.address, metrics_address="")
    await apply_topics(settings)
    begun = msgspec.structs.replace(alert(1), started_at_ms=2_000_000, reason="begins")
    over = msgspec.structs.replace(
        begun, state=AlertState.RESOLVED, revision=1, reason="over\n\x1b[2J"
    )
    later = msgspec.structs.replace(alert(2), started_at_ms=3_000_000, reason="later")
    rows = [
        Row(ALERTS.name, at, b"k", msgspec.json.encode(one))
        for at, one in ((3, later), (1, begun), (1, over))
    ]
    await append(settings, *rows)
    assert await raised(settings) == [over, later]
    first, *lines = listed([over, later])
    assert first == "2 alerts were raised:"
    assert [line.split()[0] for line in lines] == ["1970-01-01T00:33:20Z", "1970-01-01T00:50:00Z"]
    assert "over" in lines[0]
    assert "\n" not in lines[0]


def test_of_many_the_first_are_listed() -> None:
    lines = listed([alert(number) for number in range(MOST + 3)])
    assert len(lines) == MOST + 2
    assert lines[0] == f"{MOST + 3} alerts were raised:"
    assert lines[-1].endswith("and 3 after them")
