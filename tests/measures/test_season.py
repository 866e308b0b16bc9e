"""What a season says of hours and weekdays."""

from array import array

import pytest

from measures.season import (
    DAY_MS,
    DAYS,
    EMPTY,
    FLOAT,
    HOUR_MS,
    HOURS,
    NO_HOLIDAYS,
    Profile,
    weekday_of,
)

MONDAY_MS = 4 * DAY_MS


def profile(by_hour: dict[int, float], day_posts: float = 1440.0) -> Profile:
    """After a year, with so many posts a minute in some hours and none in the others."""
    season = array(FLOAT, EMPTY)
    weight = 1 / (1 - 2 ** (-1 / 600))
    for hour, rate in by_hour.items():
        season[hour] = rate * weight
    return Profile(season, 0, 365 * DAY_MS, day_posts, slow=0.0)


def test_a_profile_is_read_between_the_middles_of_two_hours() -> None:
    found = profile({12: 8.0})
    rates = [found.of_the_day(DAY_MS + int(hour * HOUR_MS)) for hour in (11.5, 12, 12.5, 13.5)]
    highest = rates[2]
    assert highest == pytest.approx(8, rel=0.05)
    assert rates == [0, pytest.approx(highest / 2), highest, 0]


def test_a_time_within_a_minute_is_read_as_exactly_as_its_begin() -> None:
    found = profile({12: 8.0})
    at_ms = 12 * HOUR_MS
    assert found.of_the_day(at_ms) < found.of_the_day(at_ms + 1) < found.of_the_day(at_ms + 60_000)


def test_hours_that_were_not_watched_are_drawn_to_the_mean() -> None:
    season = array(FLOAT, EMPTY)
    found = Profile(season, 6 * HOUR_MS, 8 * HOUR_MS, 1440.0, slow=1.0)
    assert found[3] == 1.0
    assert found[6] < found[3]


def test_a_weekday_counts_by_what_was_seen_of_it() -> None:
    season = array(FLOAT, EMPTY)
    season[HOURS + 2], season[HOURS + DAYS + 2] = 3 * 1440.0, 1440.0
    found = Profile(season, 0, 365 * DAY_MS, 1440.0, slow=1.0)
    assert [found.of_the_week(day) for day in (1, 2)] == [1.0, 2.0]
    assert Profile(season, 0, 365 * DAY_MS, 0.0, slow=0.0).of_the_week(2) == 1.0


def test_a_holiday_has_the_weekday_that_it_is_like() -> None:
    assert [weekday_of(MONDAY_MS + day * DAY_MS, NO_HOLIDAYS) for day in range(8)] == [
        0, 1, 2, 3, 4, 5, 6, 0,
    ]  # fmt: skip
    assert weekday_of(MONDAY_MS, {4: 6}) == 6
