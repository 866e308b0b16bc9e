"""Bursts put into real series in which nothing is known to have happened."""

import math
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bench.alerts import bursts, trial
from bench.alerts.bursts import FACTORS
from bench.alerts.on_fleet import Bursts, summed_up
from bench.alerts.real import Series, volumes
from bench.alerts.rhythms import Floats, quiet, usual_of
from bench.alerts.trial import Found

PER_FACTOR = 5
_STEP_MIN = 5
_FIRST = 0.4
"""Part of a series before the first burst: most have hardly more than a week."""
_MARGIN_ROWS = 24


class Result(NamedTuple):
    """All of them."""

    series: int
    alerts_a_month: float
    """Per series without bursts put in; what happened unlabelled is among them."""
    bursts: list[Bursts]


def results(folder: Path, jobs: int) -> Result:
    """Core series of five minutes without a labelled event, on `jobs` processes."""
    listed = [
        series
        for series in volumes(folder)
        if series.is_core and not series.windows and series.step_ms == _STEP_MIN * 60_000
    ]
    shapes = bursts.cascades(folder)
    with ProcessPoolExecutor(jobs) as pool:
        done = list(pool.map(partial(_of_series, shapes), listed))
    alerts = sum(len(alerts) for alerts, _ in done)
    found = [one for _, of_series in done for one in of_series]
    return Result(
        len(listed),
        alerts / sum(series.months for series in listed),
        [_of_factor(factor, found) for factor in FACTORS],
    )


def _of_factor(factor: float, found: Sequence[tuple[float, bool, Found]]) -> Bursts:
    of_factor = [(is_raised, one) for asked, is_raised, one in found if asked == factor]
    raised = sum(is_raised for is_raised, _ in of_factor) / len(of_factor)
    return summed_up("real", factor, [one for _, one in of_factor], raised)


def _of_series(
    shapes: Sequence[Floats], series: Series
) -> tuple[list[int], list[tuple[float, bool, Found]]]:
    values = quiet(series)
    usual, _ = usual_of(series, values)
    usual = np.nan_to_num(usual)
    rng = np.random.default_rng([4, *series.name.encode()])
    factors = [factor for factor in FACTORS for _ in range(PER_FACTOR)]
    put_in = []
    for factor in factors:
        peak = int(rng.integers(math.ceil(_FIRST * len(usual)), len(usual) - _MARGIN_ROWS))
        shape = shapes[int(rng.integers(len(shapes)))]
        put_in.append(bursts.put_in(rng, shape, usual, peak, factor, _STEP_MIN))
    done = trial.run(series.values, put_in, series.at_ms[0], series.step_ms, rng)
    outcomes = zip(factors, put_in, done.found, strict=True)
    return done.alerts, [(factor, burst.is_raised, one) for factor, burst, one in outcomes]
