"""Bursts that are put into series."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.alerts.bursts import FEWEST, put_in
from bench.alerts.rhythms import Floats

ROWS, PEAK = 4000, 2000


def shape_of(*posts: int) -> Floats:
    """A cascade with these posts in its first minutes."""
    shape = np.zeros(24 * 60)
    shape[: len(posts)] = posts
    return shape


def test_the_busiest_minutes_of_a_burst_stand_where_they_were_asked_for() -> None:
    shape = shape_of(*[1] * 30, *[9] * 5, *[1] * 30)
    burst = put_in(np.random.default_rng(1), shape, np.full(ROWS, 4.0), PEAK, 5.0, step_min=1)
    assert burst.start == PEAK - 30
    assert burst.earnest == PEAK


def test_a_burst_is_so_many_times_the_usual_at_its_peak() -> None:
    usual = np.full(ROWS, 40.0)
    burst = put_in(np.random.default_rng(1), shape_of(*[7] * 5), usual, PEAK, 5.0, step_min=1)
    # 5 times 40 posts for 5 minutes; the posts are a draw of Poisson: 1000, sd 32.
    assert burst.factor == pytest.approx(5.0)
    assert burst.posts[:5].sum() == pytest.approx(1000, abs=4 * 32)
    assert not burst.is_raised


def test_a_large_burst_has_begun_in_earnest_where_it_is_five_times_the_usual() -> None:
    # 4, 8 ... 40 times the usual in stretches of five minutes; scaled so that the last has 30.
    shape = shape_of(*[posts for posts in range(1, 11) for _ in range(5)])
    usual = np.full(ROWS, 10.0)
    burst = put_in(np.random.default_rng(1), shape, usual, PEAK, 30.0, step_min=1)
    # Stretch number n has 3 n times the usual: 5 times are reached between numbers 1 and 2,
    # over five minutes of which at least 10 / 3 are in stretch 2 (3 + 3 k / 5 >= 5: k = 4).
    assert burst.earnest - burst.start == 4


def test_a_small_brands_burst_is_measured_over_a_quarter_of_an_hour() -> None:
    # 5 x 0.2 x 5 min = 5 posts are too few, 5 x 0.2 x 15 min = 15 are not.
    usual = np.full(ROWS, 0.2)
    burst = put_in(np.random.default_rng(1), shape_of(*[1] * 60), usual, PEAK, 5.0, step_min=1)
    assert burst.factor == pytest.approx(5.0)
    assert not burst.is_raised


@given(size=st.floats(0.001, 50), factor=st.sampled_from([2.0, 5.0, 30.0]), seed=st.integers(0, 99))
def test_every_burst_has_ten_posts_in_its_busiest_minutes(
    size: float, factor: float, seed: int
) -> None:
    shape = shape_of(3, 9, 4, 2, 1, 0, 1, *[0] * 40, 2, 2, 1)
    usual = np.full(ROWS, size)
    burst = put_in(np.random.default_rng(seed), shape, usual, PEAK, factor, step_min=1)
    assert burst.posts[:15].sum() >= FEWEST
    assert burst.factor >= factor * (1 - 1e-9)
    assert burst.is_raised == (burst.factor > factor * (1 + 1e-9))


def test_a_burst_fits_into_rows_of_five_minutes_and_the_end_of_the_series() -> None:
    usual = np.full(300, 50.0)
    burst = put_in(np.random.default_rng(1), shape_of(*[5] * 600), usual, 290, 5.0, step_min=5)
    assert burst.start + len(burst.posts) <= 300
