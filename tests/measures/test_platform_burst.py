"""A burst of all brands is one alert, and no brand's own."""

from collections.abc import Sequence
from typing import Any

import pytest

from measures.platform_burst import PlatformBurst
from schemas.alert import Alert
from schemas.rules import CompositeRule, Condition, CrisisRule, Measure, Rule, SpikeRule
from tests.measures.feed import HOUR, Feed, at, begun, catalogue, check_lives, ended, learned
from tests.measures.stream import board, mention, run, tick

SPIKE = SpikeRule(id="spike")
MANY = tuple(f"b{number}" for number in range(30))
KNOWN = 12 * HOUR


def platform(rules: Sequence[Rule] = (SPIKE,), **options: Any) -> Feed:
    return learned(rules, KNOWN, 0.5, MANY, **options)


def of_all(alerts: Sequence[Alert]) -> list[Alert]:
    return [alert for alert in alerts if alert.brand == "*"]


def test_when_all_burst_one_alert_is_told_and_those_of_brands_are_counted() -> None:
    feed = platform()
    feed.minutes(10, 8, MANY)
    assert [alert.brand for alert in begun(feed.alerts)] == ["*"]
    assert feed.inhibited > 0
    [first] = begun(feed.alerts)
    assert first.fingerprint == "spike/*"
    assert first.seen > 1.7 * first.expected
    assert first.reason.startswith("all brands: many brands at once")


def test_what_still_stands_in_the_horizons_afterwards_is_not_told_either() -> None:
    feed = platform()
    feed.minutes(10, 8, MANY)
    feed.minutes(2 * HOUR, 0.5, MANY)
    assert [alert.brand for alert in begun(feed.alerts)] == ["*"]
    assert [alert.brand for alert in ended(feed.alerts)] == ["*"]
    check_lives(feed.alerts)


def test_a_brand_that_bursts_after_it_is_told() -> None:
    feed = platform()
    feed.minutes(10, 8, MANY)
    feed.minutes(2 * HOUR, 0.5, MANY)
    for _ in range(15):
        feed.posts(*(feed.mentions(30 if name == "b3" else 0.5, name) for name in MANY))
    assert [alert.brand for alert in begun(feed.alerts)] == ["*", "b3"]


def test_a_brand_that_is_far_above_all_others_is_told_meanwhile() -> None:
    feed = platform()
    for _ in range(10):
        feed.posts(*(feed.mentions(300 if name == "b3" else 8, name) for name in MANY))
    assert sorted(alert.brand for alert in begun(feed.alerts)) == ["*", "b3"]


def test_a_burst_of_one_brand_is_its_own() -> None:
    feed = platform()
    for _ in range(15):
        feed.posts(*(feed.mentions(60 if name == "b3" else 0.5, name) for name in MANY))
    assert [alert.brand for alert in begun(feed.alerts)] == ["b3"]


def test_an_alert_that_fired_before_goes_on_and_ends() -> None:
    feed = platform()
    for _ in range(15):
        feed.posts(*(feed.mentions(20 if name == "b3" else 0.5, name) for name in MANY))
    assert [alert.brand for alert in begun(feed.alerts)] == ["b3"]
    feed.minutes(10, 8, MANY)
    feed.minutes(3 * HOUR, 0.5, MANY)
    assert sorted(alert.brand for alert in begun(feed.alerts)) == ["*", "b3"]
    assert sorted(alert.brand for alert in ended(feed.alerts)) == ["*", "b3"]
    check_lives(feed.alerts)


def test_only_one_partition_speaks_for_all_and_the_others_hold_back_as_well() -> None:
    feed = platform(speaks_for_all=False)
    feed.minutes(10, 8, MANY)
    assert feed.alerts == []
    assert feed.inhibited > 0
    assert feed.subject.open_alerts == 0


def test_a_rule_for_some_brands_says_nothing_of_all() -> None:
    feed = platform([SpikeRule(id="spike", brands=("b3",))])
    feed.minutes(10, 8, MANY)
    assert {alert.brand for alert in feed.alerts} == {"b3"}
    assert feed.inhibited == 0


def test_composite_rules_are_held_back_and_crises_are_not() -> None:
    volume = CompositeRule(
        id="volume",
        conditions=(Condition(Measure.POSTS, over_min=5, at_least_times=5),),
    )
    fire = CrisisRule(id="fire", words=("起火",))
    feed = platform([volume, fire, SPIKE])
    for _ in range(10):
        feed.posts(*(feed.mentions(8, name) for name in MANY), feed.some(2, "b3", text="起火"))
    assert sorted((alert.kind, alert.brand) for alert in begun(feed.alerts)) == [
        ("crisis", "b3"),
        ("spike", "*"),
    ]
    assert feed.inhibited > 0


def test_a_few_brands_are_no_platform() -> None:
    few = MANY[:4]
    feed = learned([SPIKE], KNOWN, 0.5, few)
    feed.minutes(10, 40, few)
    assert sorted(alert.brand for alert in begun(feed.alerts)) == sorted(few)


def test_a_rule_that_is_removed_takes_the_alert_of_all_along() -> None:
    feed = platform()
    feed.minutes(10, 8, MANY)
    feed.subject.redefine(catalogue([], MANY))
    feed.minutes(1, 0.5, MANY)
    [end] = ended(feed.alerts)
    assert (end.brand, end.kind) == ("*", "spike")
    assert feed.subject.open_alerts == 0


def test_spam_waves_and_repeats_count_a_brand_once_for_each_doubling() -> None:
    burst = PlatformBurst()
    for posts in range(1, 9):
        burst.count(at(0), posts)
    assert burst.seen(at(0)) == 4, "1, 2, 4, 8"


def test_minutes_are_forgotten_once_they_are_learned() -> None:
    """Also those that late posts bring back."""
    subject = board([SPIKE])
    for minute in range(200):
        is_late = minute % 3 == 0 and minute > 60
        late = [mention(minute - 60, minute, partition=1)] if is_late else []
        run(subject, [mention(minute, minute), *late, tick(minute + 2)])
    kept = subject._partition_state.burst.bits
    assert at(199) in kept
    assert min(kept) >= at(180)
    assert len(kept) <= 17


def test_a_minute_is_learned_once_and_in_its_turn() -> None:
    burst = PlatformBurst()
    counted = [(0, 1), (0, 2), (0, 3), (1, 1)]
    firsts = [burst.count(at(minute), posts) for minute, posts in counted]
    assert firsts == [True, False, False, True]
    for minute in (0, 1, 0):
        burst.learn(at(minute))
    assert burst.baseline.known_to_ms == at(2)
    assert burst.seen(at(0)) == 2


@pytest.mark.parametrize(
    ("first", "last", "reaches"), [(0, 9, False), (5, 12, True), (12, 14, True), (21, 30, False)]
)
def test_which_minutes_a_burst_reaches_into(first: int, last: int, reaches: bool) -> None:
    burst = PlatformBurst(since_ms=10, true_ms=20)
    assert burst.has_burst(first, last) is reaches
    assert not PlatformBurst().has_burst(first, last)
