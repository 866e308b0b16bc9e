import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.counts import count_of
from sources.refusals import MAX_COUNT


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (1204, 1204),
        (-1, -1),
        (True, 1),
        (10**30, MAX_COUNT),
        (12.9, 12),
        (float("nan"), None),
        ("1204.5万", 12_045_000),
        ("1204.5 萬", 12_045_000),
        ("1.2亿", 120_000_000),
        ("1.2w", 12_000),
        ("1.2W+", 12_000),
        ("3千", 3_000),
        ("2.5k", 2_500),
        ("1,204", 1_204),
        ("12，045，000", 12_045_000),
        ("-5", -5),
        ("0.29万", 2_900),  # 0.29 has no exact fraction in binary
        ("", None),
        ("--", None),
        ("赞", None),
        ("万", None),
        ("1,20", None),
        ("1e9", None),
        ("9" * 400, None),
        (None, None),
        ({}, None),
    ],
)
def test_counts_are_read_as_pages_show_them(shown: object, expected: int | None) -> None:
    count = count_of(shown)
    assert (count, type(count)) == (expected, type(expected))


@given(st.text() | st.floats() | st.integers() | st.booleans())
def test_anything_is_a_count_or_none(shown: object) -> None:
    count = count_of(shown)
    assert count is None or type(count) is int
    assert count is None or -MAX_COUNT <= count <= MAX_COUNT
