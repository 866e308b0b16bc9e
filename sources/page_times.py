"""Times as Weibo's pages show them, and crawlers keep them: `14分钟前`, `昨天 08:32`, `01-15`.

All are in China's time. Those without a year say when relative to the moment at which the page was
shown, for which the receipt stands: a crawler that hands over at once is right to the minute.
"""

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

SECOND_MS = 1_000
MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS

BEIJING = timezone(timedelta(hours=8))
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

MAX_CHARACTERS = 100
"""Of a time with the client's name behind it; nothing longer is looked at."""

_CLIENT = re.compile(r"\s*(?:来自|來自).*", re.DOTALL)
"""Pages write `今天 06:09 来自 iPhone客户端`, and crawlers cut it off or not."""

_CLOCK = r"(?:\s*(\d{1,2})[:：](\d{2})(?:[:：](\d{2}))?)?"
_AGO = re.compile(r"(\d{1,6})\s*(秒钟?|秒鐘|分钟?|分鐘|小时|小時|天)\s*前")
_DAY = re.compile(rf"(今天|昨天|前天){_CLOCK}")
_DATE = re.compile(rf"(?:(\d{{4}})\s*[年/\-]\s*)?(\d{{1,2}})\s*[月/\-]\s*(\d{{1,2}})\s*日?{_CLOCK}")
_UNITS_MS = {"秒": SECOND_MS, "分": MINUTE_MS, "小": HOUR_MS, "天": DAY_MS}
_DAYS_AGO = {"今天": 0, "昨天": 1, "前天": 2}
_NOW = frozenset({"刚刚", "剛剛"})


class ReceiptMissingError(ValueError):
    """The time is relative, and nobody knows to what."""


def page_ms(text: str, received_at_ms: int) -> int:
    """UTC milliseconds of a time on a page; `received_at_ms` of 0 or less: not known.

    A day without a clock is its midnight. What would lie ahead of the receipt, as a page kept over
    midnight or the new year, is of the day or the year before.

    Raises:
        ReceiptMissingError: it is relative, and `received_at_ms` is missing.
        ValueError: it is no such time.

    >>> at_ms = page_ms("2019年02月04日 10:48", 0)
    >>> at_ms, page_ms("14分钟前", at_ms) - at_ms, page_ms("昨天 10:48", at_ms) - at_ms
    (1549248480000, -840000, -86400000)
    """
    if len(text) > MAX_CHARACTERS:
        raise ValueError("too long for a time")
    shown = _CLIENT.sub("", text).strip()
    for form, read in _FORMS:
        if found := form.fullmatch(shown):
            return read(found, received_at_ms)
    if shown in _NOW:
        return _known(received_at_ms)
    raise ValueError(f"{text!r} is no time of a page")


def _known(received_at_ms: int) -> int:
    if received_at_ms <= 0:
        raise ReceiptMissingError("relative, and nothing says when it was received")
    return received_at_ms


def _ago(found: re.Match[str], received_at_ms: int) -> int:
    return _known(received_at_ms) - int(found[1]) * _UNITS_MS[found[2][0]]


def _day(found: re.Match[str], received_at_ms: int) -> int:
    received = _in_beijing(_known(received_at_ms))
    day = received - timedelta(days=_DAYS_AGO[found[1]])
    at_ms = _ms(day.year, day.month, day.day, found.groups()[1:])
    return at_ms if at_ms <= received_at_ms + HOUR_MS else at_ms - DAY_MS


def _date(found: re.Match[str], received_at_ms: int) -> int:
    year, month, day, *clock = found.groups()
    if year is not None:
        return _ms(int(year), int(month), int(day), clock)
    latest_ms = _known(received_at_ms) + HOUR_MS
    received_year = _in_beijing(received_at_ms).year
    for each in (received_year + 1, received_year, received_year - 1):
        with suppress(ValueError):  # 29 February
            at_ms = _ms(each, int(month), int(day), clock)
            if at_ms <= latest_ms:
                return at_ms
    raise ValueError(f"{month}-{day} is no day of these years")


def _in_beijing(at_ms: int) -> datetime:
    return (_EPOCH + timedelta(milliseconds=at_ms)).astimezone(BEIJING)


def _ms(year: int, month: int, day: int, clock: Sequence[str | None]) -> int:
    hour, minute, second = (int(part or 0) for part in clock)
    at = datetime(year, month, day, hour, minute, second, tzinfo=BEIJING)
    return (at - _EPOCH) // timedelta(milliseconds=1)


_FORMS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], int], int]], ...] = (
    (_AGO, _ago),
    (_DAY, _day),
    (_DATE, _date),
)
