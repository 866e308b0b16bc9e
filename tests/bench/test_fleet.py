"""Simulated brands have the volume, the rhythm and the dispersion that they were asked for."""

import numpy as np
import pytest

from bench.alerts.fleet import MINUTES, WEEK_MIN, class_of, conversations, simulate, size_of
from bench.alerts.rhythms import DAY_MIN, Rhythms, Texture

DAY = 1 + 0.8 * np.sin(2 * np.pi * np.arange(24) / 24)
WEEK = np.array([1.1, 1.1, 1.1, 1.1, 1.1, 0.75, 0.75])


def rhythms(shared: float = 0.01, fano: float = 1.0, drift: float = 0.0) -> Rhythms:
    return Rhythms([DAY], [WEEK / WEEK.mean()], [Texture(5.0, fano, shared, drift)])


def test_a_brand_is_the_same_each_time_and_no_other() -> None:
    one, again, other = (simulate(number, 50, rhythms()) for number in (40, 40, 41))
    assert (one.counts == again.counts).all()
    assert (one.counts[: len(other.counts)] != other.counts).any()


def test_posts_are_as_many_as_the_size_says() -> None:
    brand = simulate(40, 50, rhythms())
    assert brand.size == size_of(40, 50)
    assert len(brand.counts) == MINUTES
    assert brand.counts.mean() == pytest.approx(brand.size, rel=0.05)


def test_weekends_and_nights_are_as_in_the_real_series() -> None:
    usual = simulate(40, 50, rhythms()).usual
    day = usual[:DAY_MIN]
    assert day.max() / day.min() == pytest.approx(DAY.max() / DAY.min(), rel=0.1)
    saturday = usual[5 * DAY_MIN : 6 * DAY_MIN].mean()
    assert saturday / day.mean() == pytest.approx(0.75 / 1.1)
    assert usual[WEEK_MIN : 2 * WEEK_MIN] == pytest.approx(usual[:WEEK_MIN])


def test_the_level_wanders_within_hours_as_much_as_it_was_fitted_to() -> None:
    brand = simulate(49, 50, rhythms(shared=0.3))
    # At 54 posts a minute nearly all of the variance is the level's.
    ratio = brand.counts / brand.usual
    assert ratio.var() - (1 / brand.usual).mean() == pytest.approx(0.3, rel=0.2)


def test_conversations_give_the_dispersion_that_was_fitted() -> None:
    rng = np.random.default_rng(1)
    counts = conversations(rng, np.full(400_000, 1.0), fano=2.0)
    hours = counts[: len(counts) // 60 * 60].reshape(-1, 60).sum(axis=1)
    assert counts.mean() == pytest.approx(1.0, rel=0.02)
    assert hours.var() / hours.mean() == pytest.approx(2.0, rel=0.1)


def test_sizes_are_even_over_the_logarithm_and_the_last_class_holds_the_largest() -> None:
    sizes = [size_of(number, 5000) for number in range(5000)]
    counts = np.bincount([class_of(size) for size in sizes])
    expected = [
        np.log(high / low) / np.log(6000)
        for low, high in ((0.01, 0.1), (0.1, 1), (1, 10), (10, 60))
    ]
    assert counts / 5000 == pytest.approx(expected, abs=0.001)
