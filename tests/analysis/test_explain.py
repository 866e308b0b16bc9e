"""Explanations: they say what the analysis says, and why."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from analysis.explain import explain
from analysis.moods import Moods
from analysis.shipped import analyser_of
from catalogue.file import SHIPPED, load

ANALYSER = analyser_of(load(SHIPPED))
MOODS = Moods.load()


def test_everything_that_led_to_the_analysis_is_there() -> None:
    text = "苹果太贵，小米手机好用 @小米公司 http://t.cn/x1 //@阿明:最美的风景"
    told = explain(ANALYSER, MOODS, text)
    assert [mask.text for mask in told.masked] == ["@小米公司", "http://t.cn/x1", "@阿明"]
    assert {(each.alias, each.is_taken) for each in told.candidates} >= {
        ("苹果", True),
        ("小米手机", True),
        ("小米", False),
        ("美的", False),
    }
    assert all(each.because for each in told.candidates)
    assert "".join(clause.text for clause in told.clauses) == told.analysis.own_words
    assert all(clause.told_by for clause in told.clauses)
    words = "".join(word for clause in told.clauses for word, _ in clause.told_by)
    assert words.isprintable()  # the marks of a text's begin and end are the model's own
    assert {stance.brand for stance in told.stances} == {"apple", "xiaomi"}
    assert all(stance.spoke_for for stance in told.stances)
    assert msgspec.json.decode(msgspec.json.encode(told))["analysis"]["language"] == "zh"


def test_words_that_weigh_by_where_they_stand_are_told_without_marks() -> None:
    [clause] = explain(ANALYSER, MOODS, "美的空调不错").clauses
    assert {"不错", "错"} <= {word for word, _ in clause.told_by}


PIECES = st.lists(
    st.sampled_from(
        ["小米手机", "苹果", "好用", "太差", "，", "。", "@小米公司 ", "//@甲:", "[赞]", "a"]
    ),
    max_size=12,
).map("".join)


@given(PIECES)
def test_what_is_taken_is_what_the_analysis_mentions(text: str) -> None:
    told = explain(ANALYSER, MOODS, text)
    chain = len(told.analysis.own_words)
    taken = {
        (each.brand, each.start, each.end)
        for each in told.candidates
        if each.is_taken and not (text[each.start] == "@" and each.start >= chain)
    }
    assert taken == {(each.brand, each.start, each.end) for each in told.analysis.occurrences}
    for each in told.candidates:
        assert text[each.start : each.end]
