"""What a baseline expects, how it learns, and how many bytes it takes."""

import math
from collections.abc import Callable

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from measures.baselines import WARM_MS, Baseline
from measures.horizons import HORIZONS_MIN
from measures.season import DAY_MS, HOUR_MS, MINUTE_MS

pytestmark = pytest.mark.no_cover
"""Days of minutes: tracing would slow them down three times."""

DAY = 24 * 60
MOST_BYTES = 640
"""The docstring of `Baseline` says so."""
MONDAY_MS = 4 * DAY_MS


def watched(days: float, rate: Callable[[int], float], start_ms: int = MONDAY_MS) -> Baseline:
    """A baseline that saw so many posts in each minute, given by its number."""
    baseline = Baseline()
    baseline.begin(start_ms)
    for minute in range(int(days * DAY)):
        at_ms = start_ms + minute * MINUTE_MS
        means = baseline.means(at_ms)
        posts = rate(minute)
        baseline.learn(at_ms, posts, math.inf)
        baseline.learn_sums(at_ms, [posts * span for span in HORIZONS_MIN], means, unusual=False)
    return baseline


def is_day(minute: int) -> bool:
    return 8 * 60 <= minute % DAY < 22 * 60


def test_a_steady_rate_is_expected() -> None:
    baseline = watched(3, lambda _: 4.0)
    assert baseline.expected(baseline.known_to_ms) == pytest.approx(4, rel=0.05)
    assert baseline.means(baseline.known_to_ms) == pytest.approx([4, 20, 60, 240], rel=0.05)


def test_a_daily_rhythm_is_learned_within_days() -> None:
    baseline = watched(8, lambda minute: 20.0 if is_day(minute) else 1.0)
    midnight_ms = baseline.known_to_ms
    by_hour = [baseline._season(midnight_ms + hour * HOUR_MS, {}) for hour in (3, 15)]
    assert by_hour[0] < 2
    assert by_hour[1] == pytest.approx(20, rel=0.1)


def test_the_evening_does_not_hide_the_night() -> None:
    """The level of the last hours is one of the season: two hours after it fell, it is low."""
    baseline = watched(10 + 1 / 24, lambda minute: 30.0 if is_day(minute) else 1.0)
    assert baseline.expected(baseline.known_to_ms) < 4


def test_a_weekend_is_learned_within_weeks_and_a_holiday_is_one() -> None:
    baseline = watched(35, lambda minute: 2.0 if minute // DAY % 7 >= 5 else 10.0)
    noon_ms = baseline.known_to_ms + DAY_MS // 2
    holiday = {noon_ms // DAY_MS: 6}
    workday = baseline._season(noon_ms, {})
    assert baseline._season(noon_ms, holiday) < 0.6 * workday
    assert baseline._season(noon_ms + 5 * DAY_MS, {}) < 0.6 * workday


def test_a_level_that_has_shifted_is_expected_after_some_hours() -> None:
    baseline = watched(9, lambda minute: 5.0 if minute < 8.5 * DAY else 15.0)
    assert baseline.expected(baseline.known_to_ms) > 10


def test_the_smaller_of_season_and_level_is_what_a_drop_is_told_by() -> None:
    baseline = watched(9, lambda minute: 15.0 if minute < 8.5 * DAY else 5.0)
    at_ms = baseline.known_to_ms
    assert baseline.least_expected(at_ms) < 8 < baseline.expected(at_ms)


@pytest.mark.parametrize("rate", [0.05, 0.5])
def test_whether_so_many_are_expected_in_an_hour_is_found_sooner(rate: float) -> None:
    baseline = watched(6, lambda minute: rate if is_day(minute) else 0.0)
    least = 60 * baseline.least_expected(baseline.known_to_ms)
    assert baseline.expects_in_an_hour(least)
    assert not baseline.expects_in_an_hour(math.nextafter(least, math.inf))


def test_a_cap_keeps_bursts_out() -> None:
    baseline = watched(2, lambda _: 5.0)
    for minute in range(60):
        baseline.learn(baseline.known_to_ms, 1000, cap=10)
        assert baseline.expected(baseline.known_to_ms) < 10, minute


def test_nothing_is_warm_before_half_an_hour() -> None:
    baseline = Baseline()
    assert not baseline.is_warm()
    baseline.begin(0)
    baseline.pass_empty(WARM_MS - MINUTE_MS)
    assert not baseline.is_warm()
    baseline.pass_empty(WARM_MS)
    assert baseline.is_warm()


def test_a_gap_that_nobody_watched_teaches_nothing() -> None:
    baseline = watched(2, lambda _: 5.0)
    expected, observed_ms = baseline.expected(baseline.known_to_ms), baseline.observed_ms()
    baseline.skip(baseline.known_to_ms + DAY_MS)
    assert baseline.expected(baseline.known_to_ms) == pytest.approx(expected, rel=0.02)
    assert baseline.observed_ms() == observed_ms


@pytest.mark.parametrize("minutes", [1, 7, 59, 61, 600, DAY - 1, DAY + 30, 3 * DAY + 100])
def test_time_without_posts_at_once_is_as_minute_by_minute(minutes: int) -> None:
    at_once, one_by_one = (watched(4, lambda m: 6.0 if is_day(m) else 1.0) for _ in range(2))
    until_ms = at_once.known_to_ms + minutes * MINUTE_MS
    at_once.pass_empty(until_ms)
    for _ in range(minutes):
        one_by_one.pass_empty(one_by_one.known_to_ms + MINUTE_MS)
    assert at_once.known_to_ms == one_by_one.known_to_ms
    for later in (0, 6 * HOUR_MS, 13 * HOUR_MS):
        one, other = (baseline._season(until_ms + later, {}) for baseline in (at_once, one_by_one))
        assert one == pytest.approx(other, rel=0.1, abs=0.1)
    assert at_once.expected(until_ms) == pytest.approx(
        one_by_one.expected(until_ms), rel=0.2, abs=0.3
    )


def test_means_of_a_horizon_are_what_was_expected_then() -> None:
    """A slow rise is no surprise in the end, nor is a fall one before it came."""
    baseline = watched(8, lambda minute: 40.0 if is_day(minute) else 4.0)
    morning_ms = baseline.known_to_ms + 8 * HOUR_MS
    for minute in range(8 * 60):
        posts = 40.0 if is_day(minute) else 4.0
        baseline.learn(baseline.known_to_ms, posts, math.inf)
    means = baseline.means(morning_ms)
    assert means[0] > 12
    assert means[3] < 60 * means[0]


@given(
    steps=st.lists(st.tuples(st.integers(0, 3000), st.floats(0, 1e6)), max_size=60),
    start=st.integers(0, 2**41),
)
def test_no_history_makes_it_lose_its_numbers(steps: list[tuple[int, float]], start: int) -> None:
    baseline = Baseline()
    start_ms = start // MINUTE_MS * MINUTE_MS
    baseline.begin(start_ms)
    for gap, posts in steps:
        at_ms = baseline.known_to_ms + gap * MINUTE_MS
        baseline.pass_empty(at_ms)
        means = baseline.means(at_ms)
        assert all(math.isfinite(mean) and mean > 0 for mean in means)
        baseline.learn(at_ms, posts, 1e7)
        baseline.learn_sums(at_ms, [posts] * 4, means, unusual=False)
        assert 0 <= baseline.least_expected(baseline.known_to_ms) <= 1e7
        assert all(dispersion >= 1 for dispersion in baseline.spreads.dispersions)


def test_it_survives_the_changelog_in_few_bytes() -> None:
    rng = np.random.default_rng(3)
    baseline = watched(9, lambda _: float(rng.poisson(3)))
    baseline.extremes.begin_event(baseline.known_to_ms, [9.0] * 4, [1.0] * 4)
    encoded = msgspec.msgpack.encode(baseline)
    assert baseline == msgspec.msgpack.decode(encoded, type=Baseline)
    assert len(encoded) <= MOST_BYTES
