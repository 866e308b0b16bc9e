"""A worker that stands still with work before it is told from one that has none."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.watchdog import Sight, Watchdog

RAW, MENTION = ("posts.raw", 0), ("mentions", 3)
NONE: frozenset[tuple[str, int]] = frozenset()


def seen(position: int, end: int | None, *, steps: int = 0) -> Sight:
    ends = {} if end is None else {RAW: end}
    return Sight(True, steps, {RAW: position}, ends, NONE)


def taking_over(steps: int) -> Sight:
    return Sight(False, steps, {}, {}, NONE)


def reasons(sights: Sequence[Sight | None]) -> list[str | None]:
    """One sight each 20 s, by a watchdog that waits for 60 s."""
    watchdog = Watchdog(stall_s=60)
    return [watchdog.judge(sight, 20.0 * index) for index, sight in enumerate(sights)]


@pytest.mark.parametrize(
    "sights",
    [
        [seen(9, 9)] * 9,
        [seen(9, None)] * 9,
        [seen(position, 100) for position in range(9)],
        [seen(5, 9), seen(5, 9), seen(9, 9), seen(9, 12), seen(9, 12), seen(9, 12)],
        [seen(5, 9), seen(5, 9), seen(5, 9), None, seen(5, 9), seen(5, 9), seen(5, 9)],
        [taking_over(step) for step in range(9)],
        [*[taking_over(7)] * 3, seen(0, 0), *[taking_over(7)] * 3],
        [Sight(True, 0, {}, {}, NONE)] * 9,
        [Sight(True, 0, {}, {}, frozenset({RAW}) if index % 3 else NONE) for index in range(9)],
        [None] * 9,
    ],
    ids=[
        "at the end",
        "an end that is not known",
        "slow",
        "from time to time",
        "a broker that was away",
        "a long take-over",
        "two take-overs",
        "more workers than partitions",
        "partitions being dealt",
        "no broker",
    ],
)
def test_it_lets_live(sights: Sequence[Sight | None]) -> None:
    assert reasons(sights) == [None] * len(sights)


@pytest.mark.parametrize(
    ("sight", "reason"),
    [
        (seen(5, 9), "posts.raw/0 has stood at 5 of 9 for 60 s"),
        (taking_over(7), "taking over partitions has not moved on for 60 s"),
        (
            Sight(True, 0, {}, {}, frozenset({RAW, MENTION})),
            "it was given no partition while nobody has mentions/3, posts.raw/0 for 60 s",
        ),
    ],
)
def test_it_ends_what_stands_still(sight: Sight, reason: str) -> None:
    assert reasons([sight] * 4) == [None, None, None, reason]


def test_one_partition_that_stands_is_enough() -> None:
    sights = [
        Sight(True, 0, {RAW: 5, MENTION: index}, {RAW: 9, MENTION: 100}, NONE) for index in range(4)
    ]
    assert reasons(sights)[-1] == "posts.raw/0 has stood at 5 of 9 for 60 s"


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), max_size=30))
def test_it_ends_a_partition_after_exactly_the_time(moves: list[tuple[int, int]]) -> None:
    """Against the definition: behind its end and at the same place at this sight and 3 before."""
    sights = [seen(position, end) for position, end in moves]
    expected = [
        index >= 3
        and len(set(positions := [position for position, _ in moves[index - 3 : index + 1]])) == 1
        and all(positions[0] < end for _, end in moves[index - 3 : index + 1])
        for index in range(len(moves))
    ]
    assert [reason is not None for reason in reasons(sights)] == expected
