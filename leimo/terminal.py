"""The one way for text to the terminal: it commands nothing there, whoever wrote it.

Posts, catalogues and topics hold what strangers wrote: escapes that clear a screen or change a
title, signs that turn the direction of writing, characters that nobody sees. Commands write with
`say`, `say_json` and `terminal` alone; `tests/leimo/test_hostile_text.py` sees to that.
"""

import re
import sys
from collections.abc import Iterable, Iterator
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from views.plain_text import HIDDEN, visible

_WIDE = 1 << 16
"""Columns in a pipe, where nothing is cut and no line is broken."""


def say(text: str = "", *, err: bool = False, end: str = "\n") -> None:
    """Write lines; what is no text to see is left out of them."""
    stream = sys.stderr if err else sys.stdout
    stream.write(visible(text) + end)
    stream.flush()


def say_json(encoded: bytes | str) -> None:
    """Write JSON on a line, with `\\u` escapes for what a terminal would obey: the same value."""
    text = encoded.decode() if isinstance(encoded, bytes) else encoded
    sys.stdout.write(escaped_json(text) + "\n")
    sys.stdout.flush()


def escaped_json(text: str) -> str:
    r"""JSON of the same value without hidden characters.

    >>> escaped_json('{"author": "a\u202eb"}')
    '{"author": "a\\u202eb"}'
    """
    return text if text.isascii() and "\x7f" not in text else HIDDEN.sub(_escape, text)


def _escape(found: re.Match[str]) -> str:
    return escapes_of(found.group())


def escapes_of(text: str) -> str:
    r"""The escapes of JSON that stand for each character.

    >>> escapes_of("米😀")
    '\\u7c73\\ud83d\\ude00'
    """
    units = text.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))


def terminal(*, err: bool = False, is_screen: bool = False) -> Console:
    """A console for tables and styled lines. In a pipe it cuts nothing, unless it `is_screen`."""
    shown = _SafeConsole(stderr=err, markup=False, emoji=False, highlight=False)
    if not shown.is_terminal and not is_screen:
        shown.width = _WIDE
    return shown


class _SafeConsole(Console):
    """Cleans text before it is laid out, so that columns fit, and all that is drawn once more."""

    def render_str(self, text: str, **options: Any) -> Text:
        return super().render_str(visible(text), **options)

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        if isinstance(renderable, Text):
            renderable = _visible_text(renderable)
        yield from _visible_segments(super().render(renderable, options))


def _visible_text(text: Text) -> Text:
    if visible(text.plain) == text.plain:
        return text
    return Text(visible(text.plain), text.style, justify=text.justify, end=text.end)


def _visible_segments(segments: Iterable[Segment]) -> Iterator[Segment]:
    for segment in segments:
        if segment.control:
            yield segment
        else:
            yield Segment(visible(segment.text), segment.style)
