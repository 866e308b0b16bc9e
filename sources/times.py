"""Creation times of posts: from what sources write to UTC milliseconds.

Weibo's `Tue May 31 17:46:55 +0800 2011` comes with every post, so it is read by a table look-up
and one remembered hour, not by `strptime` (20 times slower).
"""

import re
from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache

from schemas.dead_letter import DropReason
from sources.page_times import (
    BEIJING,
    DAY_MS,
    HOUR_MS,
    MINUTE_MS,
    SECOND_MS,
    ReceiptMissingError,
    page_ms,
)
from sources.refusals import InvalidPost, quoted

__all__ = ["BEIJING", "DAY_MS", "SECOND_MS", "created_ms", "event_time", "weibo_ms"]

EARLIEST_MS = int(datetime(2006, 1, 1, tzinfo=UTC).timestamp()) * SECOND_MS
"""Microblogs began in 2006: an earlier time is a mistake."""
LATEST_MS = int(datetime(9999, 1, 1, tzinfo=UTC).timestamp()) * SECOND_MS

_MONTH_NAMES = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"
_MONTHS = {name: number for number, name in enumerate(_MONTH_NAMES.split(), start=1)}
_HOURS = {f"{n:02}:": n * HOUR_MS for n in range(24)}
_WITHIN_HOUR = {
    f"{minute:02}:{second:02}": minute * MINUTE_MS + second * SECOND_MS
    for minute in range(60)
    for second in range(60)
}
_ASCTIME = re.compile(
    r"(?:[A-Z][a-z]{2},?\s+)?([A-Z][a-z]{2})\s+(\d{1,2})\s+"
    r"(\d{1,2}):(\d{2}):(\d{2})\s+([+-]\d{4})\s+(\d{4})",
    re.ASCII,
)


@lru_cache(maxsize=8192)
def _hour_start_ms(month_day_and_hour: str, offset_and_year: str) -> int:
    """Start in UTC of an hour such as `"May 31 17:"`, `" +0800 2011"`; a year's are remembered."""
    month, day = month_day_and_hour[:7].split()
    offset, year = offset_and_year.split()
    if len(offset) != 5 or offset[0] not in "+-" or not offset[1:].isdecimal():
        raise ValueError(f"{offset!r} is no offset such as +0800")
    if len(year) != 4:  # `date` raises another error where a year is too large for C
        raise ValueError(f"{year!r} is no year")
    offset_ms = int(offset[1:3]) * HOUR_MS + int(offset[3:]) * MINUTE_MS
    days = date(int(year), _MONTHS[month], int(day)).toordinal() - date(1970, 1, 1).toordinal()
    start_ms = days * DAY_MS + (offset_ms if offset[0] == "-" else -offset_ms)
    if start_ms < EARLIEST_MS:
        raise ValueError(f"{year}: before microblogs existed")
    return start_ms + _HOURS[month_day_and_hour[7:]]


def weibo_ms(text: str) -> int:
    """UTC milliseconds of Weibo's `created_at`; ValueError or KeyError where it is none.

    >>> weibo_ms("Tue May 31 17:46:55 +0800 2011")
    1306835215000
    """
    return _hour_start_ms(text[4:14], text[19:]) + _WITHIN_HOUR[text[14:19]]


def created_ms(
    value: str | int | float, naive: timezone = UTC, received_at_ms: int | None = None
) -> int:
    """UTC milliseconds of a creation time: Weibo's format, ISO 8601, or an epoch in s, ms or µs.

    `naive` is the zone of ISO times without one. With `received_at_ms` (0 or less: not known), also
    what Weibo's pages show (`sources.page_times`). Raises `InvalidPost` with `BAD_TIME`.

    >>> created_ms("2011-05-31T09:46:55Z"), created_ms(1306835215), created_ms("1306835215000")
    (1306835215000, 1306835215000, 1306835215000)
    >>> created_ms("2011-05-31 17:46:55", naive=BEIJING)
    1306835215000
    """
    try:
        at_ms = weibo_ms(value)  # type: ignore[arg-type]
    except (ValueError, KeyError, TypeError, IndexError):
        at_ms = _other_ms(value, naive, received_at_ms)
    if EARLIEST_MS <= at_ms < LATEST_MS:
        return at_ms
    raise InvalidPost(
        DropReason.BAD_TIME, f"created_at: {quoted(value)} lies outside of the years 2006-9998"
    )


def _other_ms(value: str | int | float, naive: timezone, received_at_ms: int | None) -> int:
    try:
        return _read_ms(value, naive)
    except (ValueError, KeyError, OverflowError) as error:
        if received_at_ms is None or not isinstance(value, str):
            raise _no_time(value) from error
    try:
        return page_ms(value, received_at_ms)
    except ReceiptMissingError as error:
        raise InvalidPost(
            DropReason.BAD_TIME,
            f"created_at: {quoted(value)} is relative to the receipt, which is not known; send the "
            "header received_at (ms), or an absolute time",
        ) from error
    except (ValueError, OverflowError) as error:
        raise _no_time(value) from error


def _no_time(value: object) -> InvalidPost:
    return InvalidPost(
        DropReason.BAD_TIME,
        f"created_at: {quoted(value)} is no time; expected 'Tue May 31 17:46:55 +0800 2011', "
        "ISO 8601 or an epoch",
    )


def _read_ms(value: str | int | float, naive: timezone) -> int:
    if not isinstance(value, str):
        return _epoch_ms(value)
    text = value.strip()
    if re.fullmatch(r"\d{9,17}(?:\.\d+)?", text, re.ASCII):
        return _epoch_ms(float(text) if "." in text else int(text))
    if parts := _ASCTIME.fullmatch(text):
        month, day, hour, minute, second, offset, year = parts.groups()
        return weibo_ms(f"Mon {month} {day:>02} {hour:>02}:{minute}:{second} {offset} {year}")
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        at = at.replace(tzinfo=naive)
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def _epoch_ms(value: int | float) -> int:
    """An epoch in s, ms or µs; which one is clear from its size (2006 onwards)."""
    if value < 100_000_000_000:
        return int(value * SECOND_MS)
    if value < 100_000_000_000_000:
        return int(value)
    return int(value // SECOND_MS)


def event_time(at_ms: int, received_at_ms: int, max_skew_ms: int) -> tuple[int, bool]:
    """Event time and whether it was clamped to the receipt time.

    A time ahead of the receipt by more than `max_skew_ms` is replaced by it, or a single wrong
    clock would close everybody's windows; more than a day ahead it is refused (`FUTURE_TIME`).

    >>> event_time(1_000_000, 500_000, 60_000)
    (500000, True)
    """
    ahead_ms = at_ms - received_at_ms
    if ahead_ms <= max_skew_ms:
        return at_ms, False
    if ahead_ms > DAY_MS:
        raise InvalidPost(
            DropReason.FUTURE_TIME,
            f"created_at: {ahead_ms // SECOND_MS} s ahead of the receipt; a day is the most",
        )
    return received_at_ms, True
