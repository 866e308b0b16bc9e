"""Seasonal hybrid ESD (Vallis et al., HotCloud 2014), as in Twitter's AnomalyDetection.

Each hour on the last 7 days: what is left after the season of the day and the median is tested by
the generalized ESD test of Rosner with median and MAD, upwards, alpha 0.05, at most 2 % anomalies
(the settings of the package's examples); rows of the hour that has just ended are told
(`only_last = "hr"`). The season is the median of the last 7 days at that time of the day, smoothed
over an hour, in place of a robust STL, which is slower and sees the same at seven periods.
"""

import math
from functools import lru_cache

import numpy as np
from scipy import stats  # type: ignore[import-untyped]

from bench.alerts.peers.rows import DAY_MS, HOUR_MS, Values, filled, spaced
from bench.alerts.real import Series

_DAYS, _FEWEST_DAYS = 7, 2
_MOST, _ALPHA = 0.02, 0.05
_MAD_TO_SD = 1.4826


def detect(series: Series) -> list[int]:
    """The rows that are anomalies at the end of their hour; none where a row is a day or more."""
    values = filled(series)
    a_day, an_hour = round(DAY_MS / series.step_ms), max(1, round(HOUR_MS / series.step_ms))
    if a_day < 2:
        return []
    found = []
    for end in range(_FEWEST_DAYS * a_day, len(values) + 1, an_hour):
        window = values[max(0, end - _DAYS * a_day) : end]
        first = end - len(window)
        found += [first + row for row in _anomalies(window, a_day, len(window) - an_hour)]
    return spaced(series, found)


def _anomalies(window: Values, period: int, since: int) -> list[int]:
    """The anomalies from row `since` on."""
    residuals = window - _season(window, period)
    order = np.argsort(-residuals, kind="stable")
    most = max(1, int(_MOST * len(window)))
    told = [number for number in range(most) if order[number] >= since]
    if not told:
        return []
    critical = _critical(len(window), most)
    # Numbers of the largest are taken away one by one: what is left stays sorted.
    rising = residuals[order[::-1]]
    anomalies = 0
    for number in range(most):
        left = rising[: len(rising) - number]
        median = _middle(left)
        spread = _MAD_TO_SD * float(np.median(np.abs(left - median)))
        if spread == 0:
            break
        if (left[-1] - median) / spread > critical[number]:
            anomalies = number + 1
    return sorted(int(order[number]) for number in told if number < anomalies)


def _season(window: Values, period: int) -> Values:
    days = math.ceil(len(window) / period)
    folded = np.full(days * period, np.nan)
    folded[: len(window)] = window
    season = np.nanmedian(folded.reshape(days, period), axis=0)
    # Neighbours in the day share what is usual: seven days alone are few.
    width = max(1, period // 24)
    around = np.concatenate([season[-width:], season, season[:width]])
    smooth = np.convolve(around, np.ones(2 * width + 1) / (2 * width + 1), "valid")
    return smooth[np.arange(len(window)) % period]


def _middle(rising: Values) -> float:
    half = len(rising) // 2
    return float(rising[half] if len(rising) % 2 else (rising[half - 1] + rising[half]) / 2)


@lru_cache(maxsize=64)
def _critical(count: int, most: int) -> Values:
    """Rosner's critical values for the first, second ... largest of `count`, one-sided."""
    number = np.arange(1, most + 1)
    t = stats.t.ppf(1 - _ALPHA / (count - number + 1), count - number - 1)
    above = (count - number) * t
    values: Values = above / np.sqrt((count - number - 1 + t**2) * (count - number + 1))
    return values
