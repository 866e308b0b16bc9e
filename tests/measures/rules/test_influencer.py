"""A large account names the brand; many address the brand's own accounts in anger."""

from typing import Any

import pytest

from schemas.mention import Channel, Polarity, SpamSign
from schemas.rules import InfluencerRule
from tests.measures.feed import DAY, HOUR, Feed, begun, ended, learned
from tests.measures.stream import START, board, mention, run, tick

LOUD = InfluencerRule(id="loud")
ATTACK: dict[str, Any] = {"is_address": True, "polarity": Polarity.NEGATIVE}


def test_one_post_of_a_large_account_is_enough_from_the_first_minute_on() -> None:
    [alert] = run(
        board([LOUD]), [mention(0, 1, reach=2_500_000, author="star", text="好"), tick(5)]
    ).alerts
    assert (alert.seen, alert.unit) == (2_500_000, "followers")
    assert "2,500,000" in alert.reason
    assert alert.evidence.reach == 2_500_000
    assert [sample.author for sample in alert.samples] == ["star"]


@pytest.mark.parametrize(
    "fields",
    [
        {"reach": 999_999},
        {"reach": 9_000_000, "channel": Channel.OWNED},  # the brand itself
        {"reach": 9_000_000, "spam": (SpamSign.BOT,)},
        {"reach": 9_000_000, "is_edit": True},  # was told when it was posted
    ],
)
def test_it_stays_quiet(fields: dict[str, Any]) -> None:
    assert run(board([LOUD]), [mention(0, 1, **fields), tick(5)]).alerts == []


def test_the_rule_says_what_is_large() -> None:
    rule = InfluencerRule(id="loud", min_reach=5000)
    posts = [mention(0, 1, reach=4999), mention(5, 2, reach=5000)]
    [alert] = run(board([rule]), [*posts, tick(9)]).alerts
    assert alert.started_at_ms == START + 5 * 60_000


def test_a_still_larger_account_is_an_update_and_a_smaller_one_is_none() -> None:
    feed = Feed(board([LOUD]))
    for reach in (2_000_000, 1_100_000, 9_000_000):
        feed.posts(feed.some(1, reach=reach))
        feed.minutes(5, 0)
    feed.minutes(HOUR, 0)
    assert [alert.seen for alert in feed.alerts] == [2_000_000, 9_000_000, 9_000_000]
    assert len(ended(feed.alerts)) == 1


@pytest.mark.parametrize(
    ("days", "reach", "alerts"),
    [(1, 2_000_000, 1), (1, 3_000_000, 2), (10, 2_000_000, 1), (20, 2_000_000, 2)],
)
def test_an_account_no_larger_than_those_of_the_last_weeks_is_no_news(
    days: int, reach: int, alerts: int
) -> None:
    feed = Feed(board([LOUD]))
    feed.posts(feed.some(1, reach=2_000_000))
    feed.minutes(days * DAY, 0.002)
    feed.posts(feed.some(1, reach=reach))
    assert len(begun(feed.alerts)) == alerts


def test_many_angry_posts_to_its_accounts_are_an_attack() -> None:
    feed = learned([LOUD], DAY, 1)
    feed.minutes(20, 1, **ATTACK)
    [alert] = begun(feed.alerts)
    assert alert.unit == "posts to its accounts"
    assert alert.seen >= 10
    feed.minutes(3 * HOUR, 1)
    assert len(ended(feed.alerts)) == 1


@pytest.mark.parametrize(
    "fields",
    [
        ATTACK | {"author": "one"},
        ATTACK | {"spam": (SpamSign.FLOOD,)},
        ATTACK | {"polarity": Polarity.NEUTRAL},
        ATTACK | {"is_address": False},
    ],
)
def test_what_is_no_attack(fields: dict[str, Any]) -> None:
    feed = learned([LOUD], DAY, 1)
    feed.minutes(20, 1, **fields)
    assert feed.alerts == []


def test_a_brand_that_is_always_addressed_in_anger_is_not_under_attack() -> None:
    feed = Feed(board([LOUD]))
    feed.minutes(DAY, 1, **ATTACK)
    assert feed.alerts == []


def test_an_attack_on_a_brand_with_few_posts_stands_out() -> None:
    """One in ten minutes, each in anger, is 6 an hour: 40 in 20 minutes are far more."""
    feed = learned([LOUD], DAY, 0.1, **ATTACK)
    feed.minutes(20, 2, **ATTACK)
    assert len(begun(feed.alerts)) == 1


def test_anger_that_stays_becomes_the_usual() -> None:
    feed = learned([LOUD], DAY, 1)
    feed.minutes(4 * DAY, 1, **ATTACK)
    assert len(begun(feed.alerts)) == 1
    assert len(ended(feed.alerts)) == 1
