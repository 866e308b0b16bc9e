"""False alerts of simulated brands without bursts, and bursts put into them that are found."""

import math
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bench.alerts import bursts, fleet, trial
from bench.alerts.bursts import FACTORS, Burst
from bench.alerts.fleet import CLASSES, Simulated
from bench.alerts.peers import PEERS
from bench.alerts.real import Series
from bench.alerts.rhythms import DAY_MIN, Floats, Rhythms, fitted
from bench.alerts.trial import Found

PER_FACTOR = 2
"""Bursts of each factor put into each brand, each by itself."""
PEER_FACTOR = 5.0
PEER_STEP_MIN = 5
EVERY = "all"
_MINUTE_MS = 60_000
_MONTH_MIN = 30 * DAY_MIN
_MARGIN_MIN = 120


class Quiet(NamedTuple):
    """Alerts of a class of sizes without any burst."""

    sizes: str
    brands: int
    alerts_a_month: float
    """Per brand and month of 30 days."""
    first_week: float
    """The same rate in the first week, while it learns."""
    brands_without: float
    """Share of the brands that had none in four weeks."""


class Bursts(NamedTuple):
    """Bursts of a factor and a class of sizes."""

    sizes: str
    factor: float
    bursts: int
    found: float
    """Share."""
    median_min: float
    """Delay of those found, from the moment at which they have begun in earnest."""
    most_min: float
    """90 % of those found are found within."""
    raised: float
    """Share that had to be larger than the factor to have ten posts."""


class Peer(NamedTuple):
    """A detector on rows of five minutes, a burst in each brand."""

    system: str
    brands: int
    alerts_a_month: float
    """Outside the day of the burst."""
    found: float
    median_min: float


class Result(NamedTuple):
    """The whole fleet."""

    quiet: list[Quiet]
    bursts: list[Bursts]
    peers: list[Peer]


class _OfBrand(NamedTuple):
    size: float
    alerts: list[int]
    found: list[tuple[float, bool, Found]]
    """Factor asked for, whether it was raised, outcome."""


def results(
    folder: Path, brands: int, peer_brands: int, jobs: int, tell: Callable[[str], None]
) -> Result:
    """Simulate `brands` brands, some of them for the peers too, on `jobs` processes."""
    rhythms, shapes = fitted(folder), bursts.cascades(folder)
    one = partial(_of_brand, brands, rhythms, shapes)
    found: list[_OfBrand] = []
    with ProcessPoolExecutor(jobs) as pool:
        # The last ones are large and have the most to do.
        for of_brand in pool.map(one, reversed(range(brands))):
            found.append(of_brand)
            tell(f"fleet: {len(found)} of {brands} brands")
        peers = []
        for of_peers in pool.map(
            partial(_of_peers, peer_brands, rhythms, shapes), range(peer_brands)
        ):
            peers.append(of_peers)
            tell(f"fleet, other detectors: {len(peers)} of {peer_brands} brands")
    return Result(list(_quiet(found)), list(_bursts(found)), list(_peers(peers)))


def _of_brand(brands: int, rhythms: Rhythms, shapes: Sequence[Floats], number: int) -> _OfBrand:
    brand = fleet.simulate(number, brands, rhythms)
    rng = np.random.default_rng([fleet.SEED, 2, brands, number])
    factors = [factor for factor in FACTORS for _ in range(PER_FACTOR)]
    put_in = [_burst(rng, brand.usual, shapes, factor, 1) for factor in factors]
    done = trial.run(brand.counts.tolist(), put_in, fleet.START_MS, _MINUTE_MS, rng)
    found = [
        (factor, burst.is_raised, one)
        for factor, burst, one in zip(factors, put_in, done.found, strict=True)
    ]
    return _OfBrand(brand.size, done.alerts, found)


def _burst(
    rng: np.random.Generator, usual: Floats, shapes: Sequence[Floats], factor: float, step_min: int
) -> Burst:
    """At any time after the first week, in any of the shapes."""
    rows = slice(fleet.WEEK_MIN // step_min, len(usual) - _MARGIN_MIN // step_min)
    peak = int(rng.integers(rows.start, rows.stop))
    return bursts.put_in(rng, shapes[int(rng.integers(len(shapes)))], usual, peak, factor, step_min)


def _of_peers(
    brands: int, rhythms: Rhythms, shapes: Sequence[Floats], number: int
) -> dict[str, tuple[int, bool, float]]:
    """For each system its alerts outside the burst's day, whether it found it, and the delay."""
    brand = fleet.simulate(number, brands, rhythms)
    rng = np.random.default_rng([fleet.SEED, 3, brands, number])
    counts, usual = _coarser(brand)
    burst = _burst(rng, usual, shapes, PEER_FACTOR, PEER_STEP_MIN)
    counts[burst.start : burst.start + len(burst.posts)] += burst.posts
    step_ms = PEER_STEP_MIN * _MINUTE_MS
    at_ms = [fleet.START_MS + row * step_ms for row in range(len(counts))]
    series = Series(str(number), "", at_ms, counts.tolist(), [])
    over = burst.earnest + trial.WITHIN_MIN // PEER_STEP_MIN
    outcomes = {}
    for system, detect in PEERS.items():
        alerts = detect(series)
        outside = [row for row in alerts if not burst.start <= row < burst.start + len(burst.posts)]
        first = next((row for row in alerts if burst.start <= row < over), None)
        delay = math.nan if first is None else (first + 1 - burst.earnest) * PEER_STEP_MIN
        outcomes[system] = len(outside), first is not None, max(0.0, delay)
    return outcomes


def _coarser(brand: Simulated) -> tuple[Floats, Floats]:
    return (
        brand.counts.reshape(-1, PEER_STEP_MIN).sum(axis=1).astype(float),
        brand.usual.reshape(-1, PEER_STEP_MIN).sum(axis=1),
    )


def sizes_label(number: int) -> str:
    """Posts a minute of a class.

    >>> sizes_label(0)
    '0.01–0.1'
    """
    low, high = CLASSES[number]
    return f"{low:g}–{high:g}"


def _classes(found: Sequence[_OfBrand]) -> Iterator[tuple[str, list[_OfBrand]]]:
    for number in range(len(CLASSES)):
        yield sizes_label(number), [one for one in found if fleet.class_of(one.size) == number]
    yield EVERY, list(found)


def _quiet(found: Sequence[_OfBrand]) -> Iterator[Quiet]:
    for label, of_class in _classes(found):
        if not of_class:
            continue
        alerts = [row for one in of_class for row in one.alerts]
        first_week = sum(row < fleet.WEEK_MIN for row in alerts)
        yield Quiet(
            label,
            len(of_class),
            len(alerts) / len(of_class) / fleet.MONTHS,
            first_week / len(of_class) * _MONTH_MIN / fleet.WEEK_MIN,
            sum(not one.alerts for one in of_class) / len(of_class),
        )


def _bursts(found: Sequence[_OfBrand]) -> Iterator[Bursts]:
    for label, of_class in _classes(found):
        for factor in FACTORS:
            of_factor = [one for brand in of_class for one in brand.found if one[0] == factor]
            if of_factor:
                raised = sum(is_raised for _, is_raised, _ in of_factor) / len(of_factor)
                yield summed_up(label, factor, [one for _, _, one in of_factor], raised)


def summed_up(label: str, factor: float, found: Sequence[Found], raised: float) -> Bursts:
    """Share found and delays."""
    delays = [one.delay_min for one in found if one.is_found]
    median, most = np.quantile(delays, [0.5, 0.9]) if delays else (math.nan, math.nan)
    share = len(delays) / len(found)
    return Bursts(label, factor, len(found), share, float(median), float(most), raised)


def _peers(outcomes: Sequence[dict[str, tuple[int, bool, float]]]) -> Iterator[Peer]:
    months = fleet.MONTHS - DAY_MIN / _MONTH_MIN
    for system in PEERS:
        of_system = [outcome[system] for outcome in outcomes]
        if not of_system:
            continue
        delays = [delay for _, is_found, delay in of_system if is_found]
        yield Peer(
            system,
            len(of_system),
            sum(outside for outside, _, _ in of_system) / len(of_system) / months,
            len(delays) / len(of_system),
            float(np.median(delays)) if delays else math.nan,
        )
