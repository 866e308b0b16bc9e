"""Sentiment by language."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.moods import Moods
from schemas.mention import Polarity

MOODS = Moods.load()


@pytest.mark.parametrize(
    ("text", "polarity"),
    [
        ("真好用，喜欢", Polarity.POSITIVE),
        ("I love this phone, it is great", Polarity.POSITIVE),
        ("This phone is terrible and I hate it", Polarity.NEGATIVE),
        ("I have a phone in my bag", Polarity.NEUTRAL),
        ("このスマホが大好きです", Polarity.NEUTRAL),
        ("이 핸드폰 정말 좋아요", Polarity.NEUTRAL),
        ("J'adore ce téléphone", Polarity.NEUTRAL),
    ],
)
def test_a_text_is_scored_in_its_language_or_not_at_all(text: str, polarity: Polarity) -> None:
    assert MOODS.score(text).polarity is polarity


def test_an_english_stance_is_that_of_its_sentence() -> None:
    text = "I love my iPhone. The weather is terrible."
    start = text.index("iPhone")
    assert MOODS.towards(text, start, start + 6).polarity is Polarity.POSITIVE


@given(st.lists(st.text(), max_size=5))
def test_texts_score_alike_alone_and_together(texts: list[str]) -> None:
    assert MOODS.score_many(texts) == [MOODS.score(text) for text in texts]
    places = [(text, 0, len(text)) for text in texts]
    assert MOODS.towards_many(places) == [MOODS.towards(*place) for place in places]


def test_an_english_post_is_scored_though_its_chain_is_chinese() -> None:
    assert MOODS.score("I love it, it is great //@小王:太差了").polarity is Polarity.POSITIVE
