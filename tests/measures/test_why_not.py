"""Why nobody was told: each reason has its own cause, and agrees with what the rules did."""

from typing import Any

import pytest

from analysis.groups import Groups
from measures.board import Board, BoardSettings
from measures.rule_index import RuleIndex
from measures.why_not import Answer, NotKeptError, WhyNot, answers, groups_of, minute_of
from schemas.catalogue import Brand, Catalogue, Silence
from schemas.mention import GROUP_PREFIX, Polarity
from schemas.rules import (
    CompositeRule,
    Condition,
    CrisisRule,
    DropRule,
    InfluencerRule,
    Measure,
    Rule,
    SentimentRule,
    ShareRule,
    SilenceRule,
    SpikeRule,
)
from tests.measures.feed import DAY, Feed, at, catalogue, learned

SPIKE = SpikeRule(id="spike")
FIRE = CrisisRule(id="fire", words=("起火",))


def asked(feed: Feed, *rules: Rule, minute: int | None = None, **about: Any) -> dict[str, Answer]:
    """What `why` says of brand x, at the newest minute unless another is given."""
    board: Board = feed.subject
    state = board.states["x"]
    start_ms = minute_of(state, None if minute is None else at(minute))
    index = RuleIndex(catalogue(rules, **about))
    found = answers(index, board._partition_state, board.states, "x", start_ms)
    return {answer.rule: answer for answer in found}


def reason(feed: Feed, *rules: Rule, **about: Any) -> WhyNot:
    [answer] = asked(feed, *rules, **about).values()
    return answer.reason


def burst(*rules: Rule, posts: int = 40, **about: Any) -> Feed:
    """A day of a post a minute, and a burst in one."""
    feed = learned(rules, DAY, 1, **about)
    feed.posts(feed.some(posts))
    return feed


def test_below_the_limit_says_how_far() -> None:
    feed = burst(SPIKE, posts=5)
    answer = asked(feed, SPIKE)["spike"]
    assert answer.reason is WhyNot.BELOW_LIMIT
    assert answer.seen is not None
    assert answer.limit is not None
    assert answer.seen < answer.limit
    assert feed.alerts == []


def test_what_fires_names_its_alert() -> None:
    feed = burst(SPIKE)
    answer = asked(feed, SPIKE)["spike"]
    assert (answer.reason, answer.alert) == (WhyNot.FIRES, feed.alerts[0].id)
    assert "40 posts in 1 min" in answer.cause


def test_what_fires_on_without_its_posts_says_until_when() -> None:
    feed = burst(FIRE)
    feed.posts(feed.some(6, text="起火"))
    assert not asked(feed, FIRE)["fire"].is_held_open
    [alert] = feed.alerts
    feed.minutes(15, 1)
    answer = asked(feed, FIRE)["fire"]
    assert (answer.reason, answer.seen) == (WhyNot.FIRES, 0)
    assert answer.is_held_open
    assert answer.held_at_ms == alert.updated_at_ms
    assert answer.over_at_ms == alert.updated_at_ms + (1 + FIRE.resolve_after_min) * 60_000
    while not [one for one in feed.alerts if one.ended_at_ms]:
        feed.minutes(5, 1)
    assert [one.ended_at_ms for one in feed.alerts if one.ended_at_ms] == [answer.over_at_ms]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (SpikeRule(id="spike", active_hours="00:00-00:01"), WhyNot.OUTSIDE_ACTIVE_HOURS),
        (SpikeRule(id="spike", pending_min=5), WhyNot.PENDING),
        (SpikeRule(id="spike", min_authors=100), WhyNot.FEW_AUTHORS),
    ],
)
def test_what_holds_a_burst_back_is_named(rule: Rule, expected: WhyNot) -> None:
    feed = burst(rule)
    assert feed.alerts == []
    assert reason(feed, rule) is expected


def test_a_silence_is_named_where_nothing_fires_yet() -> None:
    quiet = Silence(id="launch", reason="", until="2999-01-01T00:00:00Z", brands=("x",))
    feed = burst()
    assert reason(feed, SPIKE, silences=[quiet]) is WhyNot.SILENCE
    assert reason(feed, SPIKE) is WhyNot.HOLDS


def test_the_cool_down_is_named() -> None:
    feed = burst(SPIKE)
    feed.minutes(60, 1)
    assert len(feed.alerts) == 2
    feed.posts(feed.some(45))
    assert len(feed.alerts) == 2
    assert reason(feed, SPIKE) is WhyNot.COOL_DOWN


def test_a_minute_that_is_past_is_judged_by_its_posts() -> None:
    feed = burst(SPIKE, posts=5)
    feed.minutes(30, 1)
    newest, then = asked(feed, SPIKE)["spike"], asked(feed, FIRE, minute=DAY)["fire"]
    assert newest.reason is WhyNot.BELOW_LIMIT
    assert then.reason is WhyNot.NO_POSTS


@pytest.mark.parametrize("minute", [DAY - 600, DAY + 3])
def test_of_what_is_not_kept_nothing_is_said(minute: int) -> None:
    with pytest.raises(NotKeptError, match="nothing is kept") as caught:
        asked(burst(SPIKE), SPIKE, minute=minute)
    minute_ms, first_ms, newest_ms = caught.value.minutes
    assert minute_ms == at(minute)
    assert first_ms < newest_ms == at(DAY)
    assert not first_ms <= minute_ms <= newest_ms


def test_a_young_brand_is_warming_up() -> None:
    feed = learned([], 5, 3)
    feed.posts(feed.some(40))
    rules = (
        SPIKE, SentimentRule(id="mood"), DropRule(id="drop"),
        CompositeRule(id="both", conditions=(Condition(measure=Measure.POSTS, at_least=1),)),
    )  # fmt: skip
    assert {answer.reason for answer in asked(feed, *rules).values()} == {WhyNot.WARMING_UP}


def test_every_kind_says_what_it_sees() -> None:
    feed = burst(FIRE)
    feed.posts(feed.some(3, text="起火", polarity=Polarity.NEGATIVE, reach=500_000))
    rules = (
        FIRE,
        SentimentRule(id="mood"),
        InfluencerRule(id="loud"),
        SilenceRule(id="gone", brands=("x",)),
    )
    found = asked(feed, *rules)
    assert (found["fire"].seen, found["fire"].limit) == (3, 4)
    assert (found["loud"].seen, found["loud"].limit) == (500_000, 1_000_000)
    assert found["gone"].seen == 0
    assert found["mood"].unit == "% negative"
    assert {answer.reason for answer in found.values()} == {WhyNot.BELOW_LIMIT}


def test_shares_are_told_from_the_state_of_the_group() -> None:
    rule = ShareRule(id="rivals", brands=("x", "y"))
    brands = tuple(Brand(id=name, name=name) for name in "xy")
    index = RuleIndex(Catalogue(brands, (rule,)))
    assert list(groups_of(index, "x")) == [GROUP_PREFIX + "rivals"]
    board = Board(BoardSettings(), Catalogue(brands, (rule,)))
    feed, groups = Feed(board), Groups(Catalogue(brands, (rule,)))
    for _ in range(30):
        named = feed.some(3)
        feed.posts(named, [group for one in named for group in groups.of([one])])
    start_ms = minute_of(board.states["x"], None)
    [answer] = answers(index, board._partition_state, board.states, "x", start_ms)
    assert (answer.rule, answer.seen, answer.unit) == ("rivals", 100.0, "% share")
