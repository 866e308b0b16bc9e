"""Boolean queries: what they mean, and what is said of those that cannot be read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.lexicon import Lexicon
from analysis.queries import QueryError, can_hold_empty, parse, words_of


def holds(query: str, text: str) -> bool:
    read = parse(query)
    lexicon = Lexicon(words_of(read))
    return read.holds(lexicon.places(lexicon.clues(text)))


@pytest.mark.parametrize(
    ("query", "text", "expected"),
    [
        ("手机", "小米手机", True),  # a word
        ("手机 屏幕", "手机和屏幕", True),  # side by side: both
        ("手机 屏幕", "手机", False),
        ("手机 AND 屏幕", "手机", False),
        ("手机 OR 屏幕", "屏幕", True),
        ("手机 NOT 粥", "手机", True),
        ("手机 AND NOT 粥", "手机粥", False),
        ("a OR b AND c", "a", True),  # AND binds closer than OR
        ("(a OR b) AND c", "a", False),
        ("（手机 OR 电脑） 好", "电脑好", True),  # full-width parentheses
        ('"new york"', "in new york", True),  # a phrase
        ('"and"', "and", True),  # an operator as a word
        ("好 NEAR/2 屏幕", "屏幕真的好", True),  # two between
        ("好 NEAR/2 屏幕", "屏幕真的很好", False),  # three between
        ("NOT 粥 NEAR/1 小米", "小米粥", False),  # NEAR binds closest
        ("小米 NEAR/3 (粥 OR 饭)", "小米饭", True),
        ("小米 NEAR/3 小米", "小米", False),  # a word is not near itself
        ("小米 NEAR/3 小米", "小米，小米", True),
        ("app", "happy", False),  # Latin words stand alone
        ("app", "这个app好", True),
        ("ＡＰＰ", "app", True),  # width and case
        ("手機", "手机", True),  # traditional
    ],
)
def test_a_query_means_what_it_says(query: str, text: str, expected: bool) -> None:
    assert holds(query, text) is expected


@pytest.mark.parametrize(
    ("query", "column", "words"),
    [
        ("", 1, "empty"),
        ("手机 AND", 7, "a word is missing before the end; add one, or remove `AND`"),
        ("OR 手机", 1, "a word is missing before `OR`"),
        ("手机 AND OR 屏幕", 8, "a word is missing before `OR`"),
        ("(手机", 1, "is not closed"),
        ("手机)", 3, "closes nothing"),
        ("手机 ()", 4, "nothing stands in the parentheses"),
        ('手机 "屏幕', 4, "has no partner"),
        ('手机 ""', 4, "no word stands in the quotation marks"),
        ("手机 and 屏幕", 4, "write AND in capitals"),
        ("手机 near/3 屏幕", 4, "write NEAR/3 in capitals"),
        ("手机 NEAR 屏幕", 4, "needs a distance"),
        ("手机 NEAR/x 屏幕", 4, "needs a distance"),
        ("手机 NEAR/0 屏幕", 4, "needs a distance"),
        ("手机 NEAR/3 (屏幕 AND 好)", 11, "beside NEAR stands a word"),
        ("a NEAR/3 b NEAR/3 c", 12, "NEAR joins two sides"),
        ("(" * 60 + "a" + ")" * 60, 52, "more than 50 levels"),
        ("a" * 5_000, 4_001, "5000 characters"),
    ],
)
def test_an_error_names_its_column_and_the_mend(query: str, column: int, words: str) -> None:
    with pytest.raises(QueryError) as caught:
        parse(query)
    assert caught.value.column == column
    assert words in caught.value.message


def test_a_query_of_what_is_not_there_holds_of_nearly_everything() -> None:
    assert can_hold_empty(parse("NOT 粥"))
    assert not can_hold_empty(parse("手机 NOT 粥"))


_PIECES = st.sampled_from(["AND", "OR", "NOT", "NEAR/3", "NEAR", "(", ")", '"', "a", "b", "好"])


@given(st.lists(_PIECES, max_size=12).map(" ".join))
def test_whatever_is_written_is_read_or_refused_at_a_column_within(query: str) -> None:
    column = _column_of_error(query)
    assert column is None or 1 <= column <= len(query) + 1


def _column_of_error(query: str) -> int | None:
    try:
        parse(query)
    except QueryError as error:
        return error.column
    return None


@st.composite
def _trees(draw: st.DrawFn, depth: int = 3) -> tuple[str, object]:
    """A query with parentheses everywhere, and what it must mean as a Python expression."""
    if depth == 0 or draw(st.booleans()):
        word = draw(st.sampled_from("abc"))
        return word, lambda present: word in present
    kind = draw(st.sampled_from(["AND", "OR", "NOT"]))
    left_text, left = draw(_trees(depth - 1))
    if kind == "NOT":
        return f"(NOT {left_text})", lambda present: not left(present)  # type: ignore[operator]
    right_text, right = draw(_trees(depth - 1))
    joined = f"({left_text} {kind} {right_text})"
    if kind == "AND":
        return joined, lambda present: left(present) and right(present)  # type: ignore[operator]
    return joined, lambda present: left(present) or right(present)  # type: ignore[operator]


@given(_trees(), st.sets(st.sampled_from("abc")))
def test_boolean_algebra(tree: tuple[str, object], present: set[str]) -> None:
    query, meaning = tree
    places = {word: [(0, 1)] for word in present}
    assert parse(query).holds(places) == bool(meaning(present))  # type: ignore[operator]
