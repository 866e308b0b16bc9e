"""What `analyse` remembers of posts, over rebalances and restarts."""

import json
from typing import Any

import msgspec
import pytest

from agents.analyse import QUIET_TICK_MS, AnalyseStage
from analysis.groups import Groups
from analysis.moods import Moods
from analysis.pipeline import Analyser
from analysis.tokens import tokenizer_named
from kafka_io.dead_letters import TooManyDeadLettersError
from kafka_io.settings import Settings
from schemas.catalogue import Brand, Catalogue
from schemas.topics import MENTIONS, POSTS_DEAD, POSTS_SEEN
from streams.metrics import Metrics
from tests.kafka_io.records import record

CREATED_AT = "2026-01-01T00:10:00Z"
EARLY_MS, LATER_MS = 1_767_000_000_000, 1_767_226_200_000
"""Days before the post was written, by a clock that was slow; and when it was."""


class Clock:
    """The wall clock of a stage."""

    now_ms = LATER_MS

    def __call__(self) -> int:
        return self.now_ms


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def stage(clock: Clock) -> AnalyseStage:
    analyser = Analyser(
        [Brand(id="xiaomi", name="小米手机", aliases=("小米手机",))],
        Moods.load(),
        tokenizer_named(),
    )
    settings = Settings(
        broker="127.0.0.1:1", partitions=1, repeat_distance=10, dead_share_limit=0.5
    )
    return AnalyseStage(settings, Metrics(), analyser, Groups(Catalogue()), clock)


def post(number: int, *, offset: int, received_at_ms: int = LATER_MS) -> Any:
    value = {"id": str(number), "text": "小米手机真好用", "created_at": CREATED_AT}
    headers = (("source", b"leimo"), ("received_at", b"%d" % received_at_ms))
    return record(json.dumps(value).encode(), offset=offset, headers=headers)


def mentions(stage: AnalyseStage, *posts: Any) -> int:
    return [row.topic for row in stage.step(0, posts)].count(MENTIONS.name)


def test_a_post_that_comes_again_after_a_rebalance_is_a_repeat(stage: AnalyseStage) -> None:
    stage.open([0])
    assert mentions(stage, post(1, offset=0), post(2, offset=1)) == 2
    stage.drop()
    stage.open([0])

    assert stage.recall_from(0, 2) == 2, "nothing has to be read again"
    assert mentions(stage, post(1, offset=2), post(3, offset=3)) == 1


def test_what_was_read_and_not_committed_is_no_repeat_of_itself(stage: AnalyseStage) -> None:
    stage.open([0])
    mentions(stage, post(1, offset=0), post(2, offset=1))
    stage.drop()
    stage.open([0])

    assert stage.recall_from(0, 1) == 0
    stage.recall(0, stage.identities([post(1, offset=0)]))
    assert mentions(stage, post(2, offset=1), post(1, offset=2)) == 1


def test_the_notes_of_one_owner_are_what_the_next_one_recalls(stage: AnalyseStage) -> None:
    stage.open([0])
    assert stage.recall_from(0, 5) == 0
    rows = stage.step(0, [post(1, offset=6), post(2, offset=7)])
    notes = [
        msgspec.msgpack.decode(row.value or b"") for row in rows if row.topic == POSTS_SEEN.name
    ]
    assert [note[:2] for note in notes] == [[5, 8]], "what was passed over is noted as read"

    stage.open([])
    stage.open([0])
    stage.recall(0, [(offset, identity) for offset, identity in notes[0][2]])
    assert mentions(stage, post(2, offset=8), post(3, offset=9)) == 1


def test_a_partition_that_went_elsewhere_is_forgotten(stage: AnalyseStage) -> None:
    stage.open([0, 1])
    mentions(stage, post(1, offset=5))
    stage.drop()
    stage.open([1])
    stage.drop()
    stage.open([0, 1])

    assert stage.recall_from(0, 6) == 0


def test_a_dead_letter_is_not_remembered_as_a_post(stage: AnalyseStage) -> None:
    """Neither by the owner that put it aside, nor by the next one: it was never counted."""
    ahead = post(1, offset=0, received_at_ms=EARLY_MS)
    stage.open([0])
    assert [row.topic for row in stage.step(0, [ahead])] == [POSTS_DEAD.name, POSTS_SEEN.name]
    assert mentions(stage, post(1, offset=1)) == 1

    stage.open([])
    stage.open([0])
    assert stage.identities([ahead]) == []
    assert mentions(stage, post(1, offset=1)) == 1


def event_of(collection: str, *, offset: int) -> Any:
    value = {"did": "did:plc:a", "kind": "commit", "commit": {"collection": collection}}
    headers = (("source", b"jetstream"), ("received_at", b"%d" % LATER_MS))
    return record(json.dumps(value).encode(), offset=offset, headers=headers)


def skipped(stage: AnalyseStage) -> dict[str, float]:
    samples = next(iter(stage._metrics.skipped_events.collect())).samples
    return {sample.labels["event"]: sample.value for sample in samples if sample.value}


def test_events_without_a_post_are_counted_and_neither_put_aside_nor_held_against_a_feed(
    stage: AnalyseStage,
) -> None:
    """A whole stream of Bluesky: 499 likes for a post, and more of them than the share looks at."""
    stage.open([0])
    rows = []
    for first in range(0, 12_000, 500):
        likes = [event_of("app.bsky.feed.like", offset=first + at) for at in range(499)]
        rows += stage.step(0, [*likes, post(first, offset=first + 499)])

    topics = [row.topic for row in rows]
    assert topics.count(MENTIONS.name) == 24
    assert POSTS_DEAD.name not in topics
    assert skipped(stage) == {"collection": 499 * 24}


def test_events_without_a_post_do_not_hide_a_feed_that_sends_what_is_none(
    stage: AnalyseStage,
) -> None:
    def feed_on() -> None:
        for first in range(0, 26_000, 500):
            likes = [event_of("app.bsky.feed.like", offset=first + at) for at in range(300)]
            broken = [record(b"no JSON", offset=first + 300 + at) for at in range(200)]
            stage.step(0, [*likes, *broken])

    stage.open([0])
    with pytest.raises(TooManyDeadLettersError):
        feed_on()


def test_headers_without_a_value_are_passed_over(stage: AnalyseStage) -> None:
    """Kafka allows them; the settings and the record's own time (1970) stand in."""
    value = json.dumps({"id": "1", "text": "小米手机真好用", "created_at": CREATED_AT}).encode()
    stage.open([0])
    rows = stage.step(0, [record(value, headers=(("source", None), ("received_at", None)))])

    assert [dict(row.headers).get("reason") for row in rows] == [b"future_time", None]


def test_ticks_are_rare_while_nothing_is_read(stage: AnalyseStage, clock: Clock) -> None:
    def ticks(after_ms: int) -> int:
        clock.now_ms += after_ms
        return len(stage.ticks(lambda partition: True, clock.now_ms))

    stage.open([0])

    assert ticks(1) == 1, "the first one"
    assert ticks(QUIET_TICK_MS - 1) == 0
    assert ticks(1) == 1
    clock.now_ms += 10
    mentions(stage, post(1, offset=0))
    assert ticks(10) == 1, "something was read"
    assert ticks(10) == 0
