from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.dead_letter import DropReason
from sources.refusals import InvalidPost
from sources.times import BEIJING, DAY_MS, created_ms, event_time

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

# 09:46:55 UTC on 31 May 2011: 15,125 days after 1970-01-01.
EXPECTED_MS = (15_125 * 86_400 + 9 * 3_600 + 46 * 60 + 55) * 1_000


@pytest.mark.parametrize(
    "value",
    [
        "Tue May 31 17:46:55 +0800 2011",  # the open API
        "Tue May 31 04:46:55 -0500 2011",  # another zone
        "2011-05-31T17:46:55+08:00",  # ISO 8601
        "2011-05-31T09:46:55Z",  # ISO 8601, UTC
        "2011-05-31 17:46:55",  # no zone: Beijing
        1_306_835_215,  # epoch, s
        1_306_835_215_000,  # epoch, ms
        1_306_835_215_000_000,  # epoch, µs
        "1306835215",  # epoch as a text
        1_306_835_215.0,  # epoch as a fraction
        " Tue May 31 17:46:55 +0800 2011 ",  # blanks around it
    ],
)
def test_every_way_to_write_one_time_gives_the_same_milliseconds(value: str | int | float) -> None:
    assert created_ms(value, BEIJING) == EXPECTED_MS


@given(st.integers(1_136_200_000, 4_102_000_000), st.integers(-12 * 60, 14 * 60))
def test_every_time_in_weibo_format_is_read(epoch_s: int, offset_min: int) -> None:
    at = datetime.fromtimestamp(epoch_s, timezone(timedelta(minutes=offset_min)))
    sign, minutes = "-" if offset_min < 0 else "+", abs(offset_min)
    text = (
        f"{DAYS[at.weekday()]} {MONTHS[at.month - 1]} {at.day:02} "
        f"{at.hour:02}:{at.minute:02}:{at.second:02} "
        f"{sign}{minutes // 60:02}{minutes % 60:02} {at.year}"
    )
    assert created_ms(text) == epoch_s * 1000


@pytest.mark.parametrize(
    "value",
    [
        "",  # nothing
        "yesterday",  # words
        "Tue Feb 30 17:46:55 +0800 2011",  # no such day
        "Tue May 31 24:46:55 +0800 2011",  # no such hour
        "Tue May 31 17:46:60 +0800 2011",  # leap seconds are not Weibo's
        "Tue May 31 17:46:55 +0800 1999",  # before microblogs
        "Tue May 31 17:46:55 +08xx 2011",  # no offset
        "Tue May 31 17:46:55 +0800 201199999999",  # a year that no C integer holds
        "刚刚",  # what the web page shows
        0,  # 1970
        -1,  # before 1970
        float("inf"),  # no number of anything
        float("nan"),  # no number at all
        10**30,  # the far future
        "9" * 400,  # digits without end
    ],
)
def test_what_is_no_time_is_refused_by_name(value: str | int | float) -> None:
    with pytest.raises(InvalidPost) as refusal:
        created_ms(value)
    assert refusal.value.reason is DropReason.BAD_TIME


@pytest.mark.parametrize(
    ("ahead_ms", "expected"),
    [
        (-5, (995, False)),  # in the past: as it is
        (60_000, (61_000, False)),  # within the skew: as it is
        (60_001, (1_000, True)),  # beyond it: the receipt time
        (DAY_MS, (1_000, True)),  # a whole day: still a wrong clock
    ],
)
def test_times_ahead_of_the_receipt_are_clamped(ahead_ms: int, expected: tuple[int, bool]) -> None:
    assert event_time(1_000 + ahead_ms, 1_000, 60_000) == expected


def test_times_more_than_a_day_ahead_are_refused() -> None:
    with pytest.raises(InvalidPost) as refusal:
        event_time(1_001 + DAY_MS, 1_000, 60_000)
    assert refusal.value.reason is DropReason.FUTURE_TIME
