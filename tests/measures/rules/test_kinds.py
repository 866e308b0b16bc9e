"""Which kinds of rules are asked at a minute: never one less than would find something."""

from typing import Any, get_type_hints

import pytest

from measures.brand_state import BELIEVED_POSTS, BrandState, OpenAlert
from measures.buckets import Bucket
from measures.moment import Moment
from measures.rules import EVALUATORS, kinds_at
from schemas.rules import RULE_OF_KIND, RuleKind
from tests.measures.feed import at

FEW, MANY = 3, 10


def kinds(state: BrandState, **counts: Any) -> set[RuleKind]:
    state.buckets[at(0)] = Bucket(posts=FEW, **counts)
    found = kinds_at(Moment(state, at(0)), MANY, 1000, MANY)
    return set(found - {RuleKind.DROP, RuleKind.SHARE})


def known() -> BrandState:
    return BrandState(judged=BELIEVED_POSTS)


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ({}, set()),
        ({"negative": 1}, {RuleKind.SENTIMENT}),
        ({"attacks": 1}, {RuleKind.INFLUENCER}),
        ({"loudest": 999}, set()),
        ({"loudest": 1000}, {RuleKind.INFLUENCER}),
    ],
)
def test_few_posts_are_shown_to_those_who_may_find_something(
    counts: dict[str, int], expected: set[RuleKind]
) -> None:
    assert kinds(known(), **counts) == expected


def test_a_mood_is_no_news_before_the_usual_one_is_known() -> None:
    assert kinds(BrandState(judged=BELIEVED_POSTS - 1), negative=3) == set()


def test_a_crisis_word_is_one_for_crisis_rules() -> None:
    state = known()
    state.buckets[at(0)] = Bucket(posts=1, hits={"fire": 1})
    assert RuleKind.CRISIS in kinds_at(Moment(state, at(0)), MANY, 1000, MANY)


def test_many_posts_of_the_hour_are_shown_to_those_who_count() -> None:
    state = known()
    state.buckets[at(-30)] = Bucket(posts=MANY - FEW)
    assert kinds(state) == {RuleKind.SPIKE, RuleKind.COMPOSITE}


def test_what_goes_on_is_followed_when_posts_are_few() -> None:
    state = known()
    state.alerts["spike"] = OpenAlert("id", at(-5), at(-5), 0, 1, 9, 1, "posts", "more", at(-5))
    assert kinds(state) == {RuleKind.SPIKE}


@pytest.mark.parametrize("kind", EVALUATORS)
def test_each_kind_of_rule_has_a_look_of_its_own(kind: RuleKind) -> None:
    assert get_type_hints(EVALUATORS[kind])["rule"] is RULE_OF_KIND[kind]
