"""How soon a burst is found."""

import math

import numpy as np

from bench.alerts.bursts import Burst
from bench.alerts.trial import Found, run

MINUTE_MS = 60_000
START_MS = 1_325_462_400_000
DAYS = 3
QUIET = np.random.default_rng(1).poisson(2.0, DAYS * 1440).tolist()
"""Two posts a minute, without any rhythm."""
AT = 2 * 1440


def burst_of(*posts: int, earnest: int = AT) -> Burst:
    return Burst(AT, earnest, np.array(posts), factor=0.0, is_raised=False)


def found(*bursts: Burst) -> list[Found]:
    return run(QUIET, list(bursts), START_MS, MINUTE_MS, np.random.default_rng(1)).found


def test_a_burst_that_cannot_be_overlooked_is_found_within_its_first_minute() -> None:
    (one,) = found(burst_of(*[600] * 10))
    assert one.is_found
    assert 0 < one.delay_min < 1


def test_the_more_posts_a_minute_the_sooner_it_is_found_within_that_minute() -> None:
    few, many = found(burst_of(*[200] * 10), burst_of(*[5000] * 10))
    assert many.delay_min < few.delay_min


def test_a_burst_without_posts_is_not_found() -> None:
    (one,) = found(burst_of(0, 0, 0))
    assert not one.is_found
    assert math.isnan(one.delay_min)


def test_bursts_do_not_see_each_other_and_leave_the_series_as_it_was() -> None:
    alone = found(burst_of(*[600] * 10))[0].is_found
    both = run(
        QUIET,
        [burst_of(*[600] * 10), burst_of(*[600] * 10, earnest=AT)],
        START_MS,
        MINUTE_MS,
        np.random.default_rng(1),
    )
    without = run(QUIET, [], START_MS, MINUTE_MS, np.random.default_rng(1))
    assert [alone, alone] == [one.is_found for one in both.found]
    assert without.alerts == both.alerts


def test_what_is_told_before_the_burst_has_begun_in_earnest_has_no_delay() -> None:
    (one,) = found(burst_of(*[600] * 30, earnest=AT + 20))
    assert Found(is_found=True, delay_min=0.0) == one
