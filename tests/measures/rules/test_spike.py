"""More posts than usual: who has to be behind it, how long it lasts, and what the knob does."""

from typing import Any

import pytest

from measures.horizons import HORIZONS_MIN
from measures.series import SeriesDetector
from schemas.alert import Alert, AlertState
from schemas.mention import SpamSign
from schemas.rules import Rule, SpikeRule
from tests.measures.feed import DAY, HOUR, Feed, begun, ended, learned
from tests.measures.stream import MINUTE, START, board

SPIKE = SpikeRule(id="spike")


def test_a_burst_says_what_was_seen_what_was_expected_and_over_how_long() -> None:
    feed = learned([SPIKE], 2 * DAY, 0.5)
    feed.minutes(10, 30)
    [alert] = begun(feed.alerts)
    assert alert.evidence.horizon_min in HORIZONS_MIN
    assert alert.expected == pytest.approx(0.5 * alert.evidence.horizon_min, rel=0.6)
    assert alert.seen == alert.evidence.posts
    assert alert.evidence.probability < 0.001
    assert f"{alert.seen:.0f} posts in {alert.evidence.horizon_min} min" in alert.reason


def test_a_brand_is_judged_by_its_own_size() -> None:
    """Thirty posts a minute are a burst for a small brand and nothing for a large one."""
    for rate, fires in ((0.5, True), (28.0, False)):
        feed = learned([SPIKE], DAY, rate)
        feed.minutes(10, 30)
        assert bool(feed.alerts) is fires, rate


@pytest.mark.parametrize("authors", [1, 2, 3])
def test_few_authors_are_no_crowd(authors: int) -> None:
    feed = learned([SPIKE], 2 * DAY, 0.5)
    for _ in range(10):
        posts = feed.some(30)
        feed.posts(
            feed.mention(second, author=f"loud {second % authors}") for second in range(len(posts))
        )
    assert feed.alerts == []


def test_the_rule_says_how_many_authors_and_posts_it_takes() -> None:
    rules = [
        SpikeRule(id="crowd", min_authors=100),
        SpikeRule(id="many", min_posts=10_000),
        SPIKE,
    ]
    feed = learned(rules, 2 * DAY, 0.5)
    for _ in range(5):
        feed.posts(feed.mention(second, author=f"one of {second}") for second in range(40))
    assert {alert.rule for alert in feed.alerts} == {"spike"}


def test_spam_is_no_burst_and_does_not_hide_one() -> None:
    feed = learned([SPIKE], 2 * DAY, 0.5)
    feed.minutes(30, 40, spam=(SpamSign.GIVEAWAY,))
    assert feed.alerts == []
    feed.minutes(10, 40)
    assert len(begun(feed.alerts)) == 1


def test_it_lasts_while_half_of_the_excess_is_there_and_ends_after_it() -> None:
    feed = learned([SPIKE], 2 * DAY, 0.5)
    feed.minutes(20, 30)
    feed.minutes(40, 20)
    assert feed.alerts[-1].state is AlertState.FIRING
    feed.minutes(2 * HOUR, 0.5)
    assert len(begun(feed.alerts)) == len(ended(feed.alerts)) == 1


def test_a_lower_knob_wants_more() -> None:
    """The least rate that fires, of some, for each knob."""
    rates = (1, 1.5, 2, 3, 4, 6, 9, 14, 30)
    least = []
    for knob in (0.001, 1.0, 100.0):
        rule = SpikeRule(id="spike", false_alerts_per_month=knob)
        least.append(next(rate for rate in rates if _fires(rule, rate)))
    assert least == sorted(least, reverse=True)
    assert least[0] > least[1] > least[2]


def _fires(rule: Rule, rate: float) -> bool:
    feed = learned([rule], 2 * DAY, 0.5)
    feed.minutes(15, rate)
    return bool(feed.alerts)


def test_nothing_fires_before_the_stream_was_watched_for_half_an_hour() -> None:
    feed = Feed(board([SPIKE]))
    feed.minutes(29, 50)
    assert feed.alerts == []


def test_the_series_detector_finds_the_same_burst_in_the_same_minute() -> None:
    """`leimo detect` is the worker's detector: on the same counts it tells the same."""
    feed = learned([SPIKE], 2 * DAY, 3)
    history = Feed(board([SPIKE]))
    detector = SeriesDetector(MINUTE)
    for minute in range(2 * DAY):
        detector.take(START + minute * MINUTE, len(history.mentions(3)))
        history.minute += 1
    begins = []
    for minute in range(2 * DAY, 2 * DAY + 40):
        posts = feed.mentions(30 if minute >= 2 * DAY + 20 else 3)
        feed.posts(posts)
        if detector.take(START + minute * MINUTE, len(posts)).is_alert:
            begins.append(START + minute * MINUTE)
    [alert] = begun(feed.alerts)
    [begin] = begins
    assert abs(alert.started_at_ms - begin) <= MINUTE


def quiet() -> Feed:
    """A post now and then, with a word that is always said."""
    return learned([SPIKE], 2 * DAY, 0.1, terms=("手机",))


def few(feed: Feed, posts: int = 6, **fields: Any) -> list[Alert]:
    """Some posts within three minutes."""
    found = []
    for minute in range(3):
        numbers = range(minute, posts, 3)
        said = [{"terms": ("手机", f"各{number}")} | fields for number in numbers]
        found += feed.posts(feed.mention(number, **one) for number, one in enumerate(said))
    return begun(found)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"original": "origin", "is_repost": True}, "6 pass on one original"),
        ({"text_hash": 77}, "6 have the same text"),
        ({"terms": ("手机", "爆炸")}, "6 are about 爆炸"),
    ],
)
def test_six_posts_about_one_thing_are_news(fields: dict[str, Any], told: str) -> None:
    feed = quiet()
    [alert] = few(feed, **fields)
    assert told in alert.reason
    assert 6 <= alert.seen <= 8


def test_twelve_posts_about_different_things_are_none() -> None:
    """Nor is what is always said about the brand a thing, nor a text without a word."""
    feed = quiet()
    assert few(feed, 12, text_hash=0) == []


def test_one_author_alone_has_nothing_in_common_with_others() -> None:
    feed = quiet()
    assert few(feed, original="origin", author="one") == []


def test_what_is_passed_on_each_day_is_no_news_the_next_day() -> None:
    feed = quiet()
    found = []
    for day in range(3):
        found.append(len(few(feed, original=f"daily {day}")))
        feed.minutes(DAY, 0.1, terms=("手机",))
    assert found == [1, 0, 0]
    assert len(few(feed, 14, original="much more")) == 1


def test_a_rule_that_asks_for_more_posts_asks_for_more_about_one_thing() -> None:
    rule = SpikeRule(id="spike", min_posts=20)
    feed = learned([rule], 2 * DAY, 0.1, terms=("手机",))
    assert few(feed, original="origin") == []


def test_what_is_about_one_thing_ends_half_an_hour_after_it() -> None:
    feed = quiet()
    [alert] = few(feed, original="origin")
    feed.minutes(2 * HOUR, 0.0)
    [over] = ended(feed.alerts)
    assert over.id == alert.id
    assert 30 <= (over.ended_at_ms - over.started_at_ms) / MINUTE <= 60  # type: ignore[operator]
