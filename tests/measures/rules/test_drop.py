"""Far fewer posts than usual, of brands that usually have many."""

import pytest

from schemas.mention import SpamSign
from schemas.rules import DropRule
from tests.measures.feed import DAY, HOUR, begun, ended, learned
from tests.measures.stream import LONG_AFTER, all_idle

DROP = DropRule(id="drop", brands=("x",))
KNOWN = 4 * DAY


def test_a_talk_that_dies_is_told_once_and_ends_when_it_is_back() -> None:
    feed = learned([DROP], KNOWN, 3)
    feed.minutes(2 * HOUR, 0.1)
    [first] = begun(feed.alerts)
    assert first.unit == "posts"
    assert first.seen < 0.5 * first.expected
    assert 100 < first.expected < 260
    assert first.evidence.horizon_min == 60
    feed.minutes(4 * HOUR, 3)
    assert len(begun(feed.alerts)) == len(ended(feed.alerts)) == 1


def test_a_brand_without_any_post_is_looked_at_too() -> None:
    feed = learned([DROP], KNOWN, 3)
    feed.minutes(2 * HOUR, 0)
    [first] = begun(feed.alerts)
    assert first.seen < 0.5 * first.expected


def test_a_drop_that_deepens_is_an_update_and_one_that_goes_on_or_recovers_is_none() -> None:
    feed = learned([DROP], KNOWN, 3)
    feed.minutes(3 * HOUR, 0)
    told = len(feed.alerts)
    severities = [alert.severity for alert in feed.alerts]
    assert severities == sorted(set(severities)), "each is worse than the one before"
    feed.minutes(20, 1.2)
    assert feed.alerts[told:] == [], "more posts than before are no news"


@pytest.mark.parametrize("rate", [0.1, 0.4])
def test_a_brand_with_few_posts_is_not_missed(rate: float) -> None:
    feed = learned([DROP], KNOWN, rate)
    feed.minutes(5 * HOUR, 0)
    assert feed.alerts == []


def test_nothing_is_told_in_the_first_three_days() -> None:
    feed = learned([DROP], 2 * DAY, 3)
    feed.minutes(3 * HOUR, 0)
    assert feed.alerts == []


def test_the_end_of_a_burst_is_no_drop() -> None:
    feed = learned([DROP], KNOWN, 3)
    feed.minutes(4 * HOUR, 30)
    feed.minutes(5 * HOUR, 3)
    assert feed.alerts == []


def test_spam_does_not_hide_a_drop() -> None:
    feed = learned([DROP], KNOWN, 3)
    feed.minutes(2 * HOUR, 3, spam=(SpamSign.BOT,))
    assert len(begun(feed.alerts)) == 1


def test_the_usual_ups_and_downs_of_days_are_no_drop() -> None:
    feed = learned([DROP], KNOWN, 3)
    feed.minutes(2 * DAY, 3)
    assert feed.alerts == []


def test_an_outage_of_the_whole_feed_is_no_drop_of_a_brand() -> None:
    feed = learned([DROP], KNOWN, 3)
    feed.take([all_idle()])
    feed.minute += 5 * HOUR
    feed.minutes(3 * HOUR, 3)
    assert feed.alerts == []
    assert feed.subject.watermark_ms is not None
    assert feed.subject.watermark_ms < LONG_AFTER


def test_a_drop_after_an_outage_is_told_once_an_hour_was_read() -> None:
    feed = learned([DROP], KNOWN, 3)
    feed.take([all_idle()])
    feed.minute += 5 * HOUR
    feed.minutes(1, 3)
    feed.minutes(55, 0)
    assert feed.alerts == []
    feed.minutes(30, 0)
    assert len(begun(feed.alerts)) == 1
