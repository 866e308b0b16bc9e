"""The rules of an alert's life, one by one; what they make together: `test_alert_records`."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from measures import alert_life
from measures.alert_life import is_cool, is_cooling_down, is_pending, waiting
from measures.brand_state import PastAlert
from measures.buckets import BUCKET_MS
from schemas.rules import CrisisRule, Rule, SilenceRule, SpikeRule

MINUTES = st.integers(0, 2000).map(lambda minute: minute * BUCKET_MS)


@pytest.mark.parametrize(
    ("rule", "minutes"),
    [
        (SpikeRule(id="r"), 9 * 60),
        (CrisisRule(id="r"), 0),
        (SilenceRule(id="r", cool_down_min=7), 7),
        (SpikeRule(id="r", cool_down_min=0), 0),
    ],
)
def test_the_rule_or_its_kind_says_how_long_the_cool_down_is(rule: Rule, minutes: int) -> None:
    assert alert_life.cool_down_ms(rule) == minutes * BUCKET_MS


@given(st.lists(MINUTES, min_size=1).map(sorted), st.integers(1, 90))
def test_a_condition_that_waits_has_held_without_a_long_gap_since_it_began(
    held: list[int], pending_min: int
) -> None:
    pending_ms = pending_min * BUCKET_MS
    pending: tuple[int, int] | None = None
    for start_ms in held:
        pending = waiting(pending, start_ms, pending_ms)
    assert pending is not None
    first_ms, newest_ms = pending
    assert newest_ms == held[-1]
    since = held[held.index(first_ms) :]
    gaps = [after - before for before, after in pairwise(since)]
    assert max(gaps, default=0) <= max(pending_ms, 5 * BUCKET_MS)
    assert is_pending(pending, newest_ms, pending_ms) is (newest_ms - first_ms < pending_ms)


@given(MINUTES, MINUTES, st.integers(1, 10), st.integers(1, 10), st.integers(0, 600))
def test_what_is_cool_does_not_cool_down_and_the_much_worse_begins_at_once(
    began_ms: int, start_ms: int, before: int, severity: int, cool_down_min: int
) -> None:
    past, cool_down_ms = PastAlert(began_ms, before), cool_down_min * BUCKET_MS
    is_cooling = is_cooling_down(past, start_ms, severity, cool_down_ms)
    if start_ms <= began_ms:
        assert is_cooling, "it would have the same id"
    elif is_cool(past, start_ms, cool_down_ms) or severity >= before + 5:
        assert not is_cooling
    else:
        assert is_cooling
