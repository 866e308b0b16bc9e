"""What is kept of a brand: its usual moods, attacks and rivals, and a bounded ring."""

from typing import Any

import pytest

from measures.brand_state import BELIEVED_POSTS, BrandState, OpenAlert
from measures.buckets import Bucket
from measures.evidence import moods_before
from schemas.mention import Place, Polarity
from tests.measures.feed import DAY, at
from tests.measures.stream import count, mention

BAD, GOOD = Polarity.NEGATIVE, Polarity.POSITIVE


class Brand:
    """A state that learns minute by minute."""

    def __init__(self) -> None:
        self.state = BrandState()
        self.state.baseline.begin(at(0))
        self.minute = 0
        self._offset = 0

    def minutes(self, count: int, *posts: dict[str, Any], every: int = 1) -> None:
        """So many minutes; in every so-many-th there are these posts."""
        for _ in range(count):
            if posts and self.minute % every == 0:
                self._learn(*posts)
            self.minute += 1

    def rivals(self, count: int, **named: int) -> None:
        for _ in range(count):
            bucket = Bucket(rivals=dict(named))
            self._learn_bucket(bucket)
            self.minute += 1

    def _learn(self, *posts: dict[str, Any]) -> None:
        bucket = Bucket()
        for post in posts:
            self._offset += 1
            count(bucket, mention(self.minute, self._offset, **post))
        self._learn_bucket(bucket)

    def _learn_bucket(self, bucket: Bucket) -> None:
        start_ms = at(self.minute)
        self.state.buckets = {start_ms: bucket}
        self.state.baseline.pass_empty(start_ms)
        self.state.learn(start_ms, [1.0] * 4, [1.0] * 4)


def alert(minute: int) -> OpenAlert:
    return OpenAlert("id", at(minute), at(minute), 0, 1, 1, 1, "posts", "cause", at(minute))


def test_moods_are_learned_and_believed_after_enough_posts() -> None:
    brand = Brand()
    brand.minutes(BELIEVED_POSTS // 4 - 1, {"polarity": BAD}, {"polarity": GOOD}, {}, {})
    assert moods_before(brand.state) == (-1.0, -1.0)
    brand.minutes(1, {"polarity": BAD}, {"polarity": GOOD}, {}, {})
    brand.minutes(400, {"polarity": BAD}, {"polarity": GOOD}, {}, {})
    assert moods_before(brand.state) == pytest.approx((0.25, 0.25), abs=0.01)


def test_posts_without_words_of_their_own_teach_no_mood() -> None:
    brand = Brand()
    brand.minutes(400, {"place": Place.QUOTED})
    assert (brand.state.judged, brand.state.negative_share) == (0, BrandState().negative_share)


def test_what_is_unusual_does_not_become_usual_for_a_day_and_then_it_does() -> None:
    brand = Brand()
    brand.minutes(400, {"polarity": GOOD})
    brand.state.alerts["mood"] = alert(400)
    brand.minutes(DAY, {"polarity": BAD})
    assert brand.state.negative_share < 0.1
    brand.minutes(DAY, {"polarity": BAD})
    assert brand.state.negative_share > 0.9


ATTACK = {"polarity": BAD, "is_address": True}


@pytest.mark.parametrize(("every", "an_hour"), [(1, 60.0), (10, 6.0), (60, 1.0)])
@pytest.mark.parametrize("days", [1, 5])
def test_usual_attacks_are_a_rate_in_time_not_in_minutes_with_posts(
    every: int, an_hour: float, days: int
) -> None:
    brand = Brand()
    brand.minutes(days * DAY, ATTACK, every=every)
    assert 60 * brand.state.usual_attacks(at(brand.minute)) == pytest.approx(an_hour, rel=0.05)


def test_attacks_fade() -> None:
    brand = Brand()
    brand.minutes(5 * DAY, ATTACK)
    busy = brand.state.usual_attacks(at(brand.minute))
    brand.minutes(DAY, {})
    assert brand.state.usual_attacks(at(brand.minute)) == pytest.approx(busy / 4, rel=0.05)


def test_attacks_while_an_alert_fires_are_not_usual() -> None:
    brand = Brand()
    brand.minutes(DAY, {})
    brand.state.alerts["loud"] = alert(DAY)
    brand.minutes(600, ATTACK, ATTACK)
    assert brand.state.usual_attacks(at(brand.minute)) == 0.0


def test_nothing_is_usual_before_anything_was_learned() -> None:
    assert Brand().state.usual_attacks(at(0)) == 0.0


def test_the_shares_of_rivals_are_their_mean_and_add_up_to_one() -> None:
    brand = Brand()
    brand.state.compare("abc", at(0))
    brand.rivals(100, a=6, b=3, gone=50)
    shares = brand.state.rival_shares
    assert shares == pytest.approx({"a": 2 / 3, "b": 1 / 3, "c": 0.0})
    assert sum(shares.values()) == pytest.approx(1.0)


def test_other_rivals_are_learned_anew_and_the_same_ones_are_not() -> None:
    brand = Brand()
    brand.state.compare("ab", at(0))
    brand.rivals(100, a=6, b=3)
    brand.state.compare("ba", at(100))
    assert brand.state.rivals_since_ms == at(0)
    brand.state.compare("bc", at(100))
    assert brand.state.rival_shares == {"b": 0.0, "c": 0.0}
    assert (brand.state.judged, brand.state.rivals_since_ms) == (0, at(100))


def test_a_group_has_no_mood() -> None:
    brand = Brand()
    brand.state.compare("ab", at(0))
    brand.rivals(100, a=6, b=3)
    assert brand.state.judged == BELIEVED_POSTS
    assert moods_before(brand.state) == (-1.0, -1.0)


def test_the_ring_drops_what_is_published_and_old() -> None:
    state = BrandState()
    for minute in range(5):
        bucket = state.buckets[at(minute)] = Bucket()
        count(bucket, mention(minute, minute))
        state.ring_posts += 1
        if minute != 3:
            bucket.publish("x", at(minute), 0)
    state.prune(at(3))
    assert len(state.buckets) == 5, "the last hour is looked at"
    state.baseline.begin(at(63))
    state.prune(at(3))
    assert (list(state.buckets), state.ring_posts) == ([at(3), at(4)], 2)
    state.baseline.pass_empty(at(DAY))
    state.prune(at(9))
    assert list(state.buckets) == [at(3), at(4)], "one that is not published holds up the rest"


def test_a_mention_counts_once_for_its_partition() -> None:
    state = BrandState()
    seen = [state.is_duplicate(mention(0, offset, partition=lane)) for lane, offset in
            ((0, 5), (0, 5), (0, 4), (1, 4), (0, 6))]  # fmt: skip
    assert seen == [False, True, True, False, False]
