"""No posts at all: of a brand that is never quiet for so long, and of the whole feed."""

from collections.abc import Iterator

import pytest

from measures.board import Board, BoardSettings
from schemas.alert import Alert
from schemas.mention import Tick
from schemas.rules import Rule, SilenceRule
from tests.measures.feed import (
    DAY,
    HOUR,
    at,
    begun,
    catalogue,
    check_lives,
    ended,
    learned,
    restarted,
)
from tests.measures.stream import all_idle, mention, run

OF_X = SilenceRule(id="quiet", brands=("x",))
OF_FEED = SilenceRule(id="feed", within_min=15)


def test_a_brand_that_is_never_quiet_is_missed_after_an_hour() -> None:
    feed = learned([OF_X], DAY, 3)
    feed.minutes(55, 0)
    assert feed.alerts == []
    feed.minutes(10, 0)
    [first] = feed.alerts
    assert (first.brand, first.seen, first.kind) == ("x", 0, "silence")
    assert "no posts for 6" in first.reason
    assert first.evidence.posts == 0


def test_it_is_told_again_only_when_it_is_worse_and_ends_when_posts_come() -> None:
    feed = learned([OF_X], DAY, 3)
    feed.minutes(3 * HOUR, 0)
    assert len(feed.alerts) == 1
    feed.minutes(9 * HOUR, 0)
    assert 2 <= len(feed.alerts) <= 4, "one more with each four hours"
    assert len(begun(feed.alerts)) == 1
    feed.minutes(HOUR, 1)
    assert len(ended(feed.alerts)) == 1
    check_lives(feed.alerts)


def test_the_rule_says_for_how_long() -> None:
    rule = SilenceRule(id="quiet", brands=("x",), within_min=20)
    feed = learned([rule], DAY, 9)
    feed.minutes(26, 0)
    assert len(begun(feed.alerts)) == 1


@pytest.mark.parametrize("rate", [0.02, 0.1])
def test_an_hour_without_posts_is_usual_for_a_small_brand(rate: float) -> None:
    feed = learned([OF_X], DAY, rate)
    feed.minutes(6 * HOUR, 0)
    assert feed.alerts == []


def test_another_brand_that_goes_quiet_is_not_watched() -> None:
    feed = learned([OF_X], DAY, 3)
    feed.minutes(2 * HOUR, 1)
    assert feed.alerts == []


def test_a_rule_that_comes_later_sees_a_brand_that_is_already_silent() -> None:
    feed = learned([], DAY, 3)
    feed.minutes(2 * HOUR, 0)
    feed.subject.redefine(catalogue([OF_X]))
    feed.minutes(6, 0)
    assert len(begun(feed.alerts)) == 1


def test_a_restart_during_a_long_silence_does_not_make_it_longer() -> None:
    """The ring is empty by then, and the state must still know of the last post."""
    feed = learned([OF_X], DAY, 3)
    feed.minutes(3 * HOUR, 0)
    feed.subject = restarted(feed.subject, [OF_X])
    told = len(feed.alerts)
    feed.minutes(30, 0)
    assert feed.alerts[told:] == []


def test_an_outage_of_the_whole_feed_is_no_silence_of_a_brand() -> None:
    feed = learned([OF_X], DAY, 3)
    feed.take([all_idle()])
    feed.minute += 5 * HOUR
    feed.minutes(30, 1, brands="y")
    assert feed.alerts == []
    feed.minutes(60, 1, brands="y")
    [alert] = feed.alerts
    assert "no posts for 6" in alert.reason, "what nobody read does not count"


class Live:
    """A live feed of one raw partition, with a tick each minute."""

    def __init__(self, rules: list[Rule], *, speaks_for_all: bool = True) -> None:
        self.subject = Board(BoardSettings(), catalogue(rules), speaks_for_all=speaks_for_all)
        self.alerts: list[Alert] = []
        self.newest = 0.0

    def post(self, minute: float) -> None:
        self.newest = minute
        self._take([mention(minute, int(minute * 60)), self._tick(minute, is_idle=False)])

    def silent(self, first: int, last: int) -> None:
        for minute in range(first, last):
            self._take([self._tick(minute, is_idle=True)])

    def _tick(self, minute: float, *, is_idle: bool) -> Tick:
        marks = {0: at(self.newest - 0.5)}
        return Tick(at(minute), 1, watermarks=marks, idle=(0,) if is_idle else ())

    def _take(self, items: list[object]) -> None:
        self.alerts += run(self.subject, items).alerts  # type: ignore[arg-type]


def test_a_silent_feed_is_told_once_and_ends_when_posts_come() -> None:
    live = Live([OF_FEED])
    live.post(0)
    live.silent(1, 14)
    assert live.alerts == []
    live.silent(14, 40)
    [first, *updates] = live.alerts
    assert (first.brand, first.kind, first.fingerprint) == ("*", "silence", "feed/*")
    assert first.reason.startswith("the feed: no posts at all for 15 min")
    assert len(updates) <= 3, "only as it becomes worse"
    for minute in range(40, 90):
        live.post(minute)
    [end] = ended(live.alerts)
    assert end.reason.startswith("the feed: over after")
    check_lives(live.alerts)


def test_a_feed_that_is_silent_for_a_night_is_told_a_few_times() -> None:
    live = Live([OF_FEED])
    live.post(0)
    live.silent(1, 10 * HOUR)
    assert len(begun(live.alerts)) == 1
    assert len(live.alerts) <= 10
    severities = [alert.severity for alert in live.alerts]
    assert severities == sorted(set(severities))


def test_only_the_partition_that_speaks_for_all_tells_of_the_feed() -> None:
    live = Live([OF_FEED], speaks_for_all=False)
    live.post(0)
    live.silent(1, 3 * HOUR)
    assert live.alerts == []


def test_a_replay_of_old_posts_is_no_silent_feed() -> None:
    feed = learned([OF_FEED], HOUR, 1)
    feed.take([all_idle(), all_idle()])
    assert feed.alerts == []


def lulls() -> Iterator[tuple[int, int]]:
    yield from ((minute, minute + 9) for minute in range(1, 200, 10))


def test_short_lulls_are_no_silent_feed() -> None:
    live = Live([OF_FEED])
    live.post(0)
    for first, last in lulls():
        live.silent(first, last)
        live.post(last)
    assert live.alerts == []
