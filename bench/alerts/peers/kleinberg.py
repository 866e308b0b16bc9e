"""Kleinberg's two-state automaton (KDD 2002) on counts, s = 2, gamma = 1.

The rate of the lower state is the mean of the last 14 days, that of the upper one twice as high; a
step up costs gamma ln(n). Decoded forward: the state is the cheaper one at each row, as the paper's
Viterbi path needs the future.
"""

import math

from bench.alerts.peers.rows import DAY_MS, filled, prefix, spaced
from bench.alerts.real import Series

_SCALE, _GAMMA, _DAYS = 2.0, 1.0, 14
_LEAST_RATE = 1e-3


def detect(series: Series) -> list[int]:
    """The rows where the upper state begins."""
    values = filled(series)
    window = _DAYS * DAY_MS // series.step_ms
    sums = prefix(values)
    low, high = 0.0, math.inf
    is_high, found = False, []
    for row in range(1, len(values)):
        first = max(0, row - window)
        rate = max((sums[row] - sums[first]) / (row - first), _LEAST_RATE)
        value = float(values[row])
        # Negative logarithms of Poisson probabilities, without what both have in common.
        high = min(high, low + _GAMMA * math.log(row + 1))
        low = min(low, high) + rate - value * math.log(rate)
        high += _SCALE * rate - value * math.log(_SCALE * rate)
        least = min(low, high)
        low, high = low - least, high - least
        if (high < low) > is_high:
            found.append(row)
        is_high = high < low
    return spaced(series, found)
