import pytest

from analysis.context import ContextRules, Verdict
from analysis.words import fold, mask
from schemas.catalogue import Brand, Context

APPLE = Brand(
    id="apple",
    name="苹果",
    aliases=("苹果公司",),
    ambiguous=("苹果",),
    context=Context(require=("手机", "app", "苹果电脑"), exclude=("吃", "苹果醋"), window=6),
)


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
    rules = ContextRules([APPLE])
    start = text.index("苹果")
    clues = rules.clues(mask(fold(text)))
    assert rules.verdict(0, start, start + 2, clues) is expected


def test_the_alias_itself_is_no_evidence() -> None:
    rules = ContextRules([Brand(id="a", name="苹果", context=Context(require=("苹果", "果")))])
    assert rules.verdict(0, 0, 2, rules.clues("苹果")) is Verdict.OPEN


def test_a_window_of_zero_still_sees_what_covers_or_touches() -> None:
    rules = ContextRules(
        [Brand(id="mi", name="小米", context=Context(exclude=("小米粥", "吃"), window=0))]
    )
    assert rules.verdict(0, 0, 2, rules.clues("小米粥")) is Verdict.REFUSED
    assert rules.verdict(0, 1, 3, rules.clues("吃小米")) is Verdict.REFUSED
    assert rules.verdict(0, 2, 4, rules.clues("吃了小米")) is Verdict.ACCEPTED


def test_context_applies_to_the_ambiguous_names_alone() -> None:
    rules = ContextRules([APPLE])
    assert rules.is_ambiguous(0, "苹果")
    assert not rules.is_ambiguous(0, "苹果公司")


def test_context_applies_to_all_names_where_none_is_marked() -> None:
    rules = ContextRules([Brand(id="a", name="苹果", context=Context(require=("手机",)))])
    assert rules.is_ambiguous(0, "苹果")


def test_brands_without_context_are_never_ambiguous() -> None:
    assert not ContextRules([Brand(id="a", name="苹果", ambiguous=("苹果",))]).is_ambiguous(
        0, "苹果"
    )
