"""Socialmetrix's variation alert, as its support page describes it.

Once an hour: mean of the last 24 h > mean of the last 7 days + 1.5 sd of these. 1.5 ("low") is what
the page advises to start with; 2 and 3 find less.
"""

from bench.alerts.peers.rows import hourly, spaced
from bench.alerts.real import Series

_DAY, _WEEK, _MULTIPLE = 24, 7 * 24, 1.5


def detect(series: Series) -> list[int]:
    """The last rows of the hours that raise it, on counts of hours."""
    counts, ends = hourly(series)
    found = []
    for hour in range(_WEEK, len(counts)):
        week = counts[hour - _WEEK + 1 : hour + 1]
        if week[-_DAY:].mean() > week.mean() + _MULTIPLE * week.std():
            found.append(ends[hour])
    return spaced(series, found)
