"""A record that takes too long is put aside; those around it count."""

import json
import re
from typing import Any

import msgspec
import pytest

from agents.analyse import AnalyseStage
from analysis.groups import Groups
from analysis.moods import Moods
from analysis.pipeline import Analyser
from analysis.tokens import Tokenizer, tokenizer_named
from kafka_io.settings import Settings
from schemas.catalogue import Brand, Catalogue
from schemas.topics import MENTIONS, POSTS_DEAD, POSTS_SEEN
from streams.attempts import ENDED_WORKERS, PutsAside
from streams.budget import OverBudgetError
from streams.metrics import Metrics
from tests.kafka_io.records import record

BACKTRACKING = re.compile(r"(?:a|aa)+b")
SLOW = "a" * 200


class SlowTokenizer:
    """Never ends on some texts, as a bad regular expression would not."""

    name = "slow"

    def __init__(self) -> None:
        self._inner: Tokenizer = tokenizer_named()

    def cut(self, text: str) -> list[str]:
        BACKTRACKING.search(text)
        return self._inner.cut(text)


@pytest.fixture
def stage() -> AnalyseStage:
    brands = [Brand(id="xiaomi", name="小米手机", aliases=("小米手机",))]
    analyser = Analyser(brands, Moods.load(), SlowTokenizer())
    settings = Settings(broker="127.0.0.1:1", partitions=1, max_record_cpu_s=0.2)
    stage = AnalyseStage(settings, Metrics(), analyser, Groups(Catalogue()), lambda: 0)
    stage.open([0])
    return stage


def post(number: int, text: str, *, offset: int) -> Any:
    value = {"id": str(number), "text": f"小米手机 {text}", "created_at": "2026-01-01T00:10:00Z"}
    headers = (("source", b"leimo"), ("received_at", b"1767226200000"))
    return record(json.dumps(value).encode(), offset=offset, headers=headers)


def topics(rows: list[Any]) -> list[str]:
    return [row.topic for row in rows]


def test_a_slow_record_by_itself_is_a_dead_letter_with_its_offset(stage: AnalyseStage) -> None:
    dead, note = stage.step(0, [post(1, SLOW, offset=7)])

    assert (dead.topic, note.topic) == (POSTS_DEAD.name, POSTS_SEEN.name)
    headers = dict(dead.headers)
    assert (headers["reason"], headers["offset"]) == (b"too_slow", b"7")
    assert b"LEIMO_MAX_RECORD_CPU_S" in headers["detail"]
    assert msgspec.msgpack.decode(note.value or b"")[2] == [], (
        "it was not counted: it may come again"
    )


def test_a_batch_with_a_slow_record_changes_nothing(stage: AnalyseStage) -> None:
    """It is given again, record by record."""
    said = [(1, "好"), (1, "好"), (2, SLOW), (3, "好")]
    records = [post(number, text, offset=at) for at, (number, text) in enumerate(said)]
    with pytest.raises(OverBudgetError):
        stage.step(0, records)

    rows = [stage.step(0, [each]) for each in records]
    assert [topics(each)[-1] for each in rows] == [
        MENTIONS.name, POSTS_SEEN.name, POSTS_SEEN.name, MENTIONS.name
    ]  # fmt: skip
    assert topics(rows[2])[0] == POSTS_DEAD.name


def test_a_slow_record_that_was_mended_counts_when_it_comes_again(stage: AnalyseStage) -> None:
    stage.step(0, [post(1, SLOW, offset=0)])
    assert topics(stage.step(0, [post(1, "好", offset=1)])) == [POSTS_SEEN.name, MENTIONS.name]


def test_it_can_do_without_a_record_that_ended_workers(stage: AnalyseStage) -> None:
    assert isinstance(stage, PutsAside)
    dead, note = stage.set_aside(0, post(1, "好", offset=4), ENDED_WORKERS)

    assert dict(dead.headers)["reason"] == b"too_slow"
    assert msgspec.msgpack.decode(note.value or b"") == [4, 5, []]


def test_a_slow_record_is_no_post_where_posts_are_read_again(stage: AnalyseStage) -> None:
    stage._raw_posts.post = _never_ends  # type: ignore[assignment]
    assert stage.identities([post(1, "好", offset=0), post(2, "好", offset=1)]) == []


def _never_ends(_record: Any) -> Any:
    BACKTRACKING.search(SLOW)
