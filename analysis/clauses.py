"""The clause around a mention: where in a text the stance towards a brand stands."""

import re
from collections.abc import Sequence

Bounds = tuple[int, int]

_SENTENCE_END = re.compile(r"[。！？!?；;…\n]+")


def clause_around(text: str, start: int, end: int) -> Bounds:
    """The sentence that holds [start, end), as a span of the text.

    >>> text = "天气差。小米真好！走了"
    >>> first, last = clause_around(text, 4, 6)
    >>> text[first:last]
    '小米真好！'
    """
    first, last = 0, len(text)
    for stop in _SENTENCE_END.finditer(text):
        if stop.end() <= start:
            first = stop.end()
        elif stop.start() >= end:
            last = stop.end()
            break
    return first, last


def rivals_of(spans: Sequence[Bounds], start: int, end: int) -> list[Bounds]:
    """The other brands' spans."""
    return [span for span in spans if span[1] <= start or span[0] >= end]
