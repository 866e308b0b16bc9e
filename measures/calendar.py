"""Days that are not like their weekday, and days on which bursts are expected.

Chinese public holidays move with the moon, and weekends are worked to make up for them: the State
Council says each autumn which. Those days are known from `chinese_calendar`, up to `known_to()`.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

import chinese_calendar

from measures.season import MINUTE_MS, Holidays
from schemas.catalogue import Holiday

COUNTRIES = ("CN",)
"""Whose public holidays are known."""
SUNDAY, WORKDAY = 6, 2
"""A holiday is like a Sunday, and a weekend that is worked like a Wednesday."""
_FIRST_YEAR, _LAST_YEAR = 2004, 2060
"""Of days that are named without a year."""
_EPOCH = date(1970, 1, 1)
_LEAP_YEAR = "2004-"
_LENGTH_OF_A_DAY = len("11-11")


class ExpectedBurst(NamedTuple):
    """From and before when bursts are expected."""

    from_ms: int
    until_ms: int
    id: str
    trades: tuple[str, ...] = ()
    """Whose bursts they are; empty: of all."""


@cache
def known_to() -> date:
    """The last day of the last year whose public holidays are known."""
    return date(max(chinese_calendar.constants.holidays).year, 12, 31)


def like_days(holidays: Iterable[Holiday]) -> Holidays:
    """Days since the epoch, in UTC, and the weekday that each is like.

    What is no date is left out: the check of the catalogue refuses it. A day that is named by its
    date comes before what a country's calendar says of it.

    >>> like_days([Holiday(id="new-year", first="1970-01-01")])
    {0: 6}
    """
    like: dict[int, int] = {}
    named = [one for one in holidays if not one.is_sale]
    if any(one.country == "CN" for one in named):
        like |= _chinese()
    for holiday in named:
        with suppress(ValueError):
            like |= dict.fromkeys(map(_number, days_of(holiday)), SUNDAY)
    return like


@cache
def _chinese() -> Mapping[int, int]:
    days = chinese_calendar.constants
    return dict.fromkeys(map(_number, days.holidays), SUNDAY) | dict.fromkeys(
        map(_number, days.workdays), WORKDAY
    )


def expected_bursts(holidays: Iterable[Holiday]) -> list[ExpectedBurst]:
    """Days of big sales, by time."""
    found = []
    for holiday in holidays:
        with suppress(ValueError, KeyError):
            if holiday.is_sale:
                zone = ZoneInfo(holiday.zone) if holiday.zone else UTC
                for day in days_of(holiday):
                    begin, end = (
                        datetime.combine(one, datetime.min.time(), zone)
                        for one in (day, day + timedelta(days=1))
                    )
                    span = _ms(begin), _ms(end)
                    found.append(ExpectedBurst(*span, holiday.id, holiday.trades))
    return sorted(found)


def days_of(holiday: Holiday) -> Iterator[date]:
    """The days that a holiday names: of each year where it names none.

    Raises:
        ValueError: a date is none.
    """
    if not holiday.first:
        return
    last = holiday.last or holiday.first
    if not is_of_each_year(holiday.first):
        yield from _between(date.fromisoformat(holiday.first), date.fromisoformat(last))
        return
    for year in range(_FIRST_YEAR, _LAST_YEAR + 1):
        yield from _of_year(year, holiday.first, last)


def is_of_each_year(text: str) -> bool:
    """Whether a day is named without its year: `11-11`."""
    return len(text) == _LENGTH_OF_A_DAY


def is_date(text: str) -> bool:
    """Whether it is a day with or without its year.

    >>> is_date("2026-10-01"), is_date("11-11"), is_date("11-31"), is_date("11.11")
    (True, True, False, False)
    """
    try:
        date.fromisoformat(_LEAP_YEAR + text if is_of_each_year(text) else text)
    except ValueError:
        return False
    return True


def _of_year(year: int, first: str, last: str) -> Iterator[date]:
    try:
        days = [date.fromisoformat(f"{year}-{day}") for day in (first, last)]
    except ValueError:
        if not (is_date(first) and is_date(last)):
            raise
        return  # the 29th of February is in one year of four
    yield from _between(*days)


def _between(first: date, last: date) -> Iterator[date]:
    while first <= last:
        yield first
        first += timedelta(days=1)


def _number(day: date) -> int:
    """Days since the epoch."""
    return (day - _EPOCH).days


def _ms(moment: datetime) -> int:
    return round(moment.timestamp()) * 1000 // MINUTE_MS * MINUTE_MS
