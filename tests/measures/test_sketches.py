"""Distinct counts and bursts: exact while few, close when many, and the same in any order."""

import random
from collections import Counter

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from measures.sketches import PER_AUTHOR, SIZE, Authors, Distinct

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
    count = one.count()
    assert count == other.count()
    assert [one.pack(), other.pack(), one.pack(), one.count()] == [count] * 4
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


posts = st.lists(
    st.tuples(st.integers(0, 300).map(lambda n: n * 2_654_435_761 % 2**32), st.booleans()),
    max_size=600,
)


def authors_of(posted: list[tuple[int, bool]], rests: frozenset[int] = frozenset()) -> Authors:
    authors = Authors()
    for place, (author, is_counted) in enumerate(posted):
        if place in rests:
            authors.pack()
        authors.add(author, is_counted=is_counted)
    return authors


@given(posts.filter(lambda posted: len({author for author, _ in posted}) <= SIZE))
def test_bursts_of_few_authors_are_counted_exactly(posted: list[tuple[int, bool]]) -> None:
    counted = Counter(author for author, is_counted in posted if is_counted)
    authors = authors_of(posted)
    assert authors.bursts() == sum(max(n - PER_AUTHOR, 0) for n in counted.values())
    assert authors.count() == len({author for author, _ in posted})


@given(posts, st.randoms(use_true_random=False), st.frozensets(st.integers(0, 600)))
def test_order_and_rest_change_no_burst(
    posted: list[tuple[int, bool]], rnd: random.Random, rests: frozenset[int]
) -> None:
    shuffled = list(posted)
    rnd.shuffle(shuffled)
    one, other = authors_of(posted), authors_of(shuffled, rests)
    count = one.count()
    assert (count, one.bursts()) == (other.count(), other.bursts())
    assert [one.pack(), other.pack(), one.pack(), one.count()] == [count] * 4
    assert (one.counts, one.over) == (other.counts, other.over)
    again = msgspec.msgpack.decode(msgspec.msgpack.encode(one), type=Authors)
    assert again == one


def test_bursts_of_many_authors_are_estimated() -> None:
    rnd = random.Random(7)
    accounts = [rnd.getrandbits(32) for _ in range(2_000)]
    posted = [(account, True) for account in accounts for _ in range(5)]
    assert authors_of(posted).bursts() == pytest.approx(2 * 2_000, rel=4 * SIZE**-0.5)
