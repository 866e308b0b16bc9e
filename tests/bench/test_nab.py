"""The scoring of the Numenta Anomaly Benchmark, against values worked out by hand.

S(x) = 2 / (1 + exp(5 x)) - 1: S(-1) = 0.986614, S(-0.5) = 0.848284, S(-0.1) = 0.244919,
S(0.1) = -0.244919, S(0.5) = -0.848284, S(1) = -0.986614; -1 from 3 on.
"""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.alerts.nab import PROFILES, Scored, probation, score, together, widened

STANDARD, LOW_FP, LOW_FN = range(3)
ROWS = 1000
WINDOW = (500, 599)


def percents(scored: Scored) -> list[float]:
    return [round(scored.percent(number), 2) for number in range(len(PROFILES))]


def test_the_weights_are_those_of_the_benchmark() -> None:
    expected = [(1.0, 0.11, 1.0), (1.0, 0.22, 1.0), (1.0, 0.11, 2.0)]
    assert expected == [(one.found, one.outside, one.missed) for one in PROFILES]


@pytest.mark.parametrize(("rows", "expected"), [(100, 15), (4999, 749), (5000, 750), (90_000, 750)])
def test_the_first_15_percent_of_at_most_5000_rows_are_not_scored(rows: int, expected: int) -> None:
    assert expected == probation(rows)


def test_an_alert_at_the_begin_of_every_window_and_no_other_is_100() -> None:
    assert percents(score(ROWS, [WINDOW, (800, 849)], [500, 800])) == [100.0] * 3


def test_no_alert_is_0() -> None:
    assert percents(score(ROWS, [WINDOW], [])) == [0.0] * 3


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        # S(-0.5) / S(-1) = 0.859793: (0.859793 + 1) / 2, (0.859793 + 2) / 3
        (550, [92.99, 92.99, 95.33]),
        # the last row: S(-0.01) / S(-1) = 0.024995 / 0.986614 = 0.025334
        (599, [51.27, 51.27, 67.51]),
    ],
)
def test_a_later_alert_in_a_window_is_worth_less(row: int, expected: list[float]) -> None:
    assert expected == percents(score(ROWS, [WINDOW], [row]))


def test_only_the_earliest_alert_in_a_window_counts() -> None:
    assert score(ROWS, [WINDOW], [550]) == score(ROWS, [WINDOW], [550, 551, 599])


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (400, -1.0),  # before any window
        (999, -1.0),  # (999 - 599) / 99 = 4.04 lengths behind
        (698, -0.986614),  # 99 / 99 = one length behind
        (600, -0.025247),  # 1 / 99: 2 / (1 + exp(0.050505)) - 1
    ],
)
def test_an_alert_outside_costs_less_right_behind_a_window(row: int, expected: float) -> None:
    scored = score(ROWS, [WINDOW], [500, row])
    cost = [scored.raw[number] - 1.0 for number in range(3)]
    assert [expected * 0.11, expected * 0.22, expected * 0.11] == pytest.approx(cost, abs=1e-6)


def test_false_alerts_weigh_double_where_they_are_to_be_few() -> None:
    # standard (1 - 2 * 0.11 + 1) / 2, low FP (1 - 2 * 0.22 + 1) / 2, low FN (1 - 2 * 0.11 + 2) / 3
    assert percents(score(ROWS, [WINDOW], [200, 300, 500])) == [89.0, 78.0, 92.67]


def test_alerts_in_the_probation_are_not_scored() -> None:
    assert score(ROWS, [WINDOW], [500]) == score(ROWS, [WINDOW], [0, 149, 500])
    assert score(ROWS, [WINDOW], [150, 500]).outside == 1


def test_a_window_that_ends_behind_the_probation_is_asked_for_and_one_that_does_not_is_not() -> (
    None
):
    # Rows 100 to 199, alert at 150: position -(199 - 150 + 1) / 100 = -0.5.
    assert percents(score(ROWS, [(100, 199)], [150])) == [92.99, 92.99, 95.33]
    assert score(ROWS, [(100, 149)], []).windows == 0


def test_a_window_in_the_probation_still_softens_the_alerts_behind_it() -> None:
    # One row behind a window of 50: S(1 / 49).
    assert -0.11 * math.tanh(5 / 49 / 2) == pytest.approx(
        score(ROWS, [(100, 149)], [150]).raw[STANDARD]
    )


def test_series_are_added_up_before_they_are_normalized() -> None:
    found, missed = score(ROWS, [WINDOW], [500]), score(ROWS, [WINDOW, (700, 749)], [])
    assert together([found, missed])[:3] == (3, 1, 0)
    # (1 - 2 + 3) / 6, (1 - 4 + 6) / 9
    assert percents(together([found, missed])) == [33.33, 33.33, 33.33]


def test_without_windows_there_is_no_score() -> None:
    assert math.isnan(score(ROWS, [], [500]).percent(STANDARD))


@given(
    rows=st.integers(200, 20_000),
    cuts=st.lists(st.integers(0, 10**6), min_size=2, max_size=12, unique=True),
)
def test_widened_windows_hold_the_labelled_ones_and_do_not_overlap(
    rows: int, cuts: list[int]
) -> None:
    edges = sorted({cut % rows for cut in cuts})
    edges = edges[: len(edges) // 2 * 2]
    windows = list(zip(edges[::2], edges[1::2], strict=True))
    if not windows:
        return
    wide = widened(rows, windows)
    for (low, high), (wide_low, wide_high) in zip(windows, wide, strict=True):
        assert 0 <= wide_low <= low
        assert high <= wide_high < rows
    assert all(left[1] < right[0] for left, right in itertools.pairwise(wide))


def test_a_window_alone_is_widened_to_a_tenth_of_the_rows_or_stays_longer() -> None:
    assert widened(ROWS, [(500, 500)]) == [(450, 550)]
    assert widened(ROWS, [(300, 599)]) == [(300, 599)]
    assert widened(ROWS, [(0, 0)]) == [(0, 50)]
