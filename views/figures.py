"""How figures are written on the screen: counts, durations, times and small charts."""

from collections.abc import Sequence
from datetime import datetime, tzinfo

_BARS = "▁▂▃▄▅▆▇"
"""Without the full block: bars of neighbouring rows must not touch."""
_SCALE_FLOOR = 5
"""The top of a chart stands for at least this much, so that one post is no tower."""


def sparkline(values: Sequence[float | None], cells: int) -> str:
    """The last `cells` values as bars against their own highest; None is blank, 0 the ground.

    >>> sparkline([None, 0, 1, 5, 10], 6)
    '  ▁▂▄▇'
    """
    shown = values[-cells:] if cells > 0 else ()
    top = max([_SCALE_FLOOR, *(value for value in shown if value is not None)])
    levels = len(_BARS) - 1
    bars = [
        " " if value is None else _BARS[0 if value <= 0 else max(1, round(levels * value / top))]
        for value in shown
    ]
    return "".join(bars).rjust(max(cells, 0))


Units = tuple[tuple[float, str], ...]
"""Size and sign of those in which large counts are told, the largest first."""
LATIN: Units = ((1e6, "M"), (1e3, "k"))
HAN: Units = ((1e8, "亿"), (1e4, "万"))
_ROUNDS_UP = 0.9995


def count(value: float, units: Units = LATIN) -> str:
    """A count in at most 6 cells of a terminal; Han signs take two.

    >>> [count(value) for value in (0, 999, 12345, 123456, 99999999)]
    ['0', '999', '12,345', '123 k', '100 M']
    >>> [count(value, HAN) for value in (12345, 123456, 5200000, 99999999)]
    ['12,345', '12.3 万', '520 万', '1.0 亿']
    """
    if value < 100_000:
        return f"{round(value):,}"
    size, sign = next(one for one in units if value >= one[0] * _ROUNDS_UP)
    told = value / size
    return f"{told:.1f} {sign}" if told < 99.95 else f"{told:.0f} {sign}"


def amount(value: float, units: Units = LATIN) -> str:
    """A measured amount: whole where it is large, one decimal below 10.

    >>> [amount(value) for value in (412.0, 3.25, 4.0, -62.5)]
    ['412', '3.2', '4', '-62']
    """
    if abs(value) >= 10 or value == round(value):
        return count(value, units) if value >= 0 else f"{round(value):,}"
    return f"{value:.1f}"


def signed(value: float | None) -> str:
    """A net sentiment, -100 to +100.

    >>> [signed(value) for value in (37.6, -100.0, 0.2, None)]
    ['+38', '-100', '0', '·']
    """
    if value is None:
        return "·"
    return f"{round(value):+d}" if round(value) else "0"


def share(value: float | None) -> str:
    """A share in percent.

    >>> share(0.125), share(None)
    ('12%', '·')
    """
    return "·" if value is None else f"{100 * value:.0f}%"


def duration(ms: float) -> str:
    """A length of time in one unit.

    >>> [duration(1000 * seconds) for seconds in (-3, 2.4, 119, 130, 7300, 200000)]
    ['0 s', '2 s', '119 s', '2 min', '2 h', '2 d']
    """
    seconds = max(0.0, ms / 1000)
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 120 * 60:
        return f"{seconds / 60:.0f} min"
    if seconds < 48 * 3600:
        return f"{seconds / 3600:.0f} h"
    return f"{seconds / 86400:.0f} d"


def clock(time_ms: int, now_ms: int, zone: tzinfo | None, *, seconds: bool = True) -> str:
    """Time of day in `zone` (None: the machine's), with the date where it is another day's.

    >>> from datetime import UTC
    >>> clock(1_327_248_001_000, 1_327_248_002_000, UTC)
    '16:00:01'
    >>> clock(1_327_248_001_000, 1_800_000_000_000, UTC, seconds=False)
    '2012-01-22 16:00'
    """
    try:
        time = datetime.fromtimestamp(time_ms / 1000, zone)
        today = datetime.fromtimestamp(now_ms / 1000, zone).date()
    except (ValueError, OverflowError, OSError):
        return "?"
    shown = time.strftime("%H:%M:%S" if seconds else "%H:%M")
    return shown if time.date() == today else f"{time:%Y-%m-%d} {shown}"
