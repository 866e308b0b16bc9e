"""Bursts in the shapes of real repost cascades, scaled to what is usual where they are put.

A burst of `f` times: over its busiest 5 minutes its own posts are on average `f` times what the
brand has then usually; over its busiest 15 minutes where 5 would hold fewer than ten posts. At
least ten posts in 15 minutes in any case, by draw too: what is smaller is no burst here, and a tiny
brand's bursts are larger than `f` therefore.

Begun in earnest: the first 5 (or 15) minutes over which its own rate is 5 times the usual; the peak
where it never is.
"""

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bench.alerts.fleet import Counts
from bench.alerts.rhythms import Floats

FEWEST = 10
"""Posts in the busiest minutes of a burst."""
FACTORS = (2.0, 3.0, 5.0, 10.0, 30.0)
EARNEST = 5.0
SPANS_MIN = (5, 15)
LASTS_MIN = 24 * 60
"""Of the 48 hours of a cascade as much is put in."""
_DRAWS = 200
_ROUNDING = 1 + 1e-9


class Burst(NamedTuple):
    """Posts to be added, by row of the series."""

    start: int
    """First row."""
    earnest: int
    """Row at whose begin it has begun in earnest."""
    posts: Counts
    """Of each row from `start` on."""
    factor: float
    """Its own posts at its peak over the usual, as scaled."""
    is_raised: bool
    """It is larger than asked for, as ten posts would be more than that."""


def cascades(folder: Path) -> list[Floats]:
    """Posts of each minute since the root."""
    shapes = []
    for cascade in json.loads((folder / "cascades.json").read_text("utf-8")):
        shape = np.zeros(LASTS_MIN)
        for minute, posts in cascade["counts"]:
            if minute < LASTS_MIN:
                shape[minute] = posts
        shapes.append(shape)
    return shapes


def put_in(
    rng: np.random.Generator, shape: Floats, usual: Floats, peak: int, factor: float, step_min: int
) -> Burst:
    """A burst whose busiest minutes begin at row `peak` of a series with these usual counts.

    `shape` is by minutes; a row has `step_min` of them.
    """
    rows = shape[: len(shape) // step_min * step_min].reshape(-1, step_min).sum(axis=1)
    spans = [max(1, span // step_min) for span in SPANS_MIN]
    span = next((s for s in spans if factor * usual[peak : peak + s].sum() >= FEWEST), spans[-1])
    sums = np.convolve(rows, np.ones(span), "valid")
    busiest = int(np.argmax(sums))
    start = peak - busiest
    rows = rows[max(0, -start) : len(usual) - start]
    start = max(0, start)
    there = float(usual[peak : peak + span].sum())
    wanted = max(factor * there, FEWEST)
    rates = rows * (wanted / sums[busiest])
    posts = _draw(rng, rates, slice(peak - start, peak - start + span))
    return Burst(
        start,
        start + _earnest(rates, usual[start : start + len(rates)], span, peak - start),
        posts,
        wanted / max(there, 1e-9),
        wanted > factor * there * _ROUNDING,
    )


def _draw(rng: np.random.Generator, rates: Floats, busiest: slice) -> Counts:
    for _ in range(_DRAWS):
        posts: Counts = rng.poisson(rates)
        if posts[busiest].sum() >= FEWEST:
            return posts
    raise ValueError("a burst of ten posts could not be drawn")


def _earnest(rates: Floats, usual: Floats, span: int, peak: int) -> int:
    ones = np.ones(span)
    own, there = np.convolve(rates, ones, "valid"), np.convolve(usual, ones, "valid")
    # What ten posts raised above five times the usual begins with ten posts.
    begun = np.flatnonzero(own >= np.maximum(EARNEST * there, FEWEST) - 1e-6)
    return min(int(begun[0]), peak) if len(begun) else peak
