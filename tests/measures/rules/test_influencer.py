"""A large account says what matters, or is passed on; many address the brand in anger."""

from typing import Any

import pytest

from schemas.alert import Alert
from schemas.mention import Channel, Objective, Place, Polarity, SpamSign
from schemas.rules import InfluencerRule
from tests.measures.feed import DAY, HOUR, Feed, at, begun, ended, learned
from tests.measures.stream import START, board, mention, run, tick

LOUD = InfluencerRule(id="loud")
ANGRY: dict[str, Any] = {"polarity": Polarity.NEGATIVE}
ATTACK: dict[str, Any] = {"is_address": True, "polarity": Polarity.NEGATIVE}


def test_one_post_of_a_large_account_is_enough_from_the_first_minute_on() -> None:
    [alert] = run(
        board([LOUD]), [mention(0, 1, reach=2_500_000, author="star", text="差", **ANGRY), tick(5)]
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
        {"reach": 9_000_000, "channel": Channel.PAID},
        {"reach": 9_000_000, "spam": (SpamSign.BOT,)},
        {"reach": 9_000_000, "is_edit": True},  # was told when it was posted
        {"reach": 9_000_000, "place": Place.CHAIN},  # others said it
        {"reach": 9_000_000, "polarity": Polarity.POSITIVE},
        {"reach": 9_000_000, "polarity": Polarity.NEUTRAL},
    ],
)
def test_it_stays_quiet(fields: dict[str, Any]) -> None:
    assert run(board([LOUD]), [mention(0, 1, **ANGRY | fields), tick(5)]).alerts == []


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        (ANGRY, "speaks badly of it"),
        ({"intents": (Objective.CLIENT_MANAGEMENT,)}, "complains or asks"),
    ],
)
def test_it_says_what_the_account_does(fields: dict[str, Any], told: str) -> None:
    [alert] = run(board([LOUD]), [mention(0, 1, reach=2_000_000, **fields), tick(5)]).alerts
    assert told in alert.reason


def spread(reposts: int, **fields: Any) -> list[Alert]:
    """A large account's post, and two reposts a minute afterwards."""
    feed = Feed(board([LOUD]))
    said: dict[str, Any] = {"reach": 3_000_000, "post": "it"}
    feed.posts(feed.some(1, **said | fields))
    for _ in range(reposts // 2):
        feed.posts(feed.some(2, is_repost=True, original="it", place=Place.QUOTED))
    return feed.alerts


def test_a_post_that_spreads_is_told_whatever_it_says() -> None:
    [alert] = spread(10)
    assert (alert.seen, alert.started_at_ms) == (3_000_000, at(5))
    assert "spreads: 10 reposts" in alert.reason


@pytest.mark.parametrize(
    ("reposts", "fields"),
    [
        (8, {}),
        (20, {"reach": 900_000}),
        (20, {"post": "another"}),
        (20, {"is_repost": True, "original": "it"}),  # of somebody else's words
        (20, {"channel": Channel.PAID}),
    ],
)
def test_what_does_not_spread(reposts: int, fields: dict[str, Any]) -> None:
    assert spread(reposts, **fields) == []


def test_large_accounts_that_are_passed_on_each_day_are_no_news() -> None:
    feed = Feed(board([LOUD]))
    for day in range(3):
        feed.posts(feed.some(1, reach=3_000_000 + day, post=f"it{day}"))
        for _ in range(6):
            feed.posts(feed.some(2, is_repost=True, original=f"it{day}", place=Place.QUOTED))
        feed.minutes(DAY, 0.01)
    assert len(begun(feed.alerts)) == 1


def test_the_rule_says_what_is_large() -> None:
    rule = InfluencerRule(id="loud", min_reach=5000)
    posts = [mention(0, 1, reach=4999, **ANGRY), mention(5, 2, reach=5000, **ANGRY)]
    [alert] = run(board([rule]), [*posts, tick(9)]).alerts
    assert alert.started_at_ms == START + 5 * 60_000


def test_a_still_larger_account_is_an_update_and_a_smaller_one_is_none() -> None:
    feed = Feed(board([LOUD]))
    for reach in (2_000_000, 1_100_000, 9_000_000):
        feed.posts(feed.some(1, reach=reach, **ANGRY))
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
    feed.posts(feed.some(1, reach=2_000_000, **ANGRY))
    feed.minutes(days * DAY, 0.002)
    feed.posts(feed.some(1, reach=reach, **ANGRY))
    assert len(begun(feed.alerts)) == alerts


def test_a_number_of_followers_that_no_account_has_is_not_believed() -> None:
    """It is no alert itself, and what the brand is used to stays what it was."""
    feed = Feed(board([LOUD]))
    feed.posts(feed.some(1, reach=10_000_000_000, **ANGRY))
    feed.minutes(DAY, 0.002)
    assert feed.alerts == []
    feed.posts(feed.some(1, reach=150_000_000, **ANGRY))
    [alert] = begun(feed.alerts)
    assert alert.seen == 150_000_000


def test_a_false_number_that_was_learned_before_is_forgotten() -> None:
    feed = Feed(board([LOUD]))
    feed.posts(feed.some(1))
    feed.minutes(2, 0.0)
    feed.subject.states["x"].loudest = 1e10
    feed.posts(feed.some(1, reach=2_000_000, **ANGRY))
    assert len(begun(feed.alerts)) == 1
    feed.minutes(60, 0.1)
    assert feed.subject.states["x"].loudest <= 2_000_000


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
