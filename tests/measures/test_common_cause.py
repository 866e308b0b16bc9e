"""What posts have in common: the same whatever their order, and bounded."""

from unittest.mock import ANY

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from measures.buckets import Bucket, author_hash
from measures.common_cause import KEPT, Causes, Usual, largest, names_in
from measures.post_samples import SIZE, number_of
from schemas.mention import Mention, SpamSign
from tests.measures.stream import MINUTE, board, mention, run

HOUR_MS = 60 * MINUTE


NOTHING = Usual({}, 1.0, 1.0, 0.0)


@given(st.permutations(range(30)), st.integers(0, 29))
def test_a_minute_keeps_the_same_in_any_order(order: list[int], again: int) -> None:
    posts = [
        mention(0, number, author=f"author {number % 20}", terms=(f"word {number}",))
        for number in range(30)
    ]
    one, other = Bucket(), Bucket()
    for post in posts:
        one.note_content(post, author_hash(post))
    for number in order:
        other.note_content(posts[number], author_hash(posts[number]))
    other.note_content(posts[again], author_hash(posts[again]))
    assert one.said_by_author() == other.said_by_author()
    assert len(one.said_by_author()) == KEPT
    assert one.sampled() == other.sampled() == dict.fromkeys(smallest(posts), ANY)
    assert other.largest_said == max(other.said_by_author())
    assert other.largest_sampled == max(smallest(posts))


@given(st.lists(st.integers(0, 29), min_size=1), st.sets(st.integers(0, 29)))
def test_a_minute_that_rested_between_posts_is_the_same(order: list[int], rests: set[int]) -> None:
    posts = [
        mention(0, number, author=f"a{number % 20}", terms=(f"w{number}",), reach=number % 7)
        for number in range(30)
    ]
    awake, rested = Bucket(), Bucket()
    for place, number in enumerate(order):
        for bucket in (awake, rested):
            bucket.note_content(posts[number], author_hash(posts[number]))
        if place in rests:
            rested.rest()
    assert rested.said_by_author() == awake.said_by_author()
    assert rested.sampled() == awake.sampled()
    assert rested.loudest_post() == awake.loudest_post()
    assert msgspec.msgpack.encode(rested) == msgspec.msgpack.encode(awake)


def smallest(posts: list[Mention]) -> list[int]:
    """The numbers that a sample of all these posts has, found in the plainest way."""
    return sorted(number_of(post) for post in posts)[:SIZE]


def test_spam_says_nothing() -> None:
    subject = board()
    run(subject, [mention(0, 1, spam=(SpamSign.GIVEAWAY,), terms=("win",))])
    (bucket,) = subject.states["x"].buckets.values()
    assert bucket.said_by_author() == {}


def test_what_is_usually_said_is_taken_off() -> None:
    lines = [f"={number}\x1fphone\x1f{word}" for number, word in enumerate("aabb")]
    said = [names_in(1.0, [line]) for line in lines]
    assert largest(said, Usual({"phone": [0, 50]}, 1.0, 1.0, 100.0)).name in {"a", "b"}
    assert largest(said, NOTHING).name == "phone"


def test_each_kept_author_stands_for_those_that_are_not() -> None:
    assert largest(
        [names_in(5.0, ["@a"]), names_in(5.0, ["@a"]), names_in(1.0, ["@b"])], NOTHING
    ) == ("@a", 10.0)


def test_one_post_has_nothing_in_common() -> None:
    assert largest([names_in(1.0, ["@a\x1fword"])], NOTHING) == ("", 0.0)


def test_the_largest_fades_and_does_not_count_against_itself() -> None:
    causes = Causes()
    causes.learn(0, 0, 8.0)
    causes.learn(HOUR_MS, 0, 9.0)
    assert causes.largest(HOUR_MS) == [0.0, 0.0]
    causes.learn(3 * HOUR_MS, 1, 4.0)
    assert [round(one) for one in causes.largest(3 * HOUR_MS)] == [9, 0]
    assert [round(one, 1) for one in causes.largest(60 * 24 * HOUR_MS)] == [4.5, 2.0]
