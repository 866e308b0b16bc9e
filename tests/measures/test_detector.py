"""The detector: what is improbable, large and news, and what its knob does."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats  # type: ignore[import-untyped]

from measures.baselines import Baseline
from measures.detector import (
    MIN_FACTOR,
    MIN_FACTOR_UNSEASONED,
    MIN_POSTS,
    Verdict,
    gamma_quantile,
    gamma_tail,
    is_unusual,
    judge,
    limits,
    return_level,
    score_of,
    tail_of,
)
from measures.extremes import Extremes
from measures.horizons import HORIZONS_MIN
from measures.season import DAY_MS, MINUTE_MS
from measures.spreads import Spreads, most_learned

KNOBS = st.floats(0.001, 1000)


def known(days: float, dispersion: float = 1.0, peak: float = 0.0) -> Baseline:
    """A baseline that was watched for so long."""
    baseline = Baseline(since_ms=0, known_to_ms=int(days * DAY_MS))
    baseline.spreads = Spreads([dispersion] * 4)
    baseline.extremes = Extremes([peak] * 4)
    return baseline


@pytest.mark.parametrize("mean", [1.0, 10.0, 300.0])
@pytest.mark.parametrize("dispersion", [1.0, 3.0])
@pytest.mark.parametrize("tail", [0.01, 0.0001])
def test_quantiles_are_those_of_the_gamma(mean: float, dispersion: float, tail: float) -> None:
    """Against scipy's exact gamma with this mean and variance `mean * dispersion`."""
    exact = stats.gamma.isf(tail, mean / dispersion, scale=dispersion)
    assert gamma_quantile(mean, dispersion, tail) == pytest.approx(exact, rel=0.12)


@given(mean=st.floats(0.5, 1e5), dispersion=st.floats(1, 50), tail=st.floats(1e-6, 0.1))
def test_tail_and_quantile_are_inverse(mean: float, dispersion: float, tail: float) -> None:
    seen = gamma_quantile(mean, dispersion, tail)
    if mean / dispersion > 0.3:
        assert gamma_tail(seen, mean, dispersion) == pytest.approx(tail, rel=0.01)


def test_two_posts_are_nothing_whatever_was_expected() -> None:
    verdict = judge(known(30), [2.0] * 4, [0.01 * span for span in HORIZONS_MIN])
    assert not verdict.is_unusual
    assert verdict.score < 0.5


def test_below_the_fewest_posts_nothing_is_unusual_and_from_there_on_it_is() -> None:
    means = [0.001 * span for span in HORIZONS_MIN]
    below, reached = (judge(known(30), [float(n)] * 4, means) for n in (MIN_POSTS - 1, MIN_POSTS))
    assert (below.is_unusual, reached.is_unusual) == (False, True)


@pytest.mark.parametrize(("days", "factor"), [(0.4, MIN_FACTOR_UNSEASONED), (30, MIN_FACTOR)])
def test_a_large_count_must_be_a_factor_above_the_expected(days: float, factor: float) -> None:
    """With a million expected, nearly anything is improbable."""
    means = [1e6] * 4
    assert limits(known(days), means, 1.0, MIN_POSTS) == pytest.approx([factor * 1e6] * 4)


def test_what_a_brand_has_had_before_is_no_news() -> None:
    means = [10.0] * 4
    sums = [90.0] * 4
    assert judge(known(30, peak=10), sums, means).is_unusual
    assert not judge(known(30, peak=100), sums, means).is_unusual


def test_the_record_of_three_days_stands_for_less_than_that_of_a_month() -> None:
    [short, long] = (limits(known(days, peak=100), [10.0] * 4, 1.0, 10)[0] for days in (3, 30))
    assert short == pytest.approx(10 + 100 * 10**0.2)
    assert long == 110


def test_return_levels_grow_with_the_time_between() -> None:
    assert return_level(30 * DAY_MS, 1.0) == 1
    assert return_level(300 * DAY_MS, 1.0) == 1
    assert return_level(30 * DAY_MS, 1 / 32) == pytest.approx(2)
    assert return_level(0, 1.0) == return_level(DAY_MS // 2, 1.0)


@given(low=KNOBS, high=KNOBS)
def test_a_higher_knob_never_needs_more_posts(low: float, high: float) -> None:
    low, high = sorted((low, high))
    baseline = known(20, dispersion=2, peak=30)
    means = [0.5 * span for span in HORIZONS_MIN]
    quiet, loud = limits(baseline, means, low, 10), limits(baseline, means, high, 10)
    assert all(many >= few for many, few in zip(quiet, loud, strict=True))


def test_improbable_is_per_look_and_bounded() -> None:
    assert tail_of(60, 1.0) == pytest.approx(60 * tail_of(1, 1.0))
    assert tail_of(60, 1000.0) == 0.02


@given(
    seen=st.floats(0, 1e6),
    expected=st.floats(0.01, 1e5),
    over=st.floats(0.001, 1e5),
)
def test_scores_are_from_nought_to_one_and_half_at_the_limit(
    seen: float, expected: float, over: float
) -> None:
    score = score_of(seen, expected, expected + over)
    assert 0 <= score < 1 or seen > 1e3 * over
    if not math.isclose(seen, expected + over):
        assert (score > 0.5) == (seen > expected + over)


def test_severity_is_one_at_the_limit_and_ten_far_above() -> None:
    severities = [Verdict(5, 10.0 + excess, 10.0, 20.0, 0.1).severity for excess in (10, 15, 1e9)]
    assert severities == [1, 2, 10]


def test_the_horizon_that_is_furthest_above_speaks() -> None:
    means = [1.0, 5.0, 15.0, 60.0]
    flash = judge(known(30), [50.0, 55.0, 65.0, 110.0], means)
    slow = judge(known(30), [4.0, 20.0, 60.0, 240.0], means)
    assert (flash.horizon_min, slow.horizon_min) == (1, 60)


def test_the_probability_is_that_of_the_horizon() -> None:
    rng = np.random.default_rng(5)
    verdict = judge(known(30), [30.0] + [0.0] * 3, [15.0] * 4)
    share = float(np.mean(rng.gamma(15, 1, 400_000) >= 30))
    assert verdict.probability == pytest.approx(share, rel=0.25)


def test_what_is_learned_of_a_burst_is_bounded() -> None:
    assert most_learned(100, 4) == 100 + 4 * 20 + 2


@given(
    st.lists(st.integers(0, 400), min_size=4, max_size=4),
    st.sampled_from([1.0, 20.0]),
    st.sampled_from([3, MIN_POSTS]),
    st.sampled_from([1, 20, 60]),
)
def test_what_is_unusual_is_found_without_the_verdict(
    posts: list[int], knob: float, least: int, hours: int
) -> None:
    baseline = Baseline()
    baseline.begin(0)
    for minute in range(60 * hours):
        baseline.learn(minute * MINUTE_MS, minute % 3, math.inf)
        baseline.learn_sums(minute * MINUTE_MS, [minute % 7] * 4, [1.0] * 4, unusual=False)
    means = baseline.means(baseline.known_to_ms)
    sums = [float(seen) for seen in sorted(posts)]
    expected = judge(baseline, sums, means, knob, least).is_unusual
    assert is_unusual(baseline, sums, means, knob, least) is expected
