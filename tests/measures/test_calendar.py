"""Which days are like another weekday, and on which bursts are expected."""

from datetime import date

import pytest

from measures.calendar import (
    SUNDAY,
    WORKDAY,
    days_of,
    expected_bursts,
    is_date,
    known_to,
    like_days,
)
from measures.rule_index import time_ms
from measures.season import DAY_MS, weekday_of
from schemas.catalogue import Holiday

CHINA = Holiday(id="china", country="CN")


def number(day: str) -> int:
    return (date.fromisoformat(day) - date(1970, 1, 1)).days


def test_days_that_are_named() -> None:
    like = like_days(
        [
            Holiday(id="a", first="1970-01-02"),
            Holiday(id="b", first="1970-01-31", last="1970-02-01"),
            Holiday(id="c", first="no day"),
            Holiday(id="d", first="1970-01-05", is_sale=True),
        ]
    )
    assert like == {1: SUNDAY, 30: SUNDAY, 31: SUNDAY}


@pytest.mark.parametrize(
    ("day", "weekday"),
    [
        # As the State Council announced for 2026 and for 2012.
        ("2026-02-14", WORKDAY),  # a Saturday, worked for the Spring Festival
        ("2026-02-15", SUNDAY),
        ("2026-02-23", SUNDAY),  # a Monday
        ("2026-02-24", 1),  # a Tuesday as others are
        ("2026-02-28", WORKDAY),
        ("2026-10-10", WORKDAY),
        ("2012-01-21", WORKDAY),
        ("2012-01-28", SUNDAY),  # the last day of the Spring Festival
        ("2012-01-29", WORKDAY),
    ],
)
def test_chinese_holidays_and_the_weekends_worked_for_them(day: str, weekday: int) -> None:
    assert weekday_of(number(day) * DAY_MS, like_days([CHINA])) == weekday


def test_a_day_that_is_named_comes_before_the_country() -> None:
    worked = Holiday(id="ours", first="2026-02-14")
    assert like_days([worked, CHINA])[number("2026-02-14")] == SUNDAY


def test_the_calendar_is_known_to_the_end_of_a_year() -> None:
    assert known_to() >= date(2026, 12, 31)
    assert max(like_days([CHINA])) <= number(str(known_to()))


def test_a_day_of_each_year() -> None:
    days = list(days_of(Holiday(id="a", first="02-28", last="02-29")))
    assert [day for day in days if day.year in (2023, 2024)] == [
        date(2024, 2, 28),
        date(2024, 2, 29),
    ]
    assert [is_date(text) for text in ("02-29", "02-30", "11-11", "11.11")] == [
        True,
        False,
        True,
        False,
    ]


def test_bursts_are_expected_from_midnight_to_midnight_of_the_zone() -> None:
    """New York sets its clocks back on 1 November 2026: that day has 25 hours."""
    sales = [
        Holiday(id="double-eleven", first="11-11", is_sale=True, zone="Asia/Shanghai"),
        Holiday(id="long-day", first="2026-11-01", is_sale=True, zone="America/New_York"),
        Holiday(id="wrong", first="2026-11-01", is_sale=True, zone="Nowhere/At-All"),
    ]
    of_2026 = {
        one.id: (one.from_ms, one.until_ms)
        for one in expected_bursts(sales)
        if time_ms("2026-01-01T00:00Z") <= one.from_ms < time_ms("2027-01-01T00:00Z")
    }
    assert of_2026 == {
        "double-eleven": (time_ms("2026-11-10T16:00Z"), time_ms("2026-11-11T16:00Z")),
        "long-day": (time_ms("2026-11-01T04:00Z"), time_ms("2026-11-02T05:00Z")),
    }
