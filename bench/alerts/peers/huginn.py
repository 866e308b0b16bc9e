"""Huginn's PeakDetectorAgent with its defaults (`app/models/agents/peak_detector_agent.rb`).

A value is a peak if it is above the mean + 3 sd of the 14 days before, without the last two values,
and the next one is lower; two days at least between two peaks. It is told one step late therefore.
"""

import math

from bench.alerts.peers.rows import DAY_MS, filled, prefix
from bench.alerts.real import Series

_WINDOW_DAYS, _SPACING_DAYS, _MULTIPLE, _FEWEST = 14, 2, 3, 5


def detect(series: Series) -> list[int]:
    """The rows at which a peak is told."""
    values = filled(series)
    window = _WINDOW_DAYS * DAY_MS // series.step_ms
    spacing = _SPACING_DAYS * DAY_MS // series.step_ms
    sums, squares = prefix(values), prefix(values**2)
    found: list[int] = []
    peak = -spacing - 1
    for row in range(_FEWEST - 1, len(values)):
        if row - peak <= spacing or not values[row] < values[row - 1]:
            continue
        first, last = max(0, row + 1 - window), row - 1
        mean = (sums[last] - sums[first]) / (last - first)
        variance = max((squares[last] - squares[first]) / (last - first) - mean**2, 0.0)
        if values[row - 1] > mean + _MULTIPLE * math.sqrt(variance):
            found.append(row)
            peak = row - 1
    return found
