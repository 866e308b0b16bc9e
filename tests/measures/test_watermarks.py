"""Event time of a partition, and the times at which nobody read the feed."""

from measures.watermarks import LIVE_MS, OUTAGE_MS, EventTime
from schemas.mention import Tick
from tests.measures.feed import at
from tests.measures.stream import LONG_AFTER

NO_ALLOWANCE = 0


def see(
    event_time: EventTime, minute: float, *idle: int, now: float | None = None, **fields: int
) -> EventTime:
    """A tick of two raw partitions with the same watermark."""
    sent_at_ms = LONG_AFTER if now is None else at(now)
    event_time.observe(Tick(sent_at_ms, 2, {0: at(minute), 1: at(minute)}, idle), NO_ALLOWANCE)
    return event_time


def test_the_slowest_partition_that_is_not_idle_counts() -> None:
    event_time = EventTime()
    event_time.observe(Tick(LONG_AFTER, 2, {0: at(5), 1: at(3)}), NO_ALLOWANCE)
    assert event_time.watermark_ms == at(3)
    event_time.observe(Tick(LONG_AFTER, 2, {0: at(6)}, (1,)), NO_ALLOWANCE)
    assert event_time.watermark_ms == at(6)


def test_it_is_watched_since_the_minute_of_the_first_watermark() -> None:
    event_time = see(see(EventTime(), 2.7), 9)
    assert event_time.first_ms == at(2)


def test_it_is_unknown_before_all_were_heard_of() -> None:
    event_time = EventTime()
    event_time.observe(Tick(LONG_AFTER, 3, {0: at(5), 1: at(3)}), NO_ALLOWANCE)
    assert (event_time.is_complete, event_time.watermark_ms) == (False, None)


def test_a_short_lull_of_the_whole_feed_is_no_outage() -> None:
    event_time = see(see(see(EventTime(), 0), 0, 0, 1), 4.9)
    assert event_time.outage == (-1, -1)


def test_a_long_one_is_an_outage_from_its_begin_to_its_end() -> None:
    event_time = see(see(see(EventTime(), 0), 0, 0, 1), 90)
    assert event_time.outage == (at(0), at(90))


def test_one_partition_that_is_silent_is_no_outage() -> None:
    event_time = see(see(see(EventTime(), 0), 0, 1), 90, 1)
    assert event_time.outage == (-1, -1)


def test_of_a_live_feed_the_clock_moves_event_time_on_for_some_minutes() -> None:
    event_time = see(EventTime(), 0, now=0)
    for minute in range(1, 60):
        see(event_time, 0, 0, 1, now=minute)
    assert event_time.watermark_ms == at(0) + LIVE_MS
    assert event_time.outage == (at(0), at(0) + LIVE_MS)
    see(event_time, 70, now=70)
    assert event_time.outage == (at(0), at(70))
    assert OUTAGE_MS < LIVE_MS


def test_the_next_outage_takes_the_place_of_the_last() -> None:
    event_time = see(see(see(EventTime(), 0), 0, 0, 1), 90)
    see(see(see(event_time, 100), 100, 0, 1), 200)
    assert event_time.outage == (at(100), at(200))


def test_ticks_of_the_past_change_nothing() -> None:
    event_time = see(see(EventTime(), 50), 20)
    assert event_time.watermark_ms == at(50)
