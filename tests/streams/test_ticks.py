"""Ticks say what one worker knows of event time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.ticks import PartitionProgress, TickSettings, build_tick

SETTINGS = TickSettings(disorder_ms=30_000, idle_ms=5000, partitions=4)
NOW_MS = 1_000_000

FEEDS = st.dictionaries(
    st.integers(0, 3),
    st.tuples(
        st.lists(st.integers(0, 2_000_000), max_size=5),
        st.integers(NOW_MS - 10_000, NOW_MS),
        st.booleans(),
    ),
)


def progress(event_times_ms: list[int], last_read_ms: int = 0) -> PartitionProgress:
    one = PartitionProgress(last_read_ms)
    for event_time_ms in event_times_ms:
        one.observe(event_time_ms)
    return one


@given(FEEDS)
def test_a_tick_tells_the_watermark_and_the_idleness_of_each_partition(
    feeds: dict[int, tuple[list[int], int, bool]],
) -> None:
    clocks = {part: progress(times, last_read) for part, (times, last_read, _) in feeds.items()}

    tick = build_tick(clocks, lambda part: feeds[part][2], NOW_MS, SETTINGS)

    assert (tick.sent_at_ms, tick.partitions) == (NOW_MS, 4)
    assert tick.watermarks == {
        part: max(times) - 30_000 for part, (times, _, _) in feeds.items() if times
    }
    assert tick.idle == tuple(
        part
        for part in range(4)
        if part in feeds and feeds[part][2] and NOW_MS - feeds[part][1] >= 5000
    )


@given(st.lists(st.integers(0, 100), min_size=1))
def test_event_time_does_not_go_back(times: list[int]) -> None:
    one = PartitionProgress(0)
    seen = []
    for time_ms in times:
        one.observe(time_ms)
        seen.append(one.newest_event_ms)

    assert seen == [max(times[: index + 1]) for index in range(len(times))]


@pytest.mark.parametrize(("now_ms", "idle"), [(4999, ()), (5000, (2,)), (60_000, (2,))])
def test_silence_makes_idle_after_its_time(now_ms: int, idle: tuple[int, ...]) -> None:
    assert build_tick({2: PartitionProgress(0)}, lambda part: True, now_ms, SETTINGS).idle == idle


def test_a_partition_with_a_backlog_is_slow_not_idle() -> None:
    assert build_tick({2: PartitionProgress(0)}, lambda part: False, 60_000, SETTINGS).idle == ()


def test_a_partition_of_which_nothing_was_read_has_no_watermark() -> None:
    assert (
        build_tick({2: PartitionProgress(0)}, lambda part: True, 60_000, SETTINGS).watermarks == {}
    )
