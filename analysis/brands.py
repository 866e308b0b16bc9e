"""Where the aliases of brands stand in a text: thousands of names in one pass.

1. Fold the text and find every alias in it, overlaps included (Aho-Corasick, daachorse).
2. Most texts are done here. Of the others, blank handles, URLs and [emoticons].
3. Drop aliases that begin or end within a word: for letters and digits a neighbour of their
   kind, for Han characters no token edge. Only the run of characters around the alias is cut
   into tokens; tokenizers cut runs on their own, so that is what cutting the whole text gives.
4. Of those that overlap, the leftmost and longest stays: 小米粥 hides 小米.

```
 text      在小米之家买的小米粥        aliases 小米, 小米之家, 小米粥
 found       小米······小米            小米之家, 小米粥 too
 stay        └小米之家┘  └小米粥┘
```
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from typing import NamedTuple

import daachorse

from analysis import words
from analysis.tokens import Tokenizer, edges
from schemas.catalogue import Brand

MIN_TRUSTED_HAN = 4
"""Aliases of so many Han characters need no token edges: tokenizers split them as they please,
and they hardly ever come about by chance."""

MIN_NUMBERED_LETTERS = 4
"""Names of so many letters may be followed by a number (iPhone5): they are no part of a word."""

_HAN = "\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0002ffff"
_IS_HAN = re.compile(f"[{_HAN}]")
_RUN = re.compile(rf"[{_HAN}a-zA-Z0-9+#&._%\-]+")
"""What tokenizers cut on its own; a superset of jieba's `re_han_default`."""
_IS_RUN = re.compile(rf"[{_HAN}a-zA-Z0-9+#&._%\-]")

_SEPARATORS = ("", " ", "-", "·")
_GAP = re.compile(r"[ \-·•・_]+|(?<=[a-z]{2})(?=\d)")
MAX_FREE_GAPS = 2
"""Names with more gaps get the same separator in all of them."""


class Target(NamedTuple):
    """A brand that a pattern names, and the alias as the catalogue writes it."""

    brand: int
    alias: str


class Hit(NamedTuple):
    """A pattern in a text: code points, end exclusive."""

    start: int
    end: int
    pattern: int


class Found(NamedTuple):
    """The folded and masked text, and what was found in it, in order, without overlaps."""

    masked: str
    hits: tuple[Hit, ...]


def spellings(alias: str) -> Iterator[str]:
    """Folded spellings of an alias: with other separators, or none, between its parts.

    A gap is a space, hyphen or middle dot, or stands between letters and a number.

    >>> sorted(spellings("iPhone 15"))
    ['iphone 15', 'iphone-15', 'iphone15', 'iphone·15']
    >>> list(spellings("7-11")), sorted(spellings("可口 可乐"))[-1]
    (['7-11'], '可口可乐')
    """
    folded = words.fold(alias).strip()
    yield folded
    parts = [part for part in _GAP.split(folded) if part]
    if len(parts) < 2 or not any(char.isalpha() for char in folded):
        return
    gaps = len(parts) - 1
    fillings: Iterable[tuple[str, ...]] = (
        product(_SEPARATORS, repeat=gaps)
        if gaps <= MAX_FREE_GAPS
        else ((separator,) * gaps for separator in _SEPARATORS)
    )
    for filling in fillings:
        spelling = parts[0] + "".join(
            separator + part for separator, part in zip(filling, parts[1:], strict=True)
        )
        if spelling != folded:
            yield spelling


class Matcher:
    """All aliases of a list of brands, ready to be found."""

    def __init__(self, brands: Sequence[Brand], tokenizer: Tokenizer) -> None:
        targets: dict[str, dict[int, str]] = {}
        for index, brand in enumerate(brands):
            for alias in (brand.name, *brand.aliases):
                for spelling in spellings(alias):
                    if spelling and words.BLANK not in spelling:
                        targets.setdefault(spelling, {}).setdefault(index, alias)
        self.patterns = sorted(targets)
        self.targets = [
            tuple(Target(*target) for target in targets[pattern].items())
            for pattern in self.patterns
        ]
        self._edges = [_edge_needs(pattern) for pattern in self.patterns]
        self._find = (
            daachorse.CharwiseDoubleArrayAhoCorasick(self.patterns).find_overlapping
            if self.patterns
            else None
        )
        self._cut = tokenizer.cut

    def find(self, text: str) -> Found | None:
        """The aliases that stand in the text; None where there is none."""
        if self._find is None:
            return None
        folded = words.fold(text)
        matches = self._find(folded)
        if not matches:
            return None
        masked = words.mask(folded)
        seen = _Edges(masked, self._cut)
        needs = self._edges
        hits = [
            Hit(start, end, pattern)
            for start, end, pattern in matches
            if words.BLANK not in masked[start:end] and seen.fit(start, end, needs[pattern])
        ]
        if not hits:
            return None
        return Found(masked, tuple(hits) if len(hits) == 1 else _leftmost_longest(hits))


def _leftmost_longest(hits: list[Hit]) -> tuple[Hit, ...]:
    kept: list[Hit] = []
    end = 0
    for hit in sorted(hits, key=lambda hit: (hit.start, -hit.end)):
        if hit.start >= end:
            kept.append(hit)
            end = hit.end
    return tuple(kept)


class _Needs(NamedTuple):
    """What must hold at both ends of an alias."""

    token_start: bool
    token_end: bool
    word_start: bool
    word_end: bool
    may_be_numbered: bool


def _edge_needs(pattern: str) -> _Needs:
    han = len(_IS_HAN.findall(pattern))
    is_short = han < MIN_TRUSTED_HAN
    first, last = pattern[0], pattern[-1]
    letters = sum(char.isalpha() and not _IS_HAN.match(char) for char in pattern)
    return _Needs(
        token_start=is_short and _IS_HAN.match(first) is not None,
        token_end=is_short and _IS_HAN.match(last) is not None,
        word_start=_is_word(first),
        word_end=_is_word(last),
        may_be_numbered=letters >= MIN_NUMBERED_LETTERS and not last.isdigit(),
    )


def _is_word(char: str) -> bool:
    """True for letters and digits of scripts that put space or Han between words."""
    return (char.isalnum() or char == "_") and _IS_HAN.match(char) is None


class _Edges:
    """Token edges of one text, looked up where they are needed."""

    __slots__ = ("_cut", "_known", "_runs", "_text")

    def __init__(self, text: str, cut: object) -> None:
        self._text = text
        self._cut = cut
        self._runs: list[tuple[int, int]] | None = None
        self._known: dict[int, set[int]] = {}

    def fit(self, start: int, end: int, needs: _Needs) -> bool:
        """True where an alias at [start, end) is no part of a longer word."""
        text = self._text
        if needs.word_start and start and _is_word(text[start - 1]):
            return False
        if needs.word_end and end < len(text) and _is_word(text[end]):
            is_number = needs.may_be_numbered and text[end].isdigit()
            if not is_number:
                return False
        if needs.token_start and not self._is_edge(start):
            return False
        return not needs.token_end or self._is_edge(end)

    def _is_edge(self, position: int) -> bool:
        text = self._text
        if position in (0, len(text)):
            return True
        if not (_IS_RUN.match(text[position - 1]) and _IS_RUN.match(text[position])):
            return True
        if self._runs is None:
            self._runs = [run.span() for run in _RUN.finditer(text)]
        start, end = next(run for run in self._runs if run[1] > position)
        known = self._known.get(start)
        if known is None:
            known = self._known[start] = edges(self._cut(text[start:end]), start)  # type: ignore[operator]
        return position in known
