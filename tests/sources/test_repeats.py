"""A repeat is told by offset distance alone."""

from hypothesis import given
from hypothesis import strategies as st

from sources.repeats import Draft, Repeats

DISTANCES = st.integers(0, 12)
# Gaps in the offsets: markers, dead letters, compaction.
STREAMS = st.lists(st.tuples(st.integers(1, 5), st.integers(0, 6)), max_size=60).map(
    lambda steps: [
        (sum(gap for gap, _ in steps[: index + 1]), identity)
        for index, (_, identity) in enumerate(steps)
    ]
)


def naive(stream: list[tuple[int, int]], distance: int) -> list[bool]:
    """By definition: the identity stands at most `distance` offsets before."""
    return [
        any(
            earlier == identity and offset - distance <= before < offset
            for before, earlier in stream
        )
        for offset, identity in stream
    ]


def verdicts(repeats: Repeats, stream: list[tuple[int, int]]) -> list[bool]:
    return [repeats.seen(identity, offset) for offset, identity in stream]


@given(STREAMS, DISTANCES)
def test_it_agrees_with_the_definition(stream: list[tuple[int, int]], distance: int) -> None:
    assert verdicts(Repeats(distance), stream) == naive(stream, distance)


@given(STREAMS, DISTANCES, st.integers(1, 9))
def test_batches_are_judged_and_held_as_single_records(
    stream: list[tuple[int, int]], distance: int, size: int
) -> None:
    single, batched = Repeats(distance), Repeats(distance)
    for first in range(0, len(stream), size):
        batch = stream[first : first + size]
        draft = Draft(batched)
        judged = [draft.seen(identity, offset) for offset, identity in batch]
        draft.keep()
        assert judged == verdicts(single, batch)
        assert vars(batched) == vars(single)


@given(STREAMS, DISTANCES, st.integers(0, 100))
def test_a_new_owner_that_recalls_the_distance_before_its_start_judges_alike(
    stream: list[tuple[int, int]], distance: int, start: int
) -> None:
    before = [item for item in stream if start - distance <= item[0] < start]
    after = [item for item in stream if item[0] >= start]
    recalled = Repeats(distance)
    verdicts(recalled, before)

    assert verdicts(recalled, after) == naive(stream, distance)[len(stream) - len(after) :]


@given(STREAMS, DISTANCES)
def test_it_holds_no_more_than_the_distance(stream: list[tuple[int, int]], distance: int) -> None:
    repeats = Repeats(distance)
    for offset, identity in stream:
        repeats.seen(identity, offset)
        recent = {known for at, known in stream if offset - distance <= at <= offset}
        assert len(repeats) == len(recent)


def test_a_distance_of_zero_finds_none() -> None:
    assert verdicts(Repeats(0), [(offset, 7) for offset in range(5)]) == [False] * 5


@given(STREAMS, DISTANCES, st.integers(0, 100), st.integers(0, 100))
def test_an_owner_that_comes_back_judges_as_if_it_had_never_left(
    stream: list[tuple[int, int]], distance: int, left_at: int, start: int
) -> None:
    """It left at one offset and starts at another, before or after: others may have read on."""
    repeats = Repeats(distance)
    verdicts(repeats, [item for item in stream if item[0] < left_at])

    first = repeats.resume(start)
    verdicts(repeats, [item for item in stream if first <= item[0] < start])

    after = [item for item in stream if item[0] >= start]
    assert verdicts(repeats, after) == naive(stream, distance)[len(stream) - len(after) :]


def test_what_is_remembered_is_not_read_again() -> None:
    repeats = Repeats(100)
    verdicts(repeats, [(offset, offset) for offset in range(40)])

    assert repeats.resume(40) == 40
    assert repeats.resume(45) == 40
    assert repeats.resume(1000) == 900
    assert repeats.resume(39) == 0
