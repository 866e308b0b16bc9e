"""How many posts may come unseen: never so many that an alert would be missed."""

import pytest

from measures.brand_state import BrandState
from measures.buckets import Bucket
from measures.detector import MIN_POSTS
from measures.headroom import Headroom, headroom_after
from measures.moment import Moment
from schemas.mention import Tick
from schemas.rules import CompositeRule, Condition, Measure, Rule, SpikeRule
from tests.measures.feed import DAY, at, begun, learned
from tests.measures.stream import mention

SPIKE = SpikeRule(id="spike")
VOLUME = CompositeRule(
    id="volume",
    conditions=(Condition(Measure.POSTS, over_min=5, at_least=30),),
)


def ring(**posts: int) -> dict[int, Bucket]:
    """`m3=5`: five posts in minute 3."""
    return {at(int(name[1:])): Bucket(posts=count) for name, count in posts.items()}


HEADROOM = Headroom(at(3), minute=10, next=6, later=8)


@pytest.mark.parametrize(
    ("posts", "minute", "holds"),
    [
        ({"m3": 6}, 3, True),
        ({"m3": 7}, 3, False),  # too many in the next minute
        ({"m3": 4, "m4": 4}, 4, True),
        ({"m3": 4, "m4": 5}, 4, False),  # too many in two
        ({"m2": 90, "m3": 1}, 3, True),  # what was closed is known
        ({"m2": 1}, 2, False),  # a minute that was closed changes: look
        ({"m4": 11}, 4, False),
    ],
)
def test_what_fits_in(posts: dict[str, int], minute: int, holds: bool) -> None:
    assert HEADROOM.holds(ring(**posts), at(minute)) is holds


def after(rules: list[Rule], least_posts: int = MIN_POSTS, rate: float = 0.5) -> Headroom:
    feed = learned(rules, DAY, rate)
    return headroom_after(Moment(feed.subject.states["x"], at(DAY - 1)), rules, least_posts)


def test_a_composite_rule_may_be_about_anything_so_there_is_no_room() -> None:
    assert after([VOLUME]) == Headroom(at(DAY), 0, 0, 0)


def test_without_a_rule_about_more_posts_there_is_all_room() -> None:
    assert after([], rate=5).minute == float("inf")


def test_of_two_rules_the_stricter_one_counts() -> None:
    careless = SpikeRule(id="late", false_alerts_per_month=0.01)
    both = after([SPIKE, careless], rate=5)
    assert both == after([SPIKE], rate=5)
    assert after([careless], rate=5).minute > both.minute


def test_before_it_is_warm_as_many_fit_in_as_no_alert_is_made_of() -> None:
    assert headroom_after(Moment(BrandState(), at(0)), [SPIKE], MIN_POSTS).next == MIN_POSTS - 1


@pytest.mark.parametrize("rate", [0.05, 0.5, 5.0, 50.0])
@pytest.mark.parametrize("rule", [SPIKE, VOLUME])
def test_a_burst_is_seen_in_the_open_minute_if_it_is_seen_when_that_closes(
    rule: Rule, rate: float
) -> None:
    """Posts come one by one; a tick after each, as of a live feed."""
    feed = learned([rule], DAY, rate)
    now = feed.minute
    posts = feed.some(60 + int(20 * rate))
    live = Tick(at(now + 0.99), 1, watermarks={0: at(now - 0.5)})
    seen_early = next(alerts for post in posts if (alerts := begun(feed.take([post, live]))))
    assert [alert.started_at_ms for alert in seen_early] == [at(now)]


def test_a_restart_does_not_make_the_first_minutes_blind() -> None:
    """A rule that counts few posts sees them before the headroom is known again."""
    rule = CompositeRule(id="r", min_posts=2, min_authors=1,
                conditions=(Condition(Measure.POSTS, over_min=5, at_least=3),))  # fmt: skip
    feed = learned([rule], DAY, 0.02)
    now = feed.minute
    live = Tick(at(now + 0.99), 1, watermarks={0: at(now - 0.5)})
    posts = [mention(now + 0.1 * number, 10**9 + number) for number in range(3)]
    assert len(begun(feed.take([*posts, live]))) == 1
