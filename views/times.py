"""Times as people give them on the command line."""

import re
from datetime import UTC, datetime

_LAST_MS = 253_402_300_799_000
_UNITS_MS = {"s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


def time_ms(text: str, now_ms: int) -> int:
    """Milliseconds since 1970 of a moment: ISO 8601 (UTC where it names no zone), or so long ago.

    Raises:
        ValueError: it is neither.

    >>> time_ms("2026-05-25T14:00", 0), time_ms("2026-05-25 22:00+08:00", 0)
    (1779717600000, 1779717600000)
    >>> time_ms("90m", 10_000_000)
    4600000
    >>> time_ms("soon", 0)
    Traceback (most recent call last):
    ValueError: 'soon' is no time, such as 2026-05-25T14:00, or 90m, 2h or 3d for so long ago
    """
    ago = re.fullmatch(r"(\d+)([smhd])", text.strip())
    if ago:
        return now_ms - int(ago[1]) * _UNITS_MS[ago[2]]
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(
            f"{text!r} is no time, such as 2026-05-25T14:00, or 90m, 2h or 3d for so long ago"
        ) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return round(moment.timestamp() * 1000)


def shown(time_ms: int) -> str:
    """For people, in UTC; what lies before 1970 or after 9999 is shown as that.

    >>> shown(1779717600000), shown(1 << 50)
    ('2026-05-25T14:00:00Z', '9999-12-31T23:59:59Z')
    """
    within_ms = min(max(time_ms, 0), _LAST_MS)
    return datetime.fromtimestamp(within_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
