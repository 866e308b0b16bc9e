"""Traditional and simplified characters."""

from hypothesis import given
from hypothesis import strategies as st

from analysis.brands import Matcher
from analysis.han_forms import SIMPLIFIED, simplified, spelled_both_ways
from analysis.tokens import tokenizer_named
from schemas.catalogue import Brand


@given(st.text())
def test_every_character_keeps_its_place(text: str) -> None:
    simple = simplified(text)
    assert len(simple) == len(text)
    assert simplified(simple) == simple
    for old, new in zip(text, simple, strict=True):
        assert old == new or SIMPLIFIED[ord(old)] == ord(new)


def test_names_are_spelled_by_words_and_not_by_characters() -> None:
    assert "發現" in spelled_both_ways(["发现"])["发现"]
    assert "理髮" in spelled_both_ways(["理发"])["理发"]
    assert spelled_both_ways([]) == {}


def test_a_brand_is_found_in_the_other_spelling() -> None:
    matcher = Matcher(
        [Brand(id="a", name="苹果公司"), Brand(id="b", name="統一企業")], tokenizer_named()
    )
    for text in ("蘋果公司發佈了新手機", "苹果公司发布了新手机"):
        found = matcher.find(text)
        assert found is not None
        assert [(start, end) for start, end, _ in found.hits] == [(0, 4)]
        assert found.masked == "苹果公司发布了新手机"
    assert matcher.find("统一企业涨停") is not None
