"""Times as posts carry them: read to UTC milliseconds, and written back in the same style.

Only what pacing and rebasing need; what a post's time means is for the analysis to say.
"""

from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache

DAY_S = 86_400
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_WEEKDAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


@lru_cache(maxsize=4_096)
def _day_start_s(month_and_day: str, offset_and_year: str) -> int:
    month, day = month_and_day.split()
    offset, year = offset_and_year.split()
    days = date(int(year), _MONTHS.index(month) + 1, int(day)).toordinal() - _EPOCH_DAY
    return days * DAY_S - _offset_s(offset)


@lru_cache(maxsize=64)
def _offset_s(offset: str) -> int:
    if len(offset) != 5 or offset[0] not in "+-":
        raise ValueError(f"{offset!r} is no offset such as +0800")
    seconds = int(offset[1:3]) * 3_600 + int(offset[3:]) * 60
    return -seconds if offset[0] == "-" else seconds


def weibo_ms(text: str) -> int:
    """Weibo's style; ValueError where it is none.

    >>> weibo_ms("Tue May 31 17:46:55 +0800 2011")
    1306835215000
    """
    if len(text) != 30 or text[13] != ":" or text[16] != ":":
        raise ValueError(f"{text!r} is no time such as 'Tue May 31 17:46:55 +0800 2011'")
    seconds = int(text[11:13]) * 3_600 + int(text[14:16]) * 60 + int(text[17:19])
    return (_day_start_s(text[4:10], text[20:]) + seconds) * 1_000


@lru_cache(maxsize=4_096)
def weibo_time(second: int, offset: str = "+0800") -> str:
    """A UTC second in Weibo's style.

    >>> weibo_time(1306835215)
    'Tue May 31 17:46:55 +0800 2011'
    """
    local = second + _offset_s(offset)
    days, of_day = divmod(local, DAY_S)
    day = date.fromordinal(days + _EPOCH_DAY)
    hour, minute, of_minute = of_day // 3_600, of_day // 60 % 60, of_day % 60
    return (
        f"{_WEEKDAYS[day.weekday()]} {_MONTHS[day.month - 1]} {day.day:02} "
        f"{hour:02}:{minute:02}:{of_minute:02} {offset} {day.year:04}"
    )


def time_ms(text: str) -> int:
    """Weibo's style or ISO 8601 (without an offset: UTC); ValueError where it is neither.

    >>> time_ms("2011-05-31T09:46:55.125Z")
    1306835215125
    """
    try:
        return weibo_ms(text)
    except ValueError:
        at = datetime.fromisoformat(text)
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def restyled(at_ms: int, like: str) -> str:
    """`at_ms` in the style and offset of `like`, a time that `time_ms` can read.

    >>> restyled(1306835215125, like="Wed Jan 01 00:00:00 +0000 2014")
    'Tue May 31 09:46:55 +0000 2011'
    >>> restyled(1306835215125, like="2014-01-01T00:00:00.000Z")
    '2011-05-31T09:46:55.125Z'
    >>> restyled(1306835215125, like="2014-01-01T00:00:00+08:00")
    '2011-05-31T17:46:55+08:00'
    """
    if len(like) == 30 and like[13] == ":":
        return weibo_time(at_ms // 1_000, like[20:25])
    zone = datetime.fromisoformat(like).tzinfo or UTC
    at = datetime.fromtimestamp(at_ms // 1_000, timezone(zone.utcoffset(None) or timedelta()))
    at += timedelta(milliseconds=at_ms % 1_000)
    text = at.isoformat(timespec="milliseconds" if "." in like else "seconds")
    return text.replace("+00:00", "Z") if like.endswith("Z") else text
