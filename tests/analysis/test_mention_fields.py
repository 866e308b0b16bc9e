"""Each field of a mention holds what it is called: they are handed over by position, for speed.

A checker of types finds neighbours of unlike types that were swapped; here are those of one type.
"""

from itertools import combinations
from typing import Any

import msgspec
import pytest

from analysis.pipeline import Analyser
from schemas.catalogue import Brand, Intent
from schemas.mention import Channel, Mention, Objective, Place, Polarity, SpamSign, Span
from schemas.post import Author, Post, PostEvent, Quoted, Source
from sources import words
from tests.analysis.test_pipeline import TOKENIZER, GoodAndBad

MAKER = Brand(id="mi", name="小米科技", accounts=("小米公司",))
PRODUCT = Brand(id="redmi", name="红米", parent="mi")
WISH = Intent(id="wish", objective=Objective.SOCIAL_SALES, query="想买")
ANALYSER = Analyser((MAKER, PRODUCT), GoodAndBad(), TOKENIZER, [WISH])
TEXT = "想买红米好手机"
POST = Post(
    source=Source.WEIBO,
    id="post",
    text=TEXT,
    event_time_ms=1_306_835_215_000,
    event=PostEvent.EDIT,
    edit=1,
    author=Author("author", "name", 1204, is_new=True, region="region"),
    is_repost=True,
    quoted=Quoted("original", "转发抽奖", Author("original author", "other name")),
    url="https://a.org/1",
)
EXPECTED: dict[str, Any] = {
    "brand": "mi",
    "partition": 3,
    "offset": 42,
    "event_time_ms": 1_306_835_215_000,
    "polarity": Polarity.POSITIVE,
    "sentiment_milli": 800,
    "is_repost": True,
    "channel": Channel.EARNED,
    "reach": 1204,
    "author": "author",
    "post": "post",
    "source": "weibo",
    "spans": (Span(2, 4, "红米"),),
    "text": TEXT,
    "terms": ("手机",),
    "text_hash": words.text_hash(TEXT),
    "place": Place.OWN,
    "confidence_milli": 1000,
    "is_address": False,
    "is_edit": True,
    "product": "redmi",
    "intents": (Objective.SOCIAL_SALES,),
    "spam": (SpamSign.GIVEAWAY,),
    "language": "zh",
    "original_author": "original author",
    "is_newcomer": True,
    "region": "region",
    "original": "original",
    "depth": 0,
    "url": "https://a.org/1",
    "original_text": "",
}


def mention_of(post: Post) -> Mention:
    return next(one for one in ANALYSER.mentions(post, 3, 42) if one.brand == "mi")


def test_each_field_holds_what_it_is_called() -> None:
    assert msgspec.structs.asdict(mention_of(POST)) == EXPECTED
    assert tuple(EXPECTED) == Mention.__struct_fields__


def test_no_two_fields_of_one_type_are_alike_here() -> None:
    """Else swapped ones would pass; what is true or false is told apart below."""
    values = [value for value in EXPECTED.values() if not isinstance(value, bool)]
    for one, other in combinations(values, 2):
        assert one != other


def test_depth_counts_those_who_passed_it_on_before() -> None:
    found = mention_of(msgspec.structs.replace(POST, text=f"{TEXT}//@甲:好//@乙:转"))
    assert found.depth == 2


def test_a_repost_without_words_has_those_of_its_original() -> None:
    said = Quoted("original", "红米起火" + "很" * 200, Author("maker"))
    bare, with_words = (
        mention_of(msgspec.structs.replace(POST, text=text, quoted=said))
        for text in ("转发微博", "红米好")
    )
    assert bare.original_text == ("红米起火" + "很" * 200)[:140]
    assert with_words.original_text == ""


PLAIN = msgspec.structs.replace(
    POST, event=PostEvent.ADD, edit=0, is_repost=False, quoted=None, author=Author("author")
)
FLAGS: dict[str, dict[str, Any]] = {
    "is_repost": {"is_repost": True, "quoted": Quoted("original", "")},
    "is_address": {"text": "@小米公司 好"},
    "is_edit": {"event": PostEvent.EDIT, "edit": 1},
    "is_newcomer": {"author": Author("author", is_new=True)},
}


@pytest.mark.parametrize("flag", FLAGS)
def test_each_flag_is_raised_by_its_own_cause_alone(flag: str) -> None:
    found = mention_of(msgspec.structs.replace(PLAIN, **FLAGS[flag]))
    assert {name for name in FLAGS if getattr(found, name)} == {flag}


def test_no_flag_is_missing_here() -> None:
    flags = {name for name, kind in Mention.__annotations__.items() if kind is bool}
    assert flags == FLAGS.keys()
