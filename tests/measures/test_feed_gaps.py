"""What a feed could not give is no drop of a brand, is not learned, and is told once."""

from collections.abc import Sequence

from measures.feed_gaps import MOST_KEPT, merged
from schemas.alert import EVERY_BRAND, Alert
from schemas.rules import DropRule, Rule, SilenceRule
from tests.measures.feed import Feed, at, begun, learned, restarted

DROP = DropRule(id="drop", brands=("x",))
FEED_SILENT = SilenceRule(id="feed-silent")
DAYS = 4 * 24 * 60


def test_only_so_many_are_kept() -> None:
    many = [(10 * number, 10 * number + 1) for number in range(99)]
    assert merged(many) == many[-MOST_KEPT:]


def fed(*rules: Rule) -> Feed:
    return learned(rules, DAYS, 2.0)


def lull(feed: Feed, minutes: int = 90) -> list[Alert]:
    """A tenth of the usual posts."""
    feed.minutes(minutes, 0.1)
    return begun(feed.alerts)


def test_without_a_gap_it_is_a_drop() -> None:
    assert [alert.kind for alert in lull(fed(DROP))] == ["drop"]


def test_a_drop_within_a_gap_is_none() -> None:
    feed = fed(DROP)
    feed.subject.note_feeds([(at(DAYS), at(DAYS + 90))], None)
    assert lull(feed) == []


def test_nor_is_one_while_a_feed_is_away() -> None:
    feed = fed(DROP)
    feed.subject.note_feeds([], at(DAYS))
    assert lull(feed) == []

    feed.subject.note_feeds([], None)
    feed.minutes(90, 0.1)
    assert [alert.kind for alert in begun(feed.alerts)] == ["drop"], "everything is there again"


def least_expected(feed: Feed) -> float:
    baseline = feed.subject.states["x"].baseline
    return baseline.least_expected(baseline.known_to_ms)


def test_nothing_is_learned_from_a_gap() -> None:
    usual, gap, lost = fed(), fed(), fed()
    before = usual.subject.states["x"].baseline.observed_ms()
    lull(lost, 600)
    gap.subject.note_feeds([(at(DAYS), at(DAYS + 600))], None)
    lull(gap, 600)

    assert least_expected(lost) < 0.3 * least_expected(usual)
    assert least_expected(gap) > 0.9 * least_expected(usual)
    assert gap.subject.states["x"].baseline.observed_ms() == before


def told(feed: Feed) -> Sequence[Alert]:
    feed.minutes(2, 2.0)
    return [alert for alert in feed.alerts if alert.brand == EVERY_BRAND and not alert.revision]


def test_a_gap_is_told_once() -> None:
    feed = fed(FEED_SILENT)
    gaps = [(at(DAYS - 20), at(DAYS - 3))]
    feed.subject.note_feeds(gaps, None)
    (alert,) = told(feed)
    assert alert.rule == "feed-silent"
    assert "posts of 17 min are missing" in alert.reason

    again = Feed(restarted(feed.subject, [FEED_SILENT]), minute=feed.minute)
    again.subject.note_feeds(gaps, None)
    assert told(again) == []


def test_old_and_short_ones_are_told_by_nobody() -> None:
    feed = fed(FEED_SILENT)
    feed.subject.note_feeds([(at(60), at(90)), (at(DAYS - 3), at(DAYS - 2))], None)
    assert told(feed) == []


def test_one_partition_tells() -> None:
    feed = learned([FEED_SILENT], DAYS, 2.0, speaks_for_all=False)
    feed.subject.note_feeds([(at(DAYS - 20), at(DAYS - 3))], None)
    assert told(feed) == []
