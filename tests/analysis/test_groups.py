"""Mentions of groups of rivals: one for a post and a group, with the brands that it names."""

from collections import Counter
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from analysis.groups import Groups
from measures.buckets import Bucket, author_hash
from schemas.catalogue import Brand, Catalogue
from schemas.mention import (
    Channel,
    GroupMention,
    Mention,
    Objective,
    Place,
    Polarity,
    SpamSign,
    Span,
)
from schemas.rules import Rule, ShareRule, SpikeRule

BRANDS = (
    Brand(id="a", name="A", trade="phones"),
    Brand(id="b", name="B", trade="phones"),
    Brand(id="c", name="C", trade="cars"),
    Brand(id="d", name="D"),
)
PHONES = ShareRule(id="phones", trades=("phones",))
LISTED = ShareRule(id="listed", brands=("b", "d"))


def mention(brand: str, offset: int = 7, **fields: object) -> Mention:
    return Mention(brand=brand, partition=3, offset=offset, event_time_ms=60_000, **fields)  # type: ignore[arg-type]


def groups(*rules: Rule) -> Groups:
    return Groups(Catalogue(BRANDS, rules))


def test_a_post_that_names_rivals_gives_one_mention_that_lists_them() -> None:
    [found] = groups(PHONES).of([mention("a"), mention("b"), mention("c")])
    assert (found.group, found.brands) == ("phones", ("a", "b"))
    assert (found.partition, found.offset, found.event_time_ms) == (3, 7, 60_000)


def test_a_brand_may_stand_in_several_groups() -> None:
    found = groups(PHONES, LISTED).of([mention("b")])
    assert {(one.group, one.brands) for one in found} == {("phones", ("b",)), ("listed", ("b",))}


def test_a_brand_by_its_id_and_its_trade_counts_once() -> None:
    both = ShareRule(id="both", trades=("phones",), brands=("a",))
    [found] = groups(both).of([mention("a")])
    assert found.brands == ("a",)


def test_other_kinds_of_rules_make_no_group_and_brands_without_a_trade_share_none() -> None:
    spike = SpikeRule(id="spike", trades=("phones",))
    untraded = ShareRule(id="none", trades=("",))
    assert groups(spike, untraded).of([mention("a"), mention("d")]) == []


ALL_DIFFERENT: dict[str, Any] = {
    "polarity": Polarity.NEGATIVE,
    "is_repost": True,
    "channel": Channel.PAID,
    "reach": 5,
    "author": "me",
    "text_hash": 9,
    "place": Place.CHAIN,
    "is_address": True,
    "is_edit": True,
    "intents": (Objective.SOCIAL_SALES,),
    "spam": (SpamSign.BOT,),
    "is_newcomer": True,
    "region": "Sichuan",
}


def test_all_that_is_counted_of_a_post_is_handed_on() -> None:
    about = {"group": "phones", "brands": ("a",), "partition": 3, "offset": 7}
    expected = {**about, "event_time_ms": 60_000, **ALL_DIFFERENT}
    told = mention("a", **ALL_DIFFERENT, text="词", terms=("词",), spans=(Span(0, 1, "词"),))
    [found] = groups(PHONES).of([told])
    assert msgspec.structs.asdict(found) == expected
    assert tuple(expected) == GroupMention.__struct_fields__


POSTS = st.lists(
    st.tuples(st.lists(st.sampled_from("abcd"), unique=True), st.booleans(), st.booleans()),
    max_size=30,
)


@given(POSTS)
def test_the_counts_are_exact_and_leave_out_spam_and_edits(
    posts: list[tuple[list[str], bool, bool]],
) -> None:
    known, bucket, expected = groups(PHONES), Bucket(), Counter[str]()
    for offset, (named, is_spam, is_edit) in enumerate(posts):
        spam = (SpamSign.PITCH,) if is_spam else ()
        made = [mention(name, offset, spam=spam, is_edit=is_edit) for name in named]
        for group in known.of(made):
            bucket.add(group, author_hash(group))
            if not group.is_edit:
                bucket.count_rivals(group)
        if not is_spam and not is_edit:
            expected.update(name for name in named if name in "ab")
    assert expected == Counter(bucket.rivals or {})
