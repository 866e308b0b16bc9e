"""The mood of a brand shifts, against its own usual mix."""

from typing import Any

import pytest

from measures.rules.sentiment import least_z
from schemas.alert import Alert
from schemas.mention import Place, Polarity, SpamSign
from schemas.rules import SentimentRule
from tests.measures.feed import DAY, HOUR, Feed, begun, catalogue, ended
from tests.measures.stream import board

MOOD = SentimentRule(id="mood")
BAD = Polarity.NEGATIVE


def mixed(feed: Feed, minutes: int, rate: float, negative: float, **fields: Any) -> None:
    """Posts of which this share is negative, evenly mixed."""
    owed = 0.0
    for _ in range(minutes):
        made = []
        for post in feed.mentions(rate):
            owed += negative
            mood = BAD if owed >= 1 else Polarity.NEUTRAL
            owed -= owed >= 1
            made.append(feed.mention(post.event_time_ms % 60_000 / 1000, polarity=mood, **fields))
        feed.posts(made)


def usual() -> Feed:
    """A brand with one negative post in five, and then the rule."""
    feed = Feed(board())
    mixed(feed, 12 * HOUR, 1, 0.2)
    feed.subject.redefine(catalogue([MOOD]))
    return feed


def test_a_shift_is_told_with_both_shares_and_ends_when_the_mood_is_back() -> None:
    feed = usual()
    mixed(feed, 2 * HOUR, 1, 0.8)
    mixed(feed, 4 * HOUR, 1, 0.2)
    [first], [last] = begun(feed.alerts), ended(feed.alerts)
    assert first.unit == "% negative"
    assert 35 < first.seen <= 100
    assert first.expected == pytest.approx(20, abs=6)
    assert first.evidence.negative_before == pytest.approx(0.2, abs=0.06)
    assert (last.ended_at_ms or 0) > first.started_at_ms + HOUR * 60_000


def quiet(minutes: int, rate: float, negative: float, **fields: Any) -> list[Alert]:
    feed = usual()
    mixed(feed, minutes, rate, negative, **fields)
    return feed.alerts


def test_a_few_bad_posts_are_no_shift() -> None:
    assert quiet(10, 1, 1.0) == []


def test_one_author_is_no_shift() -> None:
    assert quiet(HOUR, 1, 1.0, author="one") == []


def test_posts_that_only_quote_the_brand_have_no_mood() -> None:
    feed = usual()
    feed.minutes(2 * HOUR, 1, place=Place.QUOTED)
    assert feed.alerts == []


def test_an_hour_that_is_a_little_worse_is_usual() -> None:
    assert quiet(3 * HOUR, 1, 0.3) == []


def test_nothing_is_told_before_two_hundred_posts_are_known() -> None:
    feed = Feed(board([MOOD]))
    feed.minutes(HOUR, 1)
    feed.minutes(HOUR, 1, polarity=BAD)
    assert feed.alerts == []


def test_more_posts_in_the_usual_mood_are_no_shift() -> None:
    assert quiet(HOUR, 20, 0.2) == []


def test_a_mood_that_stays_for_days_becomes_the_usual() -> None:
    feed = usual()
    mixed(feed, 4 * DAY, 1, 0.8)
    [first], [last] = begun(feed.alerts), ended(feed.alerts)
    assert (last.ended_at_ms or 0) - first.started_at_ms < 2 * DAY * 60_000


def test_a_mood_on_the_edge_makes_one_alert_not_many() -> None:
    feed = usual()
    for _ in range(8):
        mixed(feed, 40, 1, 0.8)
        mixed(feed, 40, 1, 0.35)
    assert len(begun(feed.alerts)) == 1


def test_fewer_false_alerts_allowed_need_a_clearer_shift() -> None:
    assert least_z(0.1) > least_z(1) > least_z(10)


def test_spam_has_no_mood() -> None:
    feed = usual()
    for _ in range(2 * HOUR):
        feed.posts(feed.mentions(1), feed.mentions(3, polarity=BAD, spam=(SpamSign.PITCH,)))
    assert feed.alerts == []
    assert feed.subject.states["x"].negative_share < 0.25
