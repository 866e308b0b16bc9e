"""How many posts a moment has: the day's and the week's rhythm, Chinese time."""

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
_CHINA_MS = 8 * HOUR_MS
_THURSDAY = 3
"""1970-01-01 was one."""

# Share of the day's posts by hour: a low at four, peaks at noon and late in the evening.
_HOURS = (
    2.9, 1.6, 0.9, 0.6, 0.5, 0.6, 1.3, 2.6, 4.0, 4.9, 5.2, 5.2,
    5.4, 5.1, 4.8, 4.8, 4.8, 4.8, 4.9, 5.3, 6.0, 7.0, 7.4, 5.4,
)  # fmt: skip
_MEAN_HOUR = sum(_HOURS) / 24
_WEEKDAYS = (0.97, 0.97, 0.98, 0.99, 1.03, 1.05, 1.01)


def factor(time_ms: int) -> float:
    """Posts at this moment as a multiple of the mean.

    >>> factor(14 * HOUR_MS) > 3 * factor(20 * HOUR_MS)    # 22 h in China against 4 h
    True
    """
    local_ms = time_ms + _CHINA_MS
    hour, within = divmod(local_ms % DAY_MS, HOUR_MS)
    now, after = _HOURS[hour], _HOURS[(hour + 1) % 24]
    weekday = (local_ms // DAY_MS + _THURSDAY) % 7
    return (now + (after - now) * within / HOUR_MS) / _MEAN_HOUR * _WEEKDAYS[weekday]
