import pytest

from analysis.disambiguation import ContextRules, Decision, Verdict, context_words
from analysis.han_forms import simplified
from analysis.lexicon import Lexicon
from schemas.catalogue import Brand, Context
from sources.words import fold, mask

APPLE = Brand(
    id="apple",
    name="苹果",
    aliases=("苹果公司",),
    ambiguous=("苹果",),
    context=Context(require=("手机", "app", "苹果电脑"), exclude=("吃", "苹果醋"), window=6),
)


def decided(brand: Brand, text: str, start: int, end: int) -> Decision:
    lexicon = Lexicon(context_words([brand]))
    clues = lexicon.clues(mask(fold(text)))
    return ContextRules([brand], lexicon).decide(0, start, end, clues)


def verdict(brand: Brand, text: str, start: int, end: int) -> Verdict:
    return decided(brand, text, start, end).verdict


def is_ambiguous(brand: Brand, name: str) -> bool:
    return ContextRules([brand], Lexicon(context_words([brand]))).is_ambiguous(0, name)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("苹果手机", Verdict.ACCEPTED),  # required, touching
        ("手机还是那个苹果", Verdict.ACCEPTED),  # required, before, within the window
        ("苹果一二三四五六手机", Verdict.ACCEPTED),  # at the window's edge
        ("苹果一二三四五六七手机", Verdict.OPEN),  # one beyond it
        ("苹果真好", Verdict.OPEN),  # neither
        ("吃苹果", Verdict.REFUSED),  # excluded, touching
        ("苹果手机和吃", Verdict.REFUSED),  # excluded beats required
        ("苹果醋手机", Verdict.REFUSED),  # an excluded word covers it
        ("苹果的App", Verdict.ACCEPTED),  # case
        ("苹果 happy", Verdict.OPEN),  # app does not stand in happy
        ("苹果 @手机控", Verdict.OPEN),  # handles are masked
        ("苹果电脑", Verdict.ACCEPTED),  # a required word may hold the alias
    ],
)
def test_words_around_an_ambiguous_alias_decide(text: str, expected: Verdict) -> None:
    start = text.index("苹果")
    assert verdict(APPLE, text, start, start + 2) is expected


def test_the_alias_itself_is_no_evidence() -> None:
    brand = Brand(id="a", name="苹果", context=Context(require=("苹果", "果")))
    assert verdict(brand, "苹果", 0, 2) is Verdict.OPEN


def test_a_window_of_zero_still_sees_what_covers_or_touches() -> None:
    brand = Brand(id="mi", name="小米", context=Context(exclude=("小米粥", "吃"), window=0))
    assert verdict(brand, "小米粥", 0, 2) is Verdict.REFUSED
    assert verdict(brand, "吃小米", 1, 3) is Verdict.REFUSED
    assert verdict(brand, "吃了小米", 2, 4) is Verdict.ACCEPTED


def test_a_decision_names_the_word_that_decided() -> None:
    assert decided(APPLE, "苹果手机", 0, 2).because == "手机"
    assert decided(APPLE, "吃苹果", 1, 3).because == "吃"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("美的空调", Verdict.ACCEPTED),  # the query holds
        ("美的雪，开着空调看", Verdict.REFUSED),  # NOT
        ("美的人生", Verdict.REFUSED),  # it does not
        ("美的空调，但是太美的梦", Verdict.REFUSED),  # exclude comes first
    ],
)
def test_a_query_decides_of_the_whole_text(text: str, expected: Verdict) -> None:
    context = Context(query="(空调 OR 冰箱) NOT 雪", exclude=("太美的",))
    assert verdict(Brand(id="m", name="美的", context=context), text, 0, 2) is expected


def test_near_counts_from_the_name() -> None:
    brand = Brand(id="m", name="美的", context=Context(query="美的 NEAR/3 空调"))
    assert verdict(brand, "美的变频空调", 0, 2) is Verdict.ACCEPTED
    assert verdict(brand, "美的风景让人忘了空调", 0, 2) is Verdict.REFUSED


def test_context_words_are_found_in_traditional_texts_and_as_such() -> None:
    brand = Brand(id="a", name="苹果", context=Context(require=("手機",)))
    assert verdict(brand, "苹果手机", 0, 2) is Verdict.ACCEPTED


@pytest.mark.parametrize(
    ("required", "text"),
    [
        ("笔记本", "联想筆電"),  # what Taiwan calls it
        ("鼠标", "联想滑鼠"),  # known to OpenCC
        ("滑鼠", "联想鼠标"),  # and what the mainland does
        ("筆電", "联想笔记本"),
        ("手机", "联想行動電話"),
    ],
)
def test_a_required_word_stands_for_what_is_said_elsewhere(required: str, text: str) -> None:
    brand = Brand(id="lenovo", name="联想", context=Context(require=(required,)))
    assert verdict(brand, simplified(text), 0, 2) is Verdict.ACCEPTED
    assert verdict(brand, "联想空调", 0, 2) is Verdict.OPEN


def test_context_applies_to_the_ambiguous_names_alone() -> None:
    assert is_ambiguous(APPLE, "苹果")
    assert not is_ambiguous(APPLE, "苹果公司")


def test_context_applies_to_all_names_where_none_is_marked() -> None:
    assert is_ambiguous(Brand(id="a", name="苹果", context=Context(require=("手机",))), "苹果")


def test_an_ambiguous_name_without_context_is_open() -> None:
    brand = Brand(id="a", name="苹果", ambiguous=("苹果",))
    assert is_ambiguous(brand, "苹果")
    assert verdict(brand, "苹果手机", 0, 2) is Verdict.OPEN


def test_brands_without_context_are_never_ambiguous() -> None:
    assert not is_ambiguous(Brand(id="a", name="苹果"), "苹果")
