"""Event time of a partition, and the times at which nobody read the feed."""

from measures.watermarks import LIVE_MS, OUTAGE_MS, EventClock
from schemas.mention import Tick
from tests.measures.feed import at
from tests.measures.stream import LONG_AFTER

NO_ALLOWANCE = 0


def see(
    clock: EventClock, minute: float, *idle: int, now: float | None = None, **fields: int
) -> EventClock:
    """A tick of two raw partitions with the same watermark."""
    sent_at_ms = LONG_AFTER if now is None else at(now)
    clock.observe(Tick(sent_at_ms, 2, {0: at(minute), 1: at(minute)}, idle), NO_ALLOWANCE)
    return clock


def test_the_slowest_partition_that_is_not_idle_counts() -> None:
    clock = EventClock()
    clock.observe(Tick(LONG_AFTER, 2, {0: at(5), 1: at(3)}), NO_ALLOWANCE)
    assert clock.watermark_ms == at(3)
    clock.observe(Tick(LONG_AFTER, 2, {0: at(6)}, (1,)), NO_ALLOWANCE)
    assert clock.watermark_ms == at(6)


def test_it_is_watched_since_the_minute_of_the_first_watermark() -> None:
    clock = see(see(EventClock(), 2.7), 9)
    assert clock.first_ms == at(2)


def test_it_is_unknown_before_all_were_heard_of() -> None:
    clock = EventClock()
    clock.observe(Tick(LONG_AFTER, 3, {0: at(5), 1: at(3)}), NO_ALLOWANCE)
    assert (clock.is_complete, clock.watermark_ms) == (False, None)


def test_a_short_lull_of_the_whole_feed_is_no_outage() -> None:
    clock = see(see(see(EventClock(), 0), 0, 0, 1), 4.9)
    assert clock.outage == (-1, -1)


def test_a_long_one_is_an_outage_from_its_begin_to_its_end() -> None:
    clock = see(see(see(EventClock(), 0), 0, 0, 1), 90)
    assert clock.outage == (at(0), at(90))


def test_one_partition_that_is_silent_is_no_outage() -> None:
    clock = see(see(see(EventClock(), 0), 0, 1), 90, 1)
    assert clock.outage == (-1, -1)


def test_of_a_live_feed_the_clock_moves_event_time_on_for_some_minutes() -> None:
    clock = see(EventClock(), 0, now=0)
    for minute in range(1, 60):
        see(clock, 0, 0, 1, now=minute)
    assert clock.watermark_ms == at(0) + LIVE_MS
    assert clock.outage == (at(0), at(0) + LIVE_MS)
    see(clock, 70, now=70)
    assert clock.outage == (at(0), at(70))
    assert OUTAGE_MS < LIVE_MS


def test_the_next_outage_takes_the_place_of_the_last() -> None:
    clock = see(see(see(EventClock(), 0), 0, 0, 1), 90)
    see(see(see(clock, 100), 100, 0, 1), 200)
    assert clock.outage == (at(100), at(200))


def test_ticks_of_the_past_change_nothing() -> None:
    clock = see(see(EventClock(), 50), 20)
    assert clock.watermark_ms == at(50)
