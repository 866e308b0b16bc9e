"""Records: what they learn, when, and how far one event may raise them."""

from measures.extremes import EVENT_GROWTH, EVENT_MS, HOUR_MS, PEAK_SHARE, Extremes

MINUTE_MS = 60_000
MEANS = [1.0, 5.0, 15.0, 60.0]


def learn(extremes: Extremes, minutes: range, excess: float) -> None:
    for minute in minutes:
        extremes.learn(minute * MINUTE_MS, [mean + excess for mean in MEANS], MEANS)


def test_a_rise_is_no_record_while_it_lasts_and_is_one_two_hours_later() -> None:
    extremes = Extremes()
    learn(extremes, range(60), 0)
    learn(extremes, range(60, 110), 40)
    assert extremes.peaks == [0.0] * 4
    learn(extremes, range(110, 181), 0)
    assert extremes.peaks == [PEAK_SHARE * 40] * 4


def test_a_smaller_excess_changes_no_record() -> None:
    extremes = Extremes()
    learn(extremes, range(10), 100)
    learn(extremes, range(10, 400), 30)
    assert extremes.peaks == [PEAK_SHARE * 100] * 4


def test_records_fade() -> None:
    extremes = Extremes([8.0] * 4)
    extremes.fade(0.5)
    assert extremes.peaks == [4.0] * 4


def test_an_event_raises_a_record_only_to_a_multiple_of_its_begin() -> None:
    """A giant that began with ten posts more does not silence what comes after it."""
    extremes = Extremes()
    sums = [mean + 10 for mean in MEANS]
    extremes.begin_event(0, sums, MEANS)
    learn(extremes, range(200), 5000)
    assert extremes.peaks == [EVENT_GROWTH * 10] * 4


def test_what_begins_within_an_event_belongs_to_it() -> None:
    extremes = Extremes()
    extremes.begin_event(0, [mean + 10 for mean in MEANS], MEANS)
    extremes.begin_event(HOUR_MS, [mean + 900 for mean in MEANS], MEANS)
    assert (extremes.event_ms, extremes.ceilings) == (0, [EVENT_GROWTH * 10] * 4)
    extremes.begin_event(EVENT_MS, [mean + 900 for mean in MEANS], MEANS)
    assert (extremes.event_ms, extremes.ceilings) == (EVENT_MS, [EVENT_GROWTH * 900] * 4)


def test_the_ceiling_is_not_below_the_record_that_stood_before() -> None:
    extremes = Extremes([300.0] * 4)
    extremes.begin_event(0, [mean + 10 for mean in MEANS], MEANS)
    assert extremes.ceilings == [EVENT_GROWTH * 300] * 4
