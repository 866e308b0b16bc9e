"""Steps of time in any zone."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from center.steps import MOST_STEPS, STEP_MS, Step, TooManyStepsError, edges
from center.store.protocol import DAY_MS, HOUR_MS, MINUTE_MS, Span

ZONES = (
    *("UTC", "Asia/Shanghai", "Asia/Kolkata", "Asia/Kathmandu", "Europe/Berlin"),
    *("America/New_York", "America/Sao_Paulo", "Australia/Lord_Howe", "Pacific/Apia"),
    *("Asia/Beirut", "Africa/Casablanca", "America/St_Johns"),
)
MOMENTS = st.integers(0, 1_900_000_000_000)


@given(MOMENTS, st.integers(1, 40 * DAY_MS), st.sampled_from(Step), st.sampled_from(ZONES))
def test_steps_cover_the_span_without_holes(
    from_ms: int, length_ms: int, step: Step, zone: str
) -> None:
    length_ms = min(length_ms, 300 * STEP_MS[step])
    span = Span(from_ms, from_ms + length_ms)
    found = edges(span, step, ZoneInfo(zone))

    assert found[0] <= span.from_ms < found[1]
    assert found[-2] < span.to_ms <= found[-1]
    assert found == sorted(set(found))
    assert all(edge % MINUTE_MS == 0 for edge in found)


@given(MOMENTS, st.sampled_from(ZONES))
def test_days_begin_at_midnight_of_the_zone(at_ms: int, zone: str) -> None:
    there = ZoneInfo(zone)
    first, last = edges(Span(at_ms, at_ms + 1), Step.DAY, there)
    days = {datetime.fromtimestamp(edge // 1000, there).date() for edge in (first, last - 60_000)}

    assert days == {datetime.fromtimestamp(at_ms // 1000, there).date()}
    before = datetime.fromtimestamp(first // 1000 - 60, there).date()
    assert before not in days


def test_days_of_a_change_of_clocks_are_longer_and_shorter() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    spring, autumn = (
        datetime(2026, 3, 29, 12, tzinfo=berlin),
        datetime(2026, 10, 25, 12, tzinfo=berlin),
    )
    lengths = []
    for day in (spring, autumn):
        at_ms = int(day.timestamp() * 1000)
        first, last = edges(Span(at_ms, at_ms + 1), Step.DAY, berlin)
        lengths.append((last - first) // HOUR_MS)
    assert lengths == [23, 25]


def test_too_many_are_refused() -> None:
    with pytest.raises(TooManyStepsError, match=f"more than {MOST_STEPS}"):
        edges(Span(0, 10 * DAY_MS), Step.MINUTE, ZoneInfo("UTC"))
