"""A series as the peers take it."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from bench.alerts.real import Series
from measures.alert_life import USUAL_COOL_DOWN_MS

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS

Values = NDArray[np.float64]


def filled(series: Series) -> Values:
    """What is unknown is taken for what was last known."""
    values: list[float] = []
    for value in series.values:
        values.append(value if value is not None else values[-1] if values else 0.0)
    return np.asarray(values)


def hourly(series: Series) -> tuple[Values, list[int]]:
    """Sums of full hours, and the last row of each."""
    an_hour = max(1, round(HOUR_MS / series.step_ms))
    values = filled(series)
    hours = len(values) // an_hour
    sums = values[: hours * an_hour].reshape(hours, an_hour).sum(axis=1)
    return sums, [an_hour * (hour + 1) - 1 for hour in range(hours)]


def prefix(values: Values) -> Values:
    """Sums of the first 0, 1, 2 ... values."""
    return np.concatenate([[0.0], np.cumsum(values)])


def spaced(series: Series, rows: Iterable[int]) -> list[int]:
    """The rows without those in the cool-down of one before."""
    found: list[int] = []
    for row in rows:
        if not found or series.at_ms[row] - series.at_ms[found[-1]] >= USUAL_COOL_DOWN_MS:
            found.append(row)
    return found
