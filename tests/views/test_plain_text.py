"""Text of strangers has no power over the terminal."""

import unicodedata

from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len

from views.plain_text import cut, fit, one_line, width_of

anything = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
hostile = st.lists(
    st.sampled_from(
        ["\x1b[31m", "\x1b]0;title\x07", "\x9b2J", "\x1bP", "\u202e", "\u2066", "\u200d", "\ufe0f",
         "\r", "\n", "\t", "\u2028", "\x00", "e\u0301\u0301\u0301\u0301", "小米", "[red]", "👨‍👩‍👧",
         "\x1b"]
    ),
    max_size=12,
).map("".join)  # fmt: skip


@given(st.one_of(anything, hostile))
@example("\r\u0300")
def test_nothing_that_steers_a_terminal_is_left(text: str) -> None:
    shown = one_line(text)
    kinds = {unicodedata.category(character) for character in shown}
    assert not kinds & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    assert one_line(shown) == shown
    assert width_of(shown) == cell_len(shown)


@given(st.one_of(anything, hostile), st.integers(0, 30))
def test_cut_and_fit_keep_to_the_cells(text: str, cells: int) -> None:
    shown = one_line(text)
    assert cell_len(cut(shown, cells)) <= cells
    assert cell_len(fit(shown, cells)) == cells
    if cell_len(shown) <= cells:
        assert cut(shown, cells) == shown


def test_escapes_vanish_whole_and_words_stay() -> None:
    text = "前\x1b[1;31m红\x1b[0m \x1b]8;;http://x\x1b\\链接\x1b]8;;\x1b\\ \x1b]0;title\x07后"
    assert one_line(text) == "前红 链接 后"


def test_markup_is_text() -> None:
    assert one_line("[bold red]小米[/] [怒]") == "[bold red]小米[/] [怒]"


def test_towers_of_marks_are_cut_down() -> None:
    assert one_line("e" + "\u0301" * 50) == "e\u0301\u0301"


def test_an_unfinished_escape_takes_no_text_with_it() -> None:
    assert "小米手机" in one_line("\x1b]0;小米手机")
