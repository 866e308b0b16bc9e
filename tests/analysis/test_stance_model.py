"""Stances: alike in any batch, of each brand in a text, and told in words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.sentiment import Place, SentimentModel
from analysis.stance_model import StanceModel
from schemas.mention import Polarity

MODEL = StanceModel.load(SentimentModel.load())


def polarity(text: str, name: str, *rivals: str) -> Polarity:
    return MODEL.towards_many([place(text, name, *rivals)])[0].polarity


def place(text: str, name: str, *rivals: str) -> Place:
    start, *others = (text.index(each) for each in (name, *rivals))
    spans = [(at, at + len(each)) for at, each in zip(others, rivals, strict=True)]
    return text, start, start + len(name), spans


@given(
    st.text(alphabet="好差不没比谁说用，。@/:[心]#【a😂", max_size=40), st.integers(), st.integers()
)
def test_any_place_has_a_stance_alike_alone_and_together(text: str, start: int, end: int) -> None:
    places: list[Place] = [(text, start, end), ("真好用", 0, 1), (text, start, end)]
    together = MODEL.towards_many(places)
    assert together == [MODEL.towards_many([each])[0] for each in places]
    for said in together:
        assert -1 <= said.score <= 1
        if said.polarity is not Polarity.NEUTRAL:
            assert (said.score > 0) == (said.polarity is Polarity.POSITIVE)


def test_a_batch_border_changes_nothing() -> None:
    places: list[Place] = [(f"小米第{number}次买，真好用", 0, 2) for number in range(1100)]
    assert MODEL.towards_many(places)[500:520] == MODEL.towards_many(places[500:520])


def test_hears_what_is_said_of_each_brand() -> None:
    text = "苹果太垃圾了，小米很好用，很喜欢"
    assert polarity(text, "苹果", "小米") is Polarity.NEGATIVE
    assert polarity(text, "小米", "苹果") is Polarity.POSITIVE


def test_turns_the_sign_for_the_brand_compared_with() -> None:
    text = "小米比苹果好用，喜欢"
    assert polarity(text, "小米", "苹果") is Polarity.POSITIVE
    assert polarity(text, "苹果", "小米") is Polarity.NEGATIVE


@pytest.mark.parametrize("text", ["小米手机", "小米手机怎么样？", "我在小米手机店"])
def test_that_a_brand_is_named_is_no_opinion(text: str) -> None:
    assert polarity(text, "小米手机") is Polarity.NEUTRAL


def test_tells_in_words_what_spoke_for_a_stance_and_against() -> None:
    told = MODEL.told_by(place("小米手机太难用了，气死", "小米手机"))
    assert told.decided_by == ""
    assert told.spoke_for
    assert all(words.isprintable() and pull > 0 for words, pull in told.spoke_for)
    assert all(words.isprintable() and pull < 0 for words, pull in told.against)
    pulls = [pull for _, pull in told.spoke_for]
    assert pulls == sorted(pulls, reverse=True)


def test_tells_which_turn_of_phrase_decided() -> None:
    text = "华为不比苹果差"
    assert MODEL.told_by(place(text, "华为", "苹果")).decided_by == "no worse than"
    assert MODEL.told_by(place("华为真好用", "华为")).decided_by == ""
