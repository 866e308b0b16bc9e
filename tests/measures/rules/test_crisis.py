"""Crisis words, and complaints in anger: few posts are enough, of several people."""

from typing import Any

import pytest

from schemas.alert import Alert
from schemas.mention import Objective, Place, Polarity, SpamSign
from schemas.rules import CrisisRule, Rule
from tests.measures.feed import DAY, HOUR, Feed, at, begun, ended, learned
from tests.measures.stream import board

FIRE = CrisisRule(id="fire", words=("起火", "Recall"))
ANGER = CrisisRule(id="anger", objectives=(Objective.CLIENT_MANAGEMENT,))


def one_minute(rule: Rule, count: int, **fields: Any) -> list[Alert]:
    feed = Feed(board([rule]))
    return feed.posts(feed.some(count, **fields))


def test_words_count_in_any_case_and_anywhere_in_the_text() -> None:
    [alert] = one_minute(FIRE, 4, text="the RECALL begins")
    assert (alert.seen, alert.expected, alert.unit) == (4, 0, "posts")
    assert alert.evidence.horizon_min == 10


@pytest.mark.parametrize(
    ("count", "fields"),
    [
        (3, {"text": "起火"}),  # too few posts
        (9, {"text": "起火", "author": "one"}),  # one author
        (9, {"text": "起火", "spam": (SpamSign.PITCH,)}),  # spam alone
        (9, {"text": "着火"}),  # another word
        (9, {"text": ""}),  # in the chain or quote alone: there are no own words
    ],
)
def test_it_stays_quiet(count: int, fields: dict[str, Any]) -> None:
    assert one_minute(FIRE, count, **fields) == []


def test_one_author_in_several_minutes_is_one_author() -> None:
    feed = Feed(board([FIRE]))
    for _ in range(8):
        feed.posts(feed.some(2, text="起火", author="one"))
    assert feed.alerts == []


def test_posts_of_ten_minutes_add_up_and_older_ones_do_not() -> None:
    feed = Feed(board([FIRE]))
    for gap in (0, 2, 2, 2):
        feed.minutes(gap, 0)
        feed.posts(feed.some(1, text="起火"))
    [alert] = feed.alerts
    assert alert.seen == 4
    slow = Feed(board([FIRE]))
    for _ in range(8):
        slow.posts(slow.some(1, text="起火"))
        slow.minutes(3, 0)
    assert slow.alerts == []


def test_the_numbers_of_the_rule_take_the_place_of_the_usual_ones() -> None:
    rule = CrisisRule(id="fire", words=("起火",), min_posts=2, min_authors=1)
    assert one_minute(rule, 1, text="起火") == []
    assert len(one_minute(rule, 2, text="起火", author="one")) == 1


def test_what_a_post_wants_counts_in_anger_alone() -> None:
    wants: dict[str, Any] = {"intents": (Objective.CLIENT_MANAGEMENT,)}
    assert one_minute(ANGER, 9, polarity=Polarity.NEUTRAL, **wants) == []
    [alert] = one_minute(ANGER, 4, polarity=Polarity.NEGATIVE, **wants)
    assert alert.seen == 4


def test_a_post_counts_once_for_a_rule_by_word_and_by_intent() -> None:
    both = CrisisRule(id="both", words=("起火",), objectives=(Objective.CLIENT_MANAGEMENT,))
    wants: dict[str, Any] = {
        "intents": (Objective.CLIENT_MANAGEMENT,),
        "polarity": Polarity.NEGATIVE,
    }
    [alert] = one_minute(both, 4, text="起火了", **wants)
    assert alert.seen == 4


def test_an_alert_lasts_while_single_posts_come_and_ends_half_an_hour_after_the_last() -> None:
    feed = Feed(board([FIRE]))
    feed.posts(feed.some(4, text="起火"))
    for _ in range(5):
        feed.minutes(20, 0)
        feed.posts(feed.some(1, text="起火"))
    assert ended(feed.alerts) == []
    feed.minutes(29, 0)
    assert ended(feed.alerts) == []
    feed.minutes(3, 0)
    [end] = ended(feed.alerts)
    assert len(begun(feed.alerts)) == 1
    assert end.ended_at_ms == end.updated_at_ms + 31 * 60_000


def test_a_second_crisis_is_told_without_a_cool_down() -> None:
    feed = Feed(board([FIRE]))
    for _ in range(2):
        feed.posts(feed.some(4, text="起火"))
        feed.minutes(40, 0)
    assert len(begun(feed.alerts)) == len(ended(feed.alerts)) == 2
    assert len({alert.fingerprint for alert in feed.alerts}) == 1
    assert len({alert.id for alert in feed.alerts}) == 2


def test_one_author_among_others_who_talk_of_something_else_is_one_author() -> None:
    feed = Feed(board([FIRE]))
    feed.posts(feed.some(20), feed.some(9, text="起火", author="one"))
    assert feed.alerts == []


def reposted(
    feed: Feed, minutes: int, rate: float, text: str = "手机起火了", **fields: Any
) -> None:
    """Reposts without words of one original."""
    bare: dict[str, Any] = {
        "place": Place.QUOTED,
        "is_repost": True,
        "original": "it",
        "original_author": "maker",
        "original_text": text,
        "text": "",
        "text_hash": 77,
    }
    feed.minutes(minutes, rate, **bare | fields)


def test_a_crisis_by_reposts_without_words_is_told_within_minutes() -> None:
    """The post itself was never seen: its words stand in the original of the reposts alone."""
    feed = learned([FIRE], DAY, 0.5)
    started_ms = at(DAY)
    reposted(feed, 30, 8)
    [alert] = begun(feed.alerts)

    assert alert.started_at_ms <= started_ms + 3 * 60_000
    assert "0 posts with crisis words (fire) in 10 min" in alert.reason
    assert "times one of maker" in alert.reason
    [sample] = alert.samples
    assert (sample.post, sample.author, sample.text) == ("it", "maker", "手机起火了")
    feed.minutes(2 * HOUR, 0.5)
    assert len(ended(feed.alerts)) == 1


@pytest.mark.parametrize(
    ("rate", "fields"),
    [
        (8, {"text": "手机好看"}),
        (8, {"author": "one"}),
        (8, {"spam": (SpamSign.GIVEAWAY,)}),
        (1, {}),  # half a score in ten minutes
    ],
)
def test_what_is_passed_on_without_harm(rate: float, fields: dict[str, Any]) -> None:
    feed = learned([FIRE], DAY, 0.5)
    reposted(feed, 60, rate, **fields)
    assert feed.alerts == []


def test_a_brand_whose_old_trouble_is_always_passed_on_is_told_of_more_than_that() -> None:
    feed = Feed(board([FIRE]))
    reposted(feed, DAY, 3)
    feed.alerts.clear()
    reposted(feed, 60, 3)
    assert feed.alerts == []
    reposted(feed, 10, 40)
    assert len(begun(feed.alerts)) == 1


def test_a_trickle_of_reposts_does_not_keep_an_alert_alive() -> None:
    feed = learned([FIRE], DAY, 0.5)
    reposted(feed, 10, 8)
    reposted(feed, 2 * HOUR, 0.2)
    assert len(ended(feed.alerts)) == 1


def test_words_and_reposts_add_up() -> None:
    feed = learned([FIRE], DAY, 0.5)
    feed.posts(feed.some(2, text="起火"))
    assert feed.alerts == []
    reposted(feed, 3, 6)
    [alert] = begun(feed.alerts)
    assert "2 posts with crisis words" in alert.reason
