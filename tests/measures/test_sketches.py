"""Distinct counts: exact while few, close when many, and the same in any order."""

import random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from measures.sketches import SIZE, Distinct

hashes = st.lists(st.integers(0, (1 << 32) - 1), max_size=3 * SIZE)


def distinct_of(numbers: list[int], rests: frozenset[int] = frozenset()) -> Distinct:
    """Of the numbers; packed before each of the places in `rests`."""
    distinct = Distinct()
    for place, number in enumerate(numbers):
        if place in rests:
            distinct.pack()
        distinct.add(number)
    return distinct


@given(hashes.filter(lambda numbers: len(set(numbers)) <= SIZE))
def test_few_are_counted_exactly(numbers: list[int]) -> None:
    assert distinct_of(numbers).count() == len(set(numbers))


@given(hashes, st.randoms(use_true_random=False), st.frozensets(st.integers(0, 3 * SIZE)))
def test_order_repetition_and_rest_change_nothing(
    numbers: list[int], rnd: random.Random, rests: frozenset[int]
) -> None:
    shuffled = numbers + numbers[: len(numbers) // 2]
    rnd.shuffle(shuffled)
    one, other = distinct_of(numbers), distinct_of(shuffled, rests)
    assert one.count() == other.count()
    one.pack()
    other.pack()
    assert one.hashes == other.hashes


@given(hashes)
def test_it_is_kept_and_read_again(numbers: list[int]) -> None:
    distinct = distinct_of(numbers)
    distinct.pack()
    again = msgspec.msgpack.decode(msgspec.msgpack.encode(distinct), type=Distinct)
    assert again == distinct
    again.add(1)
    distinct.add(1)
    assert again.count() == distinct.count()


@pytest.mark.parametrize("many", [1_000, 20_000])
def test_many_are_estimated_within_four_standard_errors(many: int) -> None:
    rnd = random.Random(many)
    distinct = distinct_of([rnd.getrandbits(32) for _ in range(many)])
    assert distinct.count() == pytest.approx(many, rel=4 * SIZE**-0.5)
