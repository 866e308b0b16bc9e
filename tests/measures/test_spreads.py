"""Dispersion: learned from residuals, bounded, and carried over to other levels."""

import numpy as np
import pytest

from measures.spreads import MOST, Spreads


def learned(counts: np.ndarray[tuple[int], np.dtype[np.int64]], mean: float) -> Spreads:
    spreads = Spreads()
    for count in counts:
        spreads.learn([float(count)] * 4, [mean] * 4, 0.999)
    return spreads


def test_poisson_counts_have_a_dispersion_of_one() -> None:
    spreads = learned(np.random.default_rng(1).poisson(20, 20_000), 20)
    assert spreads.dispersion(0, 20) == pytest.approx(1, abs=0.15)


def test_over_dispersed_counts_have_theirs() -> None:
    """A negative binomial with mean 20 and variance 100."""
    spreads = learned(np.random.default_rng(1).negative_binomial(5, 0.2, 20_000), 20)
    assert spreads.dispersion(0, 20) == pytest.approx(5, abs=1)


def test_it_is_never_below_poissons() -> None:
    spreads = Spreads()
    for _ in range(10_000):
        spreads.learn([20.0] * 4, [20.0] * 4, 0.99)
    assert [spreads.dispersion(at, 20) for at in range(4)] == [1.0] * 4


def test_one_giant_count_is_believed_up_to_a_bound() -> None:
    spreads = Spreads()
    spreads.learn([1e9] * 4, [1.0] * 4, 0.0)
    assert spreads.dispersions == [MOST] * 4


def test_at_night_a_dispersion_of_the_day_is_smaller_and_at_a_peak_bounded() -> None:
    spreads = Spreads([9.0] * 4, [100.0] * 4)
    night, day, peak = (spreads.dispersion(0, mean) for mean in (1, 100, 100_000))
    assert (night, day, peak) == (1.8, 9.0, 17.0)


def test_time_without_posts_counts_as_the_zeros_it_is() -> None:
    """One call for a stretch is as near as can be to many for its minutes."""
    means = [0.5, 2.5, 7.5, 30.0]
    at_once, one_by_one = Spreads(), Spreads()
    at_once.learn_empty(means, 0.99**100)
    for _ in range(100):
        one_by_one.learn([0.0] * 4, means, 0.99)
    assert at_once.dispersions == pytest.approx(one_by_one.dispersions)
    assert at_once.means == pytest.approx(means)
