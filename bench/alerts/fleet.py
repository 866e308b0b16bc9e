"""Simulated brands with real rhythms: posts a minute for four weeks, without any burst.

    rate = size * hour of the day * weekday * slow drift * level within hours

Profiles, weekdays and textures are drawn from the real series (`rhythms`). Posts come as
conversations: Poisson starts, geometric numbers of posts, the others within minutes of the first.
The level within hours is a gamma, so that counts are negative binomial as the real ones are; half
of it wanders within a quarter of an hour, half within two hours.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import signal, stats  # type: ignore[import-untyped]

from bench.alerts.rhythms import DAY_MIN, HOUR_MIN, Floats, Rhythms, Texture

Counts = NDArray[np.int64]

WEEK_MIN = 7 * DAY_MIN
WEEKS = 4
MINUTES = WEEKS * WEEK_MIN
MONTHS = MINUTES / (30 * DAY_MIN)
START_MS = 1_325_462_400_000
"""Monday, 2 January 2012."""
SEED = 7
"""Brands and bursts of seed 1 were in view when the detector's constants were chosen."""
SMALLEST, LARGEST = 0.01, 60.0
"""Posts a minute, the mean of a brand."""
CLASSES = ((0.01, 0.1), (0.1, 1.0), (1.0, 10.0), (10.0, 60.0))
"""From, and below (the last: up to)."""

_NEAREST = 8
"""Textures of so many real series of the nearest size are drawn from."""
_MOST_DRIFT, _DRIFT_DAYS = 0.5, 3
"""Larger changes between two days are news and no drift; a drift is forgotten in so many days."""
_WANDER_MIN = (15, 120)
_ANSWER_MIN = 2.0
_MOST_SHIFT_H = 2.0


class Simulated(NamedTuple):
    """One brand."""

    number: int
    size: float
    """Posts a minute on average, without the drift."""
    counts: Counts
    """Posts of each minute."""
    usual: Floats
    """What is usual then, of which the counts are one draw."""
    rate: Floats
    """The same with the level within hours, by which posts were drawn."""
    fano: float
    """Variance over mean that conversations give."""


def size_of(number: int, brands: int) -> float:
    """Sizes spread evenly over the logarithm.

    >>> [round(size_of(number, 3), 2) for number in range(3)]
    [0.04, 0.77, 14.08]
    """
    return SMALLEST * float((LARGEST / SMALLEST) ** ((number + 0.5) / brands))


def class_of(size: float) -> int:
    """Number of the class of sizes.

    >>> class_of(0.01), class_of(5.0), class_of(60.0)
    (0, 2, 3)
    """
    return max(at for at, (low, _) in enumerate(CLASSES) if size >= low)


def simulate(number: int, brands: int, rhythms: Rhythms, seed: int = SEED) -> Simulated:
    """Brand `number` of a fleet of so many; the same each time."""
    rng = np.random.default_rng([seed, brands, number])
    size = size_of(number, brands)
    texture = _texture(rng, size, rhythms.textures)
    usual = size * _season(rng, rhythms) * _drift(rng, texture.drift)
    rate = usual * _wandering(rng, texture.shared)
    counts = conversations(rng, rate, texture.fano)
    return Simulated(number, size, counts, usual, rate, texture.fano)


def conversations(rng: np.random.Generator, rate: Floats, fano: float) -> Counts:
    """Posts of each minute at these rates, with variance over mean `fano` over longer stretches."""
    posts = (fano + 1) / 2  # geometric sizes: fano = 2 * mean - 1
    starts = rng.poisson(rate / posts)
    counts = starts.astype(np.int64)
    if posts > 1:
        begun = np.repeat(np.arange(len(rate)), starts)
        answers = rng.geometric(1 / posts, len(begun)) - 1
        at = np.repeat(begun, answers) + rng.exponential(_ANSWER_MIN, answers.sum()).astype(int)
        np.add.at(counts, at[at < len(rate)], 1)
    return counts


def _texture(rng: np.random.Generator, size: float, textures: list[Texture]) -> Texture:
    distance = [abs(math.log(size / one.posts_a_min)) for one in textures]
    nearest = np.argsort(distance, kind="stable")[:_NEAREST]
    drifts = [one.drift for one in textures if math.isfinite(one.drift)]
    drift = min(float(rng.choice(drifts)), _MOST_DRIFT)
    return textures[int(rng.choice(nearest))]._replace(drift=drift)


def _season(rng: np.random.Generator, rhythms: Rhythms) -> Floats:
    """A mixture of two real days at another hour, times a real week."""
    one, other = (rhythms.days[at] for at in rng.integers(len(rhythms.days), size=2))
    share, shift_h = rng.random(), rng.uniform(-_MOST_SHIFT_H, _MOST_SHIFT_H)
    profile = share * one + (1 - share) * other
    hours = np.arange(DAY_MIN) / HOUR_MIN - 0.5 + shift_h
    day = np.interp(hours, np.arange(24), profile, period=24)
    week = rhythms.weeks[int(rng.integers(len(rhythms.weeks)))]
    season: Floats = np.tile(np.concatenate([day * factor for factor in week]), WEEKS)
    season /= season.mean()
    return season


def _drift(rng: np.random.Generator, a_day: float) -> Floats:
    """A level that wanders by `a_day` (of its logarithm) from day to day; mean about 1."""
    hours = MINUTES // HOUR_MIN + 1
    kept_a_day = math.exp(-1 / _DRIFT_DAYS)
    spread = a_day / math.sqrt(2 * (1 - kept_a_day))
    level = spread * _wander(rng, hours, _DRIFT_DAYS * 24) - spread**2 / 2
    by_minute: Floats = np.interp(np.arange(MINUTES) / HOUR_MIN, np.arange(hours), level)
    return np.exp(by_minute)


def _wandering(rng: np.random.Generator, variance: float) -> Floats:
    """A gamma of mean 1 and this variance that wanders within hours."""
    parts = [_wander(rng, MINUTES, minutes) for minutes in _WANDER_MIN]
    normal = np.add(*parts) / math.sqrt(len(parts))
    grid = np.linspace(-6, 6, 400)
    values = stats.gamma.ppf(stats.norm.cdf(grid), 1 / variance, scale=variance)
    level: Floats = np.interp(normal, grid, values)
    return level


def _wander(rng: np.random.Generator, steps: int, memory: float) -> Floats:
    """Standard normal, correlated over `memory` steps (AR(1))."""
    kept = math.exp(-1 / memory)
    noise = rng.standard_normal(steps) * math.sqrt(1 - kept**2)
    noise[0] /= math.sqrt(1 - kept**2)
    wander: Floats = signal.lfilter([1.0], [1.0, -kept], noise)
    return wander
