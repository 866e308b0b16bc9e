"""Times as posts carry them: read to UTC milliseconds, and written back in the same style.

Only what pacing and rebasing need; what a post's time means `sources.times` says.
"""

from datetime import date, datetime, timedelta, timezone
from functools import lru_cache

from sources.times import BEIJING, created_ms

DAY_S = 86_400
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_WEEKDAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


@lru_cache(maxsize=64)
def _offset_s(offset: str) -> int:
    if len(offset) != 5 or offset[0] not in "+-":
        raise ValueError(f"{offset!r} is no offset such as +0800")
    seconds = int(offset[1:3]) * 3_600 + int(offset[3:]) * 60
    return -seconds if offset[0] == "-" else seconds


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
    """A time that is absolute, in any style that `analysis` reads; ValueError where it is none.

    Without an offset it is of China, as the pages of Weibo show it.

    >>> time_ms("2011-05-31T09:46:55.125Z"), time_ms("2011年05月31日 17:46")
    (1306835215125, 1306835160000)
    """
    return created_ms(text, BEIJING, 0)


def restyled(at_ms: int, like: str) -> str:
    """`at_ms` in the style and offset of `like`, a time that `time_ms` can read.

    >>> restyled(1306835215125, like="Wed Jan 01 00:00:00 +0000 2014")
    'Tue May 31 09:46:55 +0000 2011'
    >>> restyled(1306835215125, like="2014-01-01T00:00:00.000Z")
    '2011-05-31T09:46:55.125Z'
    >>> restyled(1306835215125, like="2014-01-01T00:00:00+08:00")
    '2011-05-31T17:46:55+08:00'
    >>> restyled(1306835215125, like="2014-01-01 00:00")  # stays without one
    '2011-05-31T17:46:55'
    """
    if len(like) == 30 and like[13] == ":":
        return weibo_time(at_ms // 1_000, like[20:25])
    try:
        given = datetime.fromisoformat(like).tzinfo
    except ValueError:  # as a page shows it
        return weibo_time(at_ms // 1_000)
    offset = (given or BEIJING).utcoffset(None) or timedelta()
    at = datetime.fromtimestamp(at_ms // 1_000, timezone(offset))
    at += timedelta(milliseconds=at_ms % 1_000)
    at = at if given else at.replace(tzinfo=None)
    text = at.isoformat(timespec="milliseconds" if "." in like else "seconds")
    return text.replace("+00:00", "Z") if like.endswith("Z") else text
