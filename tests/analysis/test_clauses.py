"""Which words around a mention are about it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.clauses import Reach, reach_of


def said_of(text: str, brand: str, *rivals: str) -> str:
    def span(name: str) -> tuple[int, int]:
        start = text.index(name)
        return start, start + len(name)

    reach = reach_of(text, *span(brand), [span(rival) for rival in rivals])
    return text[reach.start : reach.end]


@pytest.mark.parametrize(
    ("text", "brand", "rivals", "expected"),
    [
        # The sentence, not its neighbours.
        ("天气差。小米真好！走了", "小米", (), "小米真好！"),
        # Alone, the brand has its whole sentence, contrast and all.
        ("小米好看，但是太贵。", "小米", (), "小米好看，但是太贵。"),
        # Another brand ends the reach, to the right and to the left.
        ("小米好看，拍照好，苹果太贵。", "小米", ("苹果",), "小米好看，拍照好，"),
        ("小米好看，拍照好，苹果太贵。", "苹果", ("小米",), "拍照好，苹果太贵。"),
        # A contrast starts a clause without a comma.
        ("苹果太贵但是小米便宜", "小米", ("苹果",), "但是小米便宜"),
        ("苹果慢 but 小米快", "苹果", ("小米",), "苹果慢 but"),
        # One clause with both brands belongs to both.
        ("小米和苹果都好，走了", "小米", ("苹果",), "小米和苹果都好，走了"),
    ],
)
def test_the_reach_of_a_brand(
    text: str, brand: str, rivals: tuple[str, ...], expected: str
) -> None:
    assert said_of(text, brand, *rivals) == expected


@pytest.mark.parametrize(
    ("text", "brand", "turned"),
    [
        ("小米比苹果好", "小米", False),
        ("小米比苹果好", "苹果", True),
        ("小米不如苹果", "苹果", True),
        ("比起苹果，小米更好", "苹果", True),
        ("比起苹果，小米更好", "小米", False),
        ("性价比小米最高", "小米", False),  # no comparison
        ("手机对比苹果图", "苹果", False),
    ],
)
def test_a_comparison_turns_the_sign_of_what_is_compared_with(
    text: str, brand: str, turned: bool
) -> None:
    start = text.index(brand)
    assert reach_of(text, start, start + len(brand)).turned is turned


def test_a_comparison_keeps_the_words_about_the_other_brand() -> None:
    assert said_of("比起苹果，小米更好。", "苹果", "小米") == "比起苹果，小米更好。"


def test_a_place_outside_the_text_is_cut_to_it() -> None:
    assert reach_of("", 3, 9) == Reach(0, 0)
    assert reach_of("小米好", -5, 99) == Reach(0, 3)


SPANS = st.tuples(st.integers(-2, 40), st.integers(-2, 40))


@given(st.text(alphabet="小米苹果好，。比但是 but\n", max_size=30), SPANS, st.lists(SPANS))
def test_any_place_has_a_reach_that_holds_it(
    text: str, span: tuple[int, int], rivals: list[tuple[int, int]]
) -> None:
    start, end = span
    reach = reach_of(text, start, end, rivals)
    assert 0 <= reach.start <= reach.end <= len(text)
    if 0 <= start < end <= len(text):
        assert reach.start <= start
        assert end <= reach.end
