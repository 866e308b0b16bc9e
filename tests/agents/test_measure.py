"""What `measure` puts aside, and why."""

import pytest

from agents.measure import MeasureStage
from kafka_io.settings import Settings
from measures.board import Board, BoardSettings
from schemas.catalogue import Brand, Catalogue
from schemas.mention import Mention
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


def test_it_knows_how_far_it_has_counted(stage: MeasureStage) -> None:
    assert stage.counted_to() == {}
    before = Board(BoardSettings(), Catalogue((Brand(id="xiaomi", name="Xiaomi"),)))
    for partition, offset in ((2, 7), (5, 0), (2, 9)):
        before.apply(Mention("xiaomi", partition, offset, 1_767_225_600_000))
    entries = before.entries("xiaomi")
    stage.restore(0, [(key, value) for key, value in entries if value is not None])

    assert stage.counted_to() == {("posts.raw", 2): 10, ("posts.raw", 5): 1}
