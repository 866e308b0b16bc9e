"""What `measure` puts aside, and why."""

import pytest

from agents.measure import MeasureStage
from kafka_io.settings import Settings
from schemas.catalogue import Brand, Catalogue
from schemas.topics import POSTS_DEAD
from streams.app import StreamApp
from streams.metrics import Metrics
from streams.tables import StateTable
from tests.kafka_io.records import record


@pytest.fixture
def stage() -> MeasureStage:
    settings = Settings(broker="127.0.0.1:1", partitions=1)
    brands = StateTable(StreamApp("test", broker="kafka://127.0.0.1:1"), name="brands")
    stage = MeasureStage(
        settings, Metrics(), Catalogue((Brand(id="xiaomi", name="Xiaomi"),)), brands
    )
    stage.open([0])
    return stage


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b"{", b"not_json"),
        (None, b"not_json"),
        (b"\xff", b"not_json"),
        (b'{"type":"mention"}', b"wrong_type"),
        (b"[]", b"wrong_type"),
    ],
)
def test_the_reason_says_what_is_wrong(
    stage: MeasureStage, value: bytes | None, reason: bytes
) -> None:
    (row,) = stage.step(0, [record(value, topic="mentions")])
    assert row.topic == POSTS_DEAD.name
    assert dict(row.headers)["reason"] == reason
