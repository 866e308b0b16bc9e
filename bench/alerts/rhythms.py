"""What usual volumes of a brand are like: fitted on the quiet stretches of the real series.

A quiet stretch is at least an hour before and twelve hours behind a labelled event, and in no hour
with more than 2.5 times the expected posts. There the variance of the counts of five minutes is
fitted as `fano * mean + shared * mean^2`: conversations, in which a post brings others within
minutes, give the first, and a level that wanders within hours gives the second.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.alerts.real import Series, volumes

Floats = NDArray[np.float64]

DAY_MIN, HOUR_MIN = 24 * 60, 60
_STEP_MIN = 5
_A_DAY, _AN_HOUR = DAY_MIN // _STEP_MIN, HOUR_MIN // _STEP_MIN
_FEWEST_DAYS, _FEWEST_WEEKS = 6, 5
_FEWEST_POSTS_A_DAY = 50
_LEAST_USUAL = 0.02


class Texture(NamedTuple):
    """How the counts of one real series vary."""

    posts_a_min: float
    fano: float
    """Variance over mean that conversations give."""
    shared: float
    """Squared coefficient of variation of the level within hours."""
    drift: float
    """Standard deviation of the logarithm of a day's posts over those of the day before."""


class Rhythms(NamedTuple):
    """To draw from."""

    days: list[Floats]
    """Levels of the 24 hours, UTC; mean 1."""
    weeks: list[Floats]
    """Factors of Monday to Sunday; mean 1."""
    textures: list[Texture]


def fitted(folder: Path) -> Rhythms:
    """From the series of five minutes that are nearest to mentions of a brand."""
    rhythms = Rhythms([], [], [])
    for series in volumes(folder):
        is_fit = series.is_core and series.step_ms == _STEP_MIN * 60_000
        if not is_fit or len(series.at_ms) < _FEWEST_DAYS * _A_DAY:
            continue
        values = quiet(series)
        usual, profile = usual_of(series, values)
        rhythms.days.append(profile)
        rhythms.weeks.extend(_weeks(series, values))
        rhythms.textures.append(_texture(values, usual))
    return rhythms


def quiet(series: Series) -> Floats:
    """The counts, not a number where they are unknown or an event goes on."""
    values = np.array([np.nan if value is None else value for value in series.values])
    for low, high in series.windows:
        values[max(0, low - _AN_HOUR) : high + _A_DAY // 2] = np.nan
    return values


def usual_of(series: Series, values: Floats) -> tuple[Floats, Floats]:
    """What is usual in each row, and the profile of the day by hours.

    It knows the whole series: to fit and to scale by, never to detect with.
    """
    hours = np.array(series.at_ms) // (HOUR_MIN * 60_000) % 24
    level = np.repeat(list(_levels(values)), _AN_HOUR)[: len(values)]
    ratio = values / np.maximum(level, _LEAST_USUAL)
    profile = np.array([_mean(ratio[hours == hour]) for hour in range(24)])
    profile = np.nan_to_num(profile / np.nanmean(profile), nan=1.0)
    return profile[hours] * level, profile


def _levels(values: Floats) -> Iterator[float]:
    """For each hour the mean of the day around it."""
    for row in range(0, len(values), _AN_HOUR):
        yield _mean(values[max(0, row - _A_DAY // 2) : row + _A_DAY // 2])


def _weeks(series: Series, values: Floats) -> Iterator[Floats]:
    """The median of each weekday's posts over those of the week around it."""
    days = len(values) // _A_DAY
    if days < 7 * _FEWEST_WEEKS:
        return
    posts = np.array([_mean(values[day * _A_DAY : (day + 1) * _A_DAY]) for day in range(days)])
    ratios: list[list[float]] = [[] for _ in range(7)]
    first = series.at_ms[0] // (DAY_MIN * 60_000) + 3  # 1 January 1970 was a Thursday
    for day in range(3, days - 3):
        ratio = posts[day] / _mean(posts[day - 3 : day + 4])
        if np.isfinite(ratio):
            ratios[(first + day) % 7].append(ratio)
    week = np.array([np.median(of_day) for of_day in ratios])
    yield week / week.mean()


def _texture(values: Floats, usual: Floats) -> Texture:
    calm = np.isfinite(values) & np.isfinite(usual) & (usual > _LEAST_USUAL)
    for row in range(0, len(values), _AN_HOUR):
        hour = slice(row, row + _AN_HOUR)
        if np.nansum(values[hour]) > 2.5 * np.nansum(usual[hour]) + 8:
            calm[hour] = False
    mean, squares = usual[calm], (values[calm] - usual[calm]) ** 2
    # Weighted least squares: a square varies about as its mean.
    weights = 1 / (mean + 0.3 * mean**2 + 0.05)
    left = np.column_stack([mean, mean**2]) * weights[:, None]
    fano, shared = np.linalg.lstsq(left, squares * weights, rcond=None)[0]
    return Texture(
        float(mean.mean()) / _STEP_MIN,
        float(np.clip(fano, 1.0, 3.0)),
        float(np.clip(shared, 0.01, 0.6)),
        _drift(np.where(calm, values, np.nan)),
    )


def _drift(values: Floats) -> float:
    """By medians, without what counting alone would give."""
    days = [_mean(values[row : row + _A_DAY]) * _A_DAY for row in range(0, len(values), _A_DAY)]
    posts = np.array([day for day in days if day > _FEWEST_POSTS_A_DAY])
    if len(posts) < _FEWEST_DAYS // 2:
        return float("nan")
    changes = np.diff(np.log(posts))
    spread = 1.4826 * np.median(np.abs(changes))
    return float(np.sqrt(max(spread**2 - 2 / np.mean(posts), 0.0)))


def _mean(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")
