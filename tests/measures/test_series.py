"""The detector on series: bursts found, rhythms not, nothing seen ahead."""

import math
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from measures.alert_life import USUAL_COOL_DOWN_MS
from measures.season import DAY_MS, MINUTE_MS
from measures.series import SeriesDetector

pytestmark = pytest.mark.no_cover
"""Days of minutes: tracing would slow them down three times."""

FIVE_MS = 5 * MINUTE_MS
A_DAY = DAY_MS // FIVE_MS
Values = Sequence[float | None]


def judged(values: Iterable[float | None], step_ms: int = FIVE_MS, **knobs: float) -> list[int]:
    """Rows where alerts start."""
    detector = SeriesDetector(step_ms, **knobs)
    return [row for row, value in enumerate(values) if detector.take(row * step_ms, value).is_alert]


def poisson(days: float, rate: Callable[[int], float], seed: int = 1) -> list[float]:
    rng = np.random.default_rng(seed)
    return [float(rng.poisson(rate(row))) for row in range(int(days * A_DAY))]


@pytest.mark.parametrize("mean", [0.05, 0.4, 4.0, 80.0])
def test_a_month_of_a_steady_brand_of_any_size_has_at_most_one_alert(mean: float) -> None:
    alerts = [judged(poisson(30, lambda _: mean, seed)) for seed in range(3)]
    assert sum(map(len, alerts)) <= 3


@pytest.mark.parametrize("mean", [0.4, 4.0, 80.0])
def test_a_burst_of_ten_times_is_found_in_its_first_quarter_of_an_hour(mean: float) -> None:
    values = poisson(12, lambda _: mean)
    at = 10 * A_DAY
    peak = max(10 * mean, 12)
    values[at : at + 6] = [mean + peak] * 6
    alerts = [row for row in judged(values) if row >= 2 * A_DAY]
    assert [at <= row < at + 3 for row in alerts] == [True]


def test_a_burst_that_goes_on_is_one_alert() -> None:
    values = poisson(12, lambda _: 4.0)
    values[10 * A_DAY : 10 * A_DAY + 60] = [60.0] * 60
    assert len([row for row in judged(values) if row >= 9 * A_DAY]) == 1


def test_what_is_much_worse_is_told_in_the_cool_down() -> None:
    values = poisson(12, lambda _: 4.0)
    values[10 * A_DAY : 10 * A_DAY + 6] = [20.0] * 6
    values[10 * A_DAY + 24 : 10 * A_DAY + 30] = [5000.0] * 6
    rows = [row - 10 * A_DAY for row in judged(values) if row >= 9 * A_DAY]
    assert len(rows) == 2
    assert rows[1] * FIVE_MS < USUAL_COOL_DOWN_MS


def test_a_show_at_the_same_hour_every_day_becomes_part_of_the_rhythm() -> None:
    values = poisson(40, lambda _: 4.0)
    for day in range(10, 40):
        values[day * A_DAY + 96 : day * A_DAY + 108] = [20.0] * 12
    rows = judged(values)
    assert any(10 * A_DAY <= row < 11 * A_DAY for row in rows)
    assert [row for row in rows if row >= 25 * A_DAY] == []


def test_a_daily_rhythm_is_no_burst() -> None:
    values = poisson(21, lambda row: 20.0 if 96 <= row % A_DAY < 276 else 1.0)
    assert len([row for row in judged(values) if row >= 2 * A_DAY]) <= 1


def test_a_burst_in_the_night_is_told_though_every_noon_has_more_posts() -> None:
    values = poisson(21, lambda row: 20.0 if 96 <= row % A_DAY < 276 else 1.0)
    at = 15 * A_DAY + 40
    values[at : at + 6] = [30.0] * 6
    assert any(at <= row < at + 6 for row in judged(values))


def test_unknown_rows_are_neither_a_drop_nor_a_burst_and_teach_nothing() -> None:
    values: list[float | None] = list(poisson(12, lambda _: 20.0))
    values[8 * A_DAY : 9 * A_DAY] = [None] * A_DAY
    assert judged(values) == []


def test_rows_left_out_are_unknown() -> None:
    detector = SeriesDetector(FIVE_MS)
    found = []
    for row, value in enumerate(poisson(12, lambda _: 20.0)):
        if not 8 * A_DAY <= row < 9 * A_DAY:
            found.append(detector.take(row * FIVE_MS, value).is_alert)
    assert not any(found)


def test_a_higher_knob_finds_what_a_lower_one_finds_or_more() -> None:
    rng = np.random.default_rng(8)
    values = [float(rng.negative_binomial(1, 0.15)) for _ in range(20 * A_DAY)]
    counts = [len(judged(values, false_alerts_per_month=knob)) for knob in (0.05, 1.0, 30.0)]
    assert counts == sorted(counts)
    assert counts[0] < counts[2]


def test_fewest_posts_are_the_users() -> None:
    values = [0.0] * (3 * A_DAY) + [8.0] * 3
    assert judged(values, min_posts=30) == []
    assert judged(values, min_posts=10) != []


@settings(max_examples=40, deadline=None)
@given(
    values=st.lists(st.one_of(st.none(), st.floats(0, 1e6)), min_size=1, max_size=300),
    cut=st.integers(0, 300),
    step_ms=st.sampled_from([1000, MINUTE_MS, FIVE_MS, 3_600_000, DAY_MS]),
)
def test_it_never_looks_ahead(values: list[float | None], cut: int, step_ms: int) -> None:
    """Rows that come later change nothing; every score is in its range."""
    whole, part = SeriesDetector(step_ms), SeriesDetector(step_ms)
    told = [whole.take(row * step_ms, value) for row, value in enumerate(values)]
    assert told[:cut] == [part.take(row * step_ms, v) for row, v in enumerate(values[:cut])]
    for one in told:
        assert 0 <= one.score <= 1
        assert math.isfinite(one.expected)
        assert one.is_alert == (one.score >= 0.5)
