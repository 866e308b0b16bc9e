"""The last hour of a brand, as the rules look at it."""

from typing import NoReturn

from measures.brand_state import BrandState
from measures.buckets import Bucket
from measures.moment import Moment
from tests.measures.feed import at
from tests.measures.stream import count, mention


def state(*minutes: int, posts: int = 1, author: str = "") -> BrandState:
    """A brand with so many posts in each of these minutes."""
    made = BrandState()
    offset = 0
    for minute in minutes:
        bucket = made.buckets[at(minute)] = Bucket()
        for _ in range(posts):
            offset += 1
            count(bucket, mention(minute, offset, author=author or f"author {offset}"))
    return made


def test_the_last_minutes_end_with_the_one_that_is_looked_at() -> None:
    moment = Moment(state(0, 1, 58, 59, 60), at(59))
    assert len(moment.last(1)) == 1
    assert len(moment.last(2)) == 2
    assert len(moment.last(59)) == 3
    assert len(moment.last(60)) == 4


def test_a_ring_of_two_hours_gives_the_same_as_a_sparse_one() -> None:
    moment = Moment(state(*range(120)), at(100))
    assert [start for start, _ in moment.hour] == [at(minute) for minute in range(41, 101)]
    assert moment.sums == [1.0, 5.0, 15.0, 60.0]


def test_minutes_that_lie_ahead_are_left_out() -> None:
    assert Moment(state(10, 11, 500), at(11)).sums == [1.0, 2.0, 2.0, 2.0]


class Looked(dict[int, Bucket]):
    """A ring that nobody goes through as a whole."""

    def items(self) -> NoReturn:
        raise AssertionError("a backlog's minutes are gone through for each of them")

    values = items


def test_of_a_backlog_the_hour_alone_is_looked_at() -> None:
    held = state(*range(500))
    held.buckets = Looked(held.buckets)
    moment = Moment(held, at(100))
    assert moment.sums == [1.0, 5.0, 15.0, 60.0]
    assert moment.authors(60) == 60


def test_sums_leave_out_spam_and_the_bursts_of_single_accounts() -> None:
    held = state(5, posts=9, author="one")
    count(held.buckets[at(5)], mention(5, 99, spam=("bot",)))
    assert Moment(held, at(5)).sums == [3.0, 3.0, 3.0, 3.0]


def test_a_closed_minute_that_late_posts_change_counts_as_it_is_now() -> None:
    held = state(5)
    held.buckets[at(5)].publish("x", at(5), 0)
    count(held.buckets[at(5)], mention(5, 99))
    held.buckets[at(5)].is_revised = True
    assert Moment(held, at(5)).sums[0] == 2.0


def test_authors_are_counted_once_over_all_minutes_and_those_of_spam_alone_not_at_all() -> None:
    held = state(1, 2, 3, posts=2, author="one")
    count(held.buckets[at(3)], mention(3, 98, author="two"))
    count(held.buckets[at(3)], mention(3, 99, author="three", spam=("bot",)))
    moment = Moment(held, at(3))
    assert moment.authors(60) == 2
    assert moment.authors(1) == 2
    assert sorted(moment.posts_by_author(60).values()) == [1, 6]


def test_the_busiest_author_is_what_goes_beyond_three_posts() -> None:
    assert Moment(state(1, 2, posts=4, author="one"), at(2)).busiest(60) == 5
    assert Moment(state(1, 2), at(2)).busiest(60) == 0
    assert Moment(BrandState(), at(2)).busiest(60) == 0


def test_a_brand_without_posts_has_a_moment_too() -> None:
    moment = Moment(BrandState(), at(2))
    assert (moment.bucket, moment.hour, moment.sums) == (None, [], [0.0, 0.0, 0.0, 0.0])
