"""The rules at work: edits of the catalogue, outages, catching up, and what stays in the state."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from measures.board import Board, BoardSettings
from schemas.alert import Alert
from schemas.catalogue import Brand, Catalogue
from schemas.mention import AnyMention, Mention, Polarity, Tick
from schemas.rules import (
    CompositeRule,
    Condition,
    CrisisRule,
    DropRule,
    InfluencerRule,
    Measure,
    Rule,
    SentimentRule,
    SilenceRule,
    SpikeRule,
)
from tests.measures.feed import (
    DAY,
    HOUR,
    Feed,
    at,
    begun,
    catalogue,
    check_lives,
    ended,
    learned,
    restarted,
)
from tests.measures.stream import MINUTE, all_idle, board, tick

SPIKE = SpikeRule(id="spike")
FIRE = CrisisRule(id="fire", words=("火",))
MOOD = SentimentRule(id="mood")
LOUD = InfluencerRule(id="loud")
DROP = DropRule(id="drop")
QUIET = SilenceRule(id="quiet", trades=("t",), brands=("x", "y"))
BOTH = CompositeRule(
    id="both",
    conditions=(Condition(Measure.POSTS, over_min=5, at_least_times=5),),
)
ALL_KINDS = (SPIKE, FIRE, MOOD, LOUD, DROP, QUIET, BOTH)
BURSTING = (SPIKE, FIRE, MOOD, LOUD, BOTH)
BURST: dict[str, Any] = {
    "text": "火", "polarity": Polarity.NEGATIVE, "reach": 2_000_000
}  # fmt: skip


def ablaze(rules: Sequence[Rule]) -> Feed:
    """Each of the rules fires about x."""
    feed = learned(rules, DAY, 0.5)
    feed.minutes(25, 40, **BURST)
    assert {alert.rule for alert in begun(feed.alerts)} == {rule.id for rule in rules}
    return feed


@pytest.mark.parametrize("rule", BURSTING)
def test_a_rule_that_is_removed_ends_its_alert_at_the_next_tick(rule: Rule) -> None:
    feed = ablaze([rule])
    feed.subject.redefine(catalogue())
    [end] = feed.take([tick(feed.minute + 1.1)])
    assert (end.kind, end.rule, end.brand) == (rule.kind, rule.id, "x")
    assert (feed.subject.open_alerts, ended(feed.alerts)) == (0, [end])
    assert "no rule looks for this any more" in end.reason
    feed.minutes(HOUR, 40, **BURST)
    assert feed.alerts[-1] is end
    check_lives(feed.alerts)


@pytest.mark.parametrize("rule", BURSTING)
def test_a_rule_that_was_removed_while_the_worker_was_down_ends_its_alert(rule: Rule) -> None:
    feed = ablaze([rule])
    feed.subject = restarted(feed.subject, [])
    [end] = feed.take([tick(feed.minute + 1.1)])
    assert (end.kind, end.brand, end.id) == (rule.kind, "x", feed.alerts[0].id)
    check_lives(feed.alerts)


def test_a_brand_that_is_removed_takes_its_alerts_along_and_is_named_to_the_end() -> None:
    feed = learned(BURSTING, DAY, 0.5)
    feed.subject.redefine(Catalogue((Brand(id="x", name="The X"),), BURSTING))
    feed.minutes(25, 40, **BURST)
    feed.subject.redefine(catalogue(BURSTING, "y"))
    ends = feed.take([tick(feed.minute + 1.1)])
    assert {alert.rule for alert in ends} == {rule.id for rule in BURSTING}
    assert all(alert.reason.startswith("The X: ") for alert in ends)
    feed.minutes(HOUR, 40, **BURST)
    assert feed.subject.open_alerts == 0
    state = feed.subject.states["x"]
    assert (state.alerts, state.pending, state.past) == ({}, {}, {})
    check_lives(feed.alerts)


def test_a_rule_that_now_watches_other_brands_ends_the_alert_of_this_one() -> None:
    feed = ablaze([SPIKE])
    narrowed = SpikeRule(id="spike", brands=("y",))
    feed.subject.redefine(catalogue([narrowed]))
    feed.minutes(5, 40, **BURST)
    assert len(ended(feed.alerts)) == 1


@pytest.mark.parametrize("after", ALL_KINDS)
@pytest.mark.parametrize("before", BURSTING)
def test_a_rule_may_become_one_of_another_kind_while_it_fires(before: Rule, after: Rule) -> None:
    feed = ablaze([before])
    changed = msgspec.structs.replace(after, id=before.id)
    feed.subject.redefine(catalogue([changed]))
    feed.minutes(10, 40, **BURST)
    feed.minutes(2 * HOUR, 0.5)
    check_lives(feed.alerts)
    assert feed.subject.open_alerts == 0
    if before.kind is not after.kind:
        assert ended(feed.alerts)[0].kind == before.kind


def test_a_rule_with_other_numbers_goes_on_with_its_alert() -> None:
    feed = ablaze([SPIKE])
    feed.subject.redefine(catalogue([SpikeRule(id="spike", min_posts=50)]))
    feed.minutes(10, 40, **BURST)
    assert ended(feed.alerts) == []
    assert len({alert.id for alert in feed.alerts}) == 1


def test_notes_of_rules_that_left_do_not_stay() -> None:
    slow = CrisisRule(id="slow", words=("火",), pending_min=600)
    feed = learned([SPIKE, slow], DAY, 0.5)
    feed.minutes(20, 40, text="火")
    feed.minutes(5 * HOUR, 0.5)
    state = feed.subject.states["x"]
    assert (set(state.past), set(state.pending)) == ({"spike"}, {"slow"})
    feed.subject.redefine(catalogue([FIRE]))
    assert (state.past, state.pending) == ({}, {})
    feed.minutes(1, 0)
    assert "x" not in feed.subject.drain().changed


def test_a_silence_of_rules_changes_nothing_that_was_counted() -> None:
    feed, same = ablaze([SPIKE]), ablaze([SPIKE])
    feed.subject.redefine(catalogue([SPIKE]))
    for one in (feed, same):
        one.minutes(3 * HOUR, 0.5)
    assert same.alerts == feed.alerts


def test_what_was_inhibited_or_told_is_handed_over_once() -> None:
    feed = ablaze([FIRE])
    first = feed.subject.drain()
    assert (first.alerts, first.suppressed) == ([], {})


# --- time: outages, catching up, hysteresis


def rush(feed: Feed, minutes: int, rate: float, ticks_every: int) -> None:
    """A backlog: posts of many minutes arrive with few ticks, whose watermarks lag behind."""
    items: list[AnyMention | Tick] = []
    for number in range(minutes):
        items += [*feed.mentions(rate, "x"), *feed.mentions(rate, "y")]
        feed.minute += 1
        if number % ticks_every == 0:
            items.append(tick(feed.minute - 5))
    feed.take([*items, tick(feed.minute)])


@pytest.mark.parametrize("ticks_every", [1, 7, 500])
def test_catching_up_after_downtime_is_no_burst_drop_or_silence(ticks_every: int) -> None:
    feed = learned([SPIKE, DROP, QUIET], 4 * DAY, 2)
    feed.subject = restarted(feed.subject, [SPIKE, DROP, QUIET])
    rush(feed, 8 * HOUR, 2, ticks_every)
    feed.minutes(3 * HOUR, 2, "xy")
    assert feed.alerts == []


def test_live_ticks_while_catching_up_see_no_burst() -> None:
    """The clock says now, the posts are hours old, and come by the thousand a second."""
    feed = learned([SPIKE, DROP, QUIET], 4 * DAY, 2)
    now = feed.minute + 8 * HOUR
    while feed.minute < now:
        items: list[AnyMention | Tick] = []
        for _ in range(30):
            items += [*feed.mentions(2, "x"), *feed.mentions(2, "y")]
            feed.minute += 1
        feed.take([*items, Tick(at(now), 1, watermarks={0: at(feed.minute - 0.5)})])
    assert feed.alerts == []


@pytest.mark.parametrize("outage_min", [20, 5 * HOUR, 30 * HOUR])
def test_an_outage_of_the_whole_feed_raises_nothing_when_it_ends(outage_min: int) -> None:
    feed = learned([SPIKE, DROP, QUIET, BOTH], 4 * DAY, 2)
    feed.take([all_idle()])
    feed.minute += outage_min
    feed.minutes(6 * HOUR, 2, "xy")
    assert feed.alerts == []


def test_an_outage_does_not_make_a_crowd_of_the_usual_posts() -> None:
    many = tuple(f"b{number}" for number in range(30))
    feed = learned([SPIKE], 12 * HOUR, 0.5, many)
    feed.take([all_idle()])
    feed.minute += 20 * HOUR
    feed.minutes(2 * HOUR, 0.5, many)
    assert feed.alerts == []
    assert feed.inhibited == 0


def test_a_backlog_that_is_sent_after_an_outage_raises_nothing() -> None:
    feed = learned([SPIKE, DROP, QUIET], 4 * DAY, 2)
    feed.take([all_idle()])
    rush(feed, 3 * HOUR, 2, 20)
    feed.minutes(3 * HOUR, 2, "xy")
    assert feed.alerts == []


@pytest.mark.parametrize("rule", BURSTING)
def test_what_comes_and_goes_is_one_alert(rule: Rule) -> None:
    feed = ablaze([rule])
    for _ in range(6):
        feed.minutes(10, 0.5)
        feed.minutes(10, 40, **BURST)
    feed.minutes(3 * HOUR, 0.5)
    assert len(begun(feed.alerts)) == len(ended(feed.alerts)) == 1


def test_an_alert_begins_anew_only_with_as_much_as_any() -> None:
    """After its end, what would only have kept it going is not enough."""
    rule = CrisisRule(id="fire", words=("火",), cool_down_min=0)
    feed = Feed(board([rule]))
    feed.posts(feed.some(4, text="火"))
    feed.minutes(40, 0)
    feed.posts(feed.some(1, text="火"))
    feed.minutes(40, 0)
    assert len(begun(feed.alerts)) == 1


def test_an_end_comes_without_any_further_post_of_the_brand() -> None:
    feed = ablaze([FIRE])
    feed.minutes(HOUR, 1, brands="y")
    assert len(ended(feed.alerts)) == 1


def early(subject: Board, now: float, posts: list[Mention]) -> list[Alert]:
    live = Tick(at(now), 1, watermarks={0: at(now - 1)})
    for post in posts:
        subject.apply(post)
    subject.tick(live)
    return subject.drain().alerts


@pytest.mark.parametrize("rule", [FIRE, LOUD, SPIKE, BOTH])
def test_a_live_feed_is_told_within_the_open_minute(rule: Rule) -> None:
    feed = learned([rule], DAY, 0.5)
    now = feed.minute
    alerts = early(feed.subject, now + 0.5, feed.some(40, **BURST))
    assert [alert.started_at_ms for alert in alerts] == [at(now)]


def test_a_replay_is_looked_at_when_its_minutes_close() -> None:
    feed = learned([FIRE], DAY, 0.5)
    assert feed.take([*feed.some(40, **BURST), tick(feed.minute)]) == []
    assert len(feed.take([tick(feed.minute + 2)])) == 1


def test_the_last_minute_of_an_alert_is_the_last_in_which_it_held() -> None:
    feed = ablaze([FIRE])
    last = feed.minute - 1
    feed.minutes(HOUR, 0.5)
    [end] = ended(feed.alerts)
    assert end.updated_at_ms == at(last)
    assert end.ended_at_ms == at(last) + 31 * MINUTE


def test_a_live_feed_with_a_lull_after_each_post_is_told_as_quickly() -> None:
    """Each lull closes the minute; the posts that follow change it."""
    feed = Feed(board([FIRE]))
    for second in range(0, 48, 8):
        now = second / 60
        marks = {0: at(now - 0.5)}
        post = feed.mention(second, text="火")
        feed.take([post, Tick(at(now + 0.02), 1, watermarks=marks)])
        feed.take([Tick(at(now + 0.11), 1, watermarks=marks, idle=(0,))])
    assert len(begun(feed.alerts)) == 1


def test_a_brand_that_joins_a_running_worker_has_no_history_of_zeros() -> None:
    """Large brands would all burst when they are applied."""
    feed = learned([SPIKE], DAY, 1.0, "x")
    feed.subject.redefine(catalogue([SPIKE], "xy"))
    feed.minutes(2 * HOUR, 3, "xy")
    assert feed.alerts == []


@pytest.mark.parametrize("restarts", [False, True])
def test_since_when_an_added_brand_is_watched_outlives_a_restart(restarts: bool) -> None:
    """Else the days before it came would count as days without a post of it."""
    feed = learned([SPIKE], 2 * DAY, 3, "x")
    feed.subject.redefine(catalogue([SPIKE], "xy"))
    if restarts:
        assert feed.subject.drain().changed == {"y"}, "it is written at the next commit"
        feed.subject = restarted(feed.subject, [SPIKE])
    feed.minutes(60, 3, "xy")

    assert [alert.brand for alert in begun(feed.alerts)] == []
    assert feed.subject.states["y"].baseline.since_ms == at(2 * DAY)


def test_a_brand_of_another_partition_leaves_no_state() -> None:
    subject = Board(BoardSettings(), catalogue([SPIKE], "x"), owns=lambda brand: brand == "x")
    feed = Feed(subject)
    feed.minutes(5, 3, "x")
    subject.redefine(catalogue([SPIKE], "xy"))

    assert list(subject.states) == ["x"]
