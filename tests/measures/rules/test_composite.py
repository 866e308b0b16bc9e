"""Several conditions at once: all have to hold."""

from typing import Any

import pytest

from schemas.mention import Polarity, SpamSign, Tick
from schemas.rules import CompositeRule, Condition, Measure, Rule
from tests.measures.feed import DAY, HOUR, Feed, at, begun, ended, learned
from tests.measures.stream import board

GOOD, BAD = Polarity.POSITIVE, Polarity.NEGATIVE
TEN_TIMES = Condition(measure=Measure.POSTS, over_min=15, at_least_times=10)
LESS_GOOD = Condition(measure=Measure.POSITIVE, over_min=15, at_most_times=0.4)


def rule(*conditions: Condition, **fields: Any) -> Rule:
    return CompositeRule(id="both", conditions=conditions, **fields)


COLLAPSE = rule(TEN_TIMES, LESS_GOOD)
"""Ten times the volume and 60 % fewer positive posts."""


def liked(rules: list[Rule]) -> Feed:
    """A brand of whose posts all are positive."""
    return learned(rules, DAY, 1, polarity=GOOD)


def test_both_conditions_together_fire_once_and_resolve() -> None:
    feed = liked([COLLAPSE])
    feed.minutes(30, 25, polarity=BAD)
    [first] = begun(feed.alerts)
    assert first.seen >= 10 * first.expected
    assert "% positive" in first.reason
    assert "posts in 15 min" in first.reason
    assert first.evidence.horizon_min == 15
    feed.minutes(2 * HOUR, 1, polarity=GOOD)
    assert len(begun(feed.alerts)) == len(ended(feed.alerts)) == 1


@pytest.mark.parametrize(
    ("rate", "fields"),
    [
        (25, {"polarity": GOOD}),  # loved by many
        (2, {"polarity": BAD}),  # disliked by few
        (25, {"polarity": BAD, "spam": (SpamSign.PITCH,)}),
        (25, {"polarity": BAD, "author": "one"}),
    ],
)
def test_one_condition_alone_is_not_enough(rate: float, fields: dict[str, Any]) -> None:
    feed = liked([COLLAPSE])
    feed.minutes(30, rate, **fields)
    assert feed.alerts == []


def test_nothing_is_told_before_the_usual_is_known() -> None:
    feed = Feed(board([COLLAPSE]))
    feed.minutes(20, 1, polarity=GOOD)
    feed.minutes(9, 60, polarity=BAD)
    assert feed.alerts == []


@pytest.mark.parametrize(
    ("condition", "fields", "is_met"),
    [
        (Condition(Measure.AUTHORS, over_min=5, at_least=30), {}, True),
        (Condition(Measure.AUTHORS, over_min=5, at_least=90), {}, False),
        (Condition(Measure.REACH, over_min=5, at_least=30_000), {"reach": 1000}, True),
        (Condition(Measure.REACH, over_min=5, at_least=30_000), {"reach": 10}, False),
        (Condition(Measure.POSTS, over_min=1, at_least=12), {}, False),
        (Condition(Measure.POSTS, over_min=5, at_least=40), {}, True),
        (Condition(Measure.NEGATIVE, over_min=5, at_least=60), {"polarity": BAD}, True),
        (Condition(Measure.NEGATIVE, over_min=5, at_least=60), {"polarity": GOOD}, False),
        (Condition(Measure.POSITIVE, over_min=5, at_most=40), {"polarity": BAD}, True),
        (Condition(Measure.NEGATIVE, over_min=60, at_least=1), {}, False),
    ],
)
def test_each_measure(condition: Condition, fields: dict[str, Any], is_met: bool) -> None:
    """Five minutes with ten posts each."""
    feed = liked([rule(condition)])
    for _ in range(5):
        feed.posts(feed.some(10, **fields))
    assert bool(feed.alerts) is is_met


def test_few_posts_and_few_authors_are_never_enough() -> None:
    any_post = Condition(Measure.POSTS, at_least=1)
    strict = rule(any_post, min_posts=500)
    crowded = rule(any_post, min_authors=200)
    for one in (strict, crowded):
        feed = liked([one])
        feed.minutes(20, 3)
        assert feed.alerts == []


def test_a_rule_without_conditions_finds_nothing() -> None:
    """The check of the catalogue refuses it; another writer of the topic may not."""
    feed = liked([rule()])
    feed.minutes(5, 20)
    assert feed.alerts == []


def test_it_is_seen_in_the_open_minute_of_a_live_feed() -> None:
    feed = liked([rule(Condition(Measure.POSTS, over_min=5, at_least=40))])
    now = feed.minute
    posts = feed.some(50)
    live = Tick(at(now + 0.9), 1, watermarks={0: at(now - 0.5)})
    [alert] = feed.take([*posts, live])
    assert alert.started_at_ms == at(now)
