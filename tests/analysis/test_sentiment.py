"""The sentiment of texts: directions, limits of the language, sameness."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.sentiment import NOTHING_SAID, SentimentModel
from schemas.mention import Polarity

MODEL = SentimentModel.load()


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ("这款手机真好用", "这款手机真不好用"),
        ("喜欢，推荐大家买", "讨厌，劝大家别买"),
    ],
)
def test_scores_the_better_text_higher(better: str, worse: str) -> None:
    assert MODEL.score(better).score > 0 > MODEL.score(worse).score


@pytest.mark.parametrize("text", ["", "   ", "//@小王:太好了", "hello world", "すごい", "\ud800"])
def test_finds_nothing_where_nothing_is_said_in_chinese(text: str) -> None:
    assert MODEL.score(text) == NOTHING_SAID


@given(st.lists(st.text()))
def test_any_texts_score_alike_alone_and_together(texts: list[str]) -> None:
    together = MODEL.score_many(texts)
    assert together == [MODEL.score(text) for text in texts]
    for sentiment in together:
        assert -1 <= sentiment.score <= 1
        if sentiment.polarity is not Polarity.NEUTRAL:
            assert (sentiment.score > 0) == (sentiment.polarity is Polarity.POSITIVE)
