"""Alerts: what fires, what does not, and how an alert lives."""

import pytest

from schemas.alert import AlertState
from schemas.mention import Objective, Place, Polarity, SpamSign, Tick
from schemas.rules import CrisisRule, SentimentRule, SpikeRule
from tests.measures.feed import DAY, HOUR, Feed
from tests.measures.stream import START, board, changelog, firing, mention, run, tick

pytestmark = pytest.mark.no_cover
"""Days of minutes: tracing would slow them down three times."""

SPIKE = SpikeRule(id="spike")
CRISIS = CrisisRule(id="safety", words=("爆炸", "起火"), department="care")
SENTIMENT = SentimentRule(id="mood")


def test_a_burst_after_quiet_days_fires_once_is_updated_and_resolves() -> None:
    feed = Feed(board([SPIKE]))
    feed.minutes(2 * DAY, 0.5)
    assert feed.alerts == []
    feed.minutes(20, 30, terms=("发布会",))
    feed.minutes(3 * HOUR, 0.5)
    assert len(firing(feed.alerts, "spike")) == 1
    assert len({alert.id for alert in feed.alerts}) == 1
    assert [alert.revision for alert in feed.alerts] == list(range(len(feed.alerts)))
    first, last = feed.alerts[0], feed.alerts[-1]
    assert first.seen > 5 * first.expected
    assert "发布会" in {term.term for term in first.terms}
    assert last.state is AlertState.RESOLVED
    assert last.ended_at_ms is not None
    assert last.ended_at_ms > first.started_at_ms
    assert last.severity >= first.severity


@pytest.mark.parametrize("rate", [0.02, 0.08, 0.4, 2.0, 20.0])
def test_a_steady_brand_of_any_size_stays_quiet_for_a_week(rate: float) -> None:
    feed = Feed(board([SPIKE]), seed=int(rate * 100))
    feed.minutes(7 * DAY, rate)
    assert feed.alerts == []


def test_the_first_half_hour_of_a_stream_is_no_burst_at_any_level() -> None:
    feed = Feed(board([SPIKE, SENTIMENT]))
    feed.minutes(12 * HOUR, 40)
    assert feed.alerts == []


def test_a_brand_first_named_in_a_stream_that_was_long_watched_has_a_history_of_zeros() -> None:
    subject = board([SPIKE])
    run(subject, [mention(0, 0, brand="y"), tick(1)])
    feed = Feed(subject)
    feed.minutes(DAY, 0)
    feed.minutes(10, 30)
    assert len(firing(feed.alerts, "spike")) == 1


def test_two_posts_on_a_brand_with_almost_none_do_not_fire() -> None:
    feed = Feed(board([SPIKE]))
    feed.minutes(3 * DAY, 0.08)
    feed.minutes(1, 4)
    assert feed.alerts == []


def test_one_author_alone_is_no_spike() -> None:
    feed = Feed(board([SPIKE]))
    feed.minutes(DAY, 0.5)
    feed.minutes(2, 60, author="spammer")
    assert firing(feed.alerts, "spike") == []


def test_the_morning_of_a_daily_rhythm_does_not_fire_after_some_days() -> None:
    feed = Feed(board([SPIKE]))
    for day in range(10):
        for hour in range(24):
            feed.minutes(HOUR, 6.0 if 8 <= hour < 23 else 0.6)
        if day == 5:
            feed.alerts.clear()
    assert firing(feed.alerts, "spike") == []


def test_crisis_words_from_several_authors_fire_and_go_to_the_department() -> None:
    output = run(
        board([CRISIS]),
        [*(mention(0, number, text="手机爆炸了") for number in range(4)), tick(5)],
    )
    [alert] = output.alerts
    assert (alert.kind, alert.department, alert.seen) == ("crisis", "care", 4)
    assert alert.id.isalnum()
    assert alert.samples[0].text == "手机爆炸了"


def test_crisis_words_of_one_author_do_not_fire() -> None:
    items = [mention(0, number, text="爆炸", author="one") for number in range(9)]
    assert run(board([CRISIS]), [*items, tick(5)]).alerts == []


def test_a_rule_watches_only_its_brands() -> None:
    rule = CrisisRule(id="safety", words=("爆炸",), brands=("y",))
    items = [mention(0, number, text="爆炸") for number in range(9)]
    assert run(board([rule]), [*items, tick(5)]).alerts == []


def test_a_shift_to_negative_posts_fires_and_a_usually_negative_brand_does_not() -> None:
    feed = Feed(board([SENTIMENT]))
    feed.minutes(DAY, 1, polarity=Polarity.POSITIVE)
    feed.minutes(HOUR, 1, polarity=Polarity.NEGATIVE)
    assert len(firing(feed.alerts, "sentiment")) == 1
    gloomy = Feed(board([SENTIMENT]))
    gloomy.minutes(DAY, 1, polarity=Polarity.NEGATIVE)
    gloomy.alerts.clear()
    gloomy.minutes(6 * HOUR, 1, polarity=Polarity.NEGATIVE)
    assert firing(gloomy.alerts, "sentiment") == []


def test_a_live_burst_is_seen_inside_the_open_minute_under_the_id_it_keeps() -> None:
    subject = board([CRISIS])
    now_ms = START + 20_000
    live = Tick(sent_at_ms=now_ms, partitions=1, watermarks={0: START - 30_000})
    [early] = run(subject, [*(mention(0, n, text="起火") for n in range(4)), live]).alerts
    assert early.started_at_ms == START
    closed = run(subject, [*(mention(0.9, n, text="起火") for n in range(4, 6)), tick(3)])
    assert [alert.id for alert in closed.alerts if alert.revision == 0] == []


def test_the_same_posts_give_the_same_alerts_after_a_restart_at_any_point() -> None:
    items = [mention(n / 10, n, text="爆炸", terms=("爆炸",)) for n in range(40)]
    stream = [step for n, item in enumerate(items) for step in (item, tick(n / 10))]
    whole = run(board([CRISIS, SPIKE]), [*stream, tick(200)]).alerts
    for cut in range(0, len(stream), 7):
        first = board([CRISIS, SPIKE])
        alerts = run(first, stream[:cut]).alerts
        second = board([CRISIS, SPIKE])
        second.restore_partition_state(first.partition_state_bytes())
        second.restore(changelog(first))
        assert whole == [*alerts, *run(second, [*stream[cut:], tick(200)]).alerts]


def test_spam_neither_makes_a_spike_nor_a_crisis() -> None:
    feed = Feed(board([SPIKE, CRISIS]))
    feed.minutes(2 * DAY, 0.5)
    feed.minutes(20, 30, text="手机起火", spam=(SpamSign.GIVEAWAY,))
    assert feed.alerts == []


def test_an_account_that_floods_makes_no_spike_among_a_few_others() -> None:
    feed = Feed(board([SPIKE]))
    feed.minutes(2 * DAY, 0.5)
    for _ in range(20):
        feed.minutes(1, 0.5)
        first = 10**6 + feed.minute * 100
        minute = feed.minute - 0.5
        items = [mention(minute, first + n, author="x", partition=1) for n in range(40)]
        feed.alerts += run(feed.subject, items).alerts
    assert feed.alerts == []


def test_an_alert_without_a_department_goes_where_most_posts_ask_for() -> None:
    feed = Feed(board([SPIKE]))
    feed.minutes(2 * DAY, 0.5)
    wishes = (Objective.SOCIAL_SALES, Objective.BRAND_BUILDING)
    feed.minutes(3, 10, intents=(Objective.BRAND_BUILDING,))
    feed.minutes(20, 30, intents=wishes)
    [first] = firing(feed.alerts, "spike")
    assert first.department == "brand-building"
    assert feed.alerts[-1].department in {"brand-building", "social-sales"}


def test_reposts_without_words_do_not_water_down_a_shift_to_negative_posts() -> None:
    feed = Feed(board([SENTIMENT]))
    feed.minutes(DAY, 1, polarity=Polarity.NEUTRAL)
    for _ in range(3 * HOUR):
        feed.minutes(1, 1, polarity=Polarity.NEGATIVE)
        feed.minutes(1, 5, place=Place.QUOTED)
    assert firing(feed.alerts, "sentiment")
