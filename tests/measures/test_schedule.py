"""When rules are evaluated: at what may hold something, and at nothing else."""

from typing import Any

import pytest

from measures.brand_state import BrandState
from measures.buckets import Bucket
from measures.rule_index import RuleIndex
from measures.schedule import Schedule
from measures.watermarks import EventTime
from schemas.mention import Polarity
from schemas.rules import DropRule, InfluencerRule, Rule, SpikeRule
from tests.measures.feed import DAY, at, catalogue, learned
from tests.measures.stream import count, mention

SPIKE = SpikeRule(id="spike")
DROP = DropRule(id="drop")
LOUD = InfluencerRule(id="loud")


def bucket_of(posts: int, **fields: Any) -> Bucket:
    bucket = Bucket()
    for number in range(posts):
        count(bucket, mention(0, number, **fields))
    return bucket


MIN_REACH = InfluencerRule(id="loud").min_reach


def schedule(*rules: Rule, **states: BrandState) -> Schedule:
    return Schedule(states, RuleIndex(catalogue(rules)))


@pytest.mark.parametrize(
    ("held", "bucket", "is_due"),
    [
        (9, bucket_of(1), False),
        (10, bucket_of(1), True),
        (1, bucket_of(1, reach=MIN_REACH), True),
        (1, bucket_of(1, reach=MIN_REACH - 1), False),
        (1, bucket_of(1, polarity=Polarity.NEGATIVE, is_address=True), True),
    ],
)
def test_a_closed_minute_is_due_with_enough_posts_or_what_counts_at_once(
    held: int, bucket: Bucket, is_due: bool
) -> None:
    state = BrandState(ring_posts=held, buckets={at(0): bucket})
    assert schedule(SPIKE, LOUD, x=state).is_due_closed(state, bucket) is is_due


@pytest.mark.parametrize(
    ("posts", "mood", "is_due"),
    [
        (4, Polarity.NEGATIVE, True),  # nothing is known of the brand yet
        (4, Polarity.POSITIVE, False),
        (10, Polarity.POSITIVE, True),
    ],
)
def test_an_open_minute_of_an_unknown_brand_is_due_with_posts_or_a_mood(
    posts: int, mood: Polarity, is_due: bool
) -> None:
    state = BrandState(ring_posts=posts, buckets={at(0): bucket_of(posts, polarity=mood)})
    assert schedule(SPIKE, x=state).is_due_open("x", state, at(0)) is is_due


def test_other_rules_make_what_small_accounts_say_count_at_once() -> None:
    bucket = bucket_of(1, reach=700)
    state = BrandState(ring_posts=1, buckets={at(0): bucket})
    subject = schedule(LOUD, x=state)
    assert not subject.is_due_closed(state, bucket)
    subject.redefine(RuleIndex(catalogue([InfluencerRule(id="l", min_reach=500)])))
    assert subject.is_due_closed(state, bucket)


def known(rule: Rule, rate: float) -> tuple[Schedule, int]:
    """Of brand x, which has had so many posts a minute for a day; and the end of the last one."""
    state = learned([rule], DAY, rate).subject.states["x"]
    subject = schedule(rule, x=state)
    subject.note("x", state)
    return subject, at(DAY) - at(DAY) % 300_000


@pytest.mark.parametrize(("rule", "rate", "missed"), [(DROP, 2, ["x"]), (SPIKE, 2, [])])
def test_a_busy_brand_that_a_rule_would_miss_is_due_once_in_five_minutes(
    rule: Rule, rate: float, missed: list[str]
) -> None:
    subject, until_ms = known(rule, rate)
    event_time = EventTime()
    times = [until_ms + minutes * 60_000 for minutes in (60, 60, 65)]
    assert [list(subject.due_quiet(event_time, time)) for time in times] == [missed, [], missed]


def test_a_brand_with_hardly_any_posts_is_not_missed() -> None:
    subject, until_ms = known(DROP, 0.05)
    assert list(subject.due_quiet(EventTime(), until_ms + 3_600_000)) == []
