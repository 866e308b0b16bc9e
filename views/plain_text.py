"""Make text of strangers safe to show: one line, no control over the terminal, a known width."""

import re
import unicodedata
from functools import lru_cache

from rich.cells import get_character_cell_size

_ESCAPES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor, clearing
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f]).{0,4096}?(?:\x07|\x1b\\|\x9c)"  # titles, links
    r"|\x1b[ -/]*[0-~]?",
    re.DOTALL,
)
_SPACES = re.compile(r"\s+")
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co"})
_MAX_MARKS = 2
"""Combining marks kept on one character: more are a tower that covers the lines above."""
ELLIPSIS = "…"


HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e"
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ue000-\uf8ff\ufe00-\ufe0f\ufeff"
    "\ufff0-\ufffb\ufffe\uffff\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U0010ffff]"
)
"""Characters that a terminal obeys, or that nobody sees; line feed and tabulator are none."""


def visible(text: str) -> str:
    r"""`text` without escapes, controls, bidi overrides or invisible characters; lines and columns
    stay as they are.

    >>> visible("红\x1b[31m米\u202e\n  手机\u200b好")
    '红米\n  手机好'
    """
    return HIDDEN.sub("", _ESCAPES.sub("", text)) if HIDDEN.search(text) else text


def one_line(text: str) -> str:
    r"""`text` on one line, without escapes, controls, bidi overrides or invisible characters.

    Code points that this Python does not know become U+FFFD, since nobody knows their width.

    >>> one_line("红\x1b[31m米\u202e\n\n手机\u200b好")
    '红米 手机好'
    """
    if text.isascii() and text.isprintable():
        return _SPACES.sub(" ", text).strip()
    text = _SPACES.sub(" ", _ESCAPES.sub("", text))
    shown: list[str] = []
    marks = 0
    for character in text:
        kind = _kind(character)
        if kind in {"Mn", "Me"}:
            marks += 1
            if marks > _MAX_MARKS or not shown or "\ufe00" <= character <= "\ufe0f":
                continue
        elif kind in _HIDDEN or (character == " " and not shown):
            continue
        else:
            marks = 0
        shown.append("\ufffd" if kind == "Cn" else character)
    return _SPACES.sub(" ", "".join(shown)).strip()


def width_of(text: str) -> int:
    """Terminal cells that `text` (of `one_line`) takes.

    >>> width_of("小米 8")
    6
    """
    return sum(map(get_character_cell_size, text))


def cut(text: str, cells: int) -> str:
    """`text` in at most `cells` terminal cells, with an ellipsis where something was cut.

    >>> [cut("小米手机", cells) for cells in (8, 7, 6, 1, 0)]
    ['小米手机', '小米手…', '小米…', '…', '']
    """
    if cells <= 0:
        return ""
    total = 0
    fits = 0
    for index, character in enumerate(text):
        total += get_character_cell_size(character)
        if total <= cells - 1:
            fits = index + 1
        if total > cells:
            return text[:fits] + ELLIPSIS
    return text


def fit(text: str, cells: int, *, right: bool = False) -> str:
    """`text` cut or padded to exactly `cells` terminal cells.

    >>> fit("小米", 6), fit("小米", 6, right=True), fit("小米手机", 5)
    ('小米  ', '  小米', '小米…')
    """
    shown = cut(text, cells)
    padding = " " * (cells - width_of(shown))
    return padding + shown if right else shown + padding


@lru_cache(maxsize=1 << 15)
def _kind(character: str) -> str:
    return unicodedata.category(character)
