"""The model of senses: what it reads, and what it says of names that rules leave open."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.senses import REACH, Senses, SensesError, features_of
from analysis.tokens import tokenizer_named

SENSES = Senses.load()
CUT = tokenizer_named().cut


def confidence(trade: str, text: str, name: str) -> float:
    start = text.index(name)
    return SENSES.confidence(trade, CUT(text), start, start + len(name))


@pytest.mark.parametrize(
    ("trade", "name", "brand", "word"),
    [
        ("cars", "大众", "大众的发动机烧机油，4S店说是正常", "这是人民大众喜闻乐见的节目"),
        ("phones", "荣耀", "荣耀的屏幕和系统都不错，电池耐用", "这是我一生最大的荣耀和骄傲"),
        ("food", "统一", "统一的方便面泡着吃，牛奶也好喝", "祖国统一是全国人民的愿望"),
    ],
)
def test_talk_of_the_trade_makes_it_surer(trade: str, name: str, brand: str, word: str) -> None:
    assert confidence(trade, brand, name) > confidence(trade, word, name) + 0.1


def test_a_trade_that_it_does_not_know_needs_evidence_for_a_brand() -> None:
    assert confidence("umbrellas", "大众喜闻乐见", "大众") < 0.5


def test_some_names_mean_the_brand_more_often_whatever_stands_around_them() -> None:
    tokens = CUT("阿里真有意思")

    def of(name: str) -> float:
        return SENSES.confidence("internet", tokens, 0, 2, (), name)

    assert of("阿里") > of("") > of("统一")
    assert of("聯想") == of("联想") != of("")
    assert of("没人知道的名字") == of("")


def test_it_reads_no_farther_than_its_reach() -> None:
    near = list(features_of(["近", "x" * REACH, "名"], 1 + REACH, 2 + REACH))
    far = list(features_of(["远", "x" * (REACH + 1), "名"], 2 + REACH, 3 + REACH))
    assert "w:近" in near
    assert "w:远" not in far


@given(st.text(), st.integers(0, 50), st.integers(1, 9))
def test_any_text_has_a_confidence(text: str, start: int, length: int) -> None:
    assert 0 <= SENSES.confidence("phones", CUT(text), start, start + length) <= 1


def test_it_tells_the_words_that_weighed_most() -> None:
    text = "大众的发动机烧机油"
    told = SENSES.told_by("cars", CUT(text), 0, 2)
    assert any(word.startswith("发动机 +") for word in told)
    assert SENSES.told_by("umbrellas", CUT(text), 0, 2) == []
    (name,) = [word for word in SENSES.told_by("food", CUT(text), 0, 2, "统一") if "统一" in word]
    assert name.startswith("统一 -")


def test_a_file_comes_back_as_it_was() -> None:
    raw = SENSES.to_bytes()
    again = Senses.from_bytes(raw)
    assert again.header == SENSES.header
    assert again.to_bytes() == raw


@pytest.mark.parametrize("raw", [b"", b"nothing", SENSES.to_bytes()[:-7]])
def test_refuses_what_is_no_file_of_senses(raw: bytes) -> None:
    with pytest.raises(SensesError):
        Senses.from_bytes(raw)
