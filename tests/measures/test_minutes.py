"""Minutes are taken in the order of event time, each once."""

from hypothesis import given
from hypothesis import strategies as st

from measures.minutes import Minutes


@given(st.sets(st.integers(0, 50)), st.lists(st.integers(0, 50)))
def test_whatever_comes_in_any_order_is_taken_in_order(starts: set[int], limits: list[int]) -> None:
    first = {start for start in starts if start % 2}
    waiting = Minutes(first)
    for start in starts - first:
        waiting.add(start)
    left = set(starts)
    for last in limits:
        due = {start for start in left if start <= last}
        assert list(waiting.take(last)) == sorted(due)
        left -= due
    assert list(waiting.take(float("inf"))) == sorted(left)
