"""Context decides ambiguous aliases: is 苹果 the phone or the fruit?

For each occurrence of an ambiguous alias, in this order:

1. a word of `exclude` overlaps it, touches it or stands within `window`: refused;
2. no `require`, or a word of `require` stands within `window`: accepted;
3. otherwise open. The text decides: it is accepted when the same brand was accepted elsewhere in
   it (by another alias, or another occurrence), or when the quoted original names the brand or
   holds a word of `require`.

Distances are code points between the nearest ends, on the folded and masked text.
"""

import re
from bisect import bisect_left
from collections.abc import Sequence
from enum import Enum
from operator import attrgetter
from typing import NamedTuple

import daachorse

from analysis import words
from schemas.catalogue import Brand


class Verdict(Enum):
    ACCEPTED = "accepted"
    REFUSED = "refused"
    OPEN = "open"


class Clue(NamedTuple):
    """A context word in a text."""

    start: int
    end: int
    word: int


class _Rule(NamedTuple):
    require: frozenset[int]
    exclude: frozenset[int]
    window: int
    ambiguous: frozenset[str] | None
    """Folded; None: all aliases."""


_clue_end = attrgetter("end")
_LETTER = re.compile(r"[a-z0-9]")


class ContextRules:
    """The contexts of a list of brands; brands are named by their index in it."""

    def __init__(self, brands: Sequence[Brand]) -> None:
        self._words: dict[str, int] = {}
        self._rules: dict[int, _Rule] = {}
        for index, brand in enumerate(brands):
            context = brand.context
            if context.require or context.exclude:
                self._rules[index] = _Rule(
                    require=self._numbers(context.require),
                    exclude=self._numbers(context.exclude),
                    window=context.window,
                    ambiguous=frozenset(map(words.fold, brand.ambiguous)) or None,
                )
        patterns = list(self._words)
        self._longest = max(map(len, patterns), default=0)
        self._find = (
            daachorse.CharwiseDoubleArrayAhoCorasick(patterns).find_overlapping
            if patterns
            else None
        )

    def _numbers(self, listed: Sequence[str]) -> frozenset[int]:
        folded = (words.fold(word).strip() for word in listed)
        return frozenset(self._words.setdefault(word, len(self._words)) for word in folded if word)

    def is_ambiguous(self, brand: int, alias: str) -> bool:
        """True where the brand's context has a say over this alias."""
        rule = self._rules.get(brand)
        return rule is not None and (rule.ambiguous is None or words.fold(alias) in rule.ambiguous)

    def clues(self, masked: str) -> list[Clue]:
        """Every context word, of whichever brand, in a folded and masked text, by its end."""
        if self._find is None:
            return []
        return [
            Clue(start, end, word)
            for start, end, word in self._find(masked)
            if _stands_alone(masked, start, end)
        ]

    def words_in(self, text: str) -> frozenset[int]:
        """Numbers of the context words, of whichever brand, that stand in a text."""
        if self._find is None:
            return frozenset()
        return frozenset(clue.word for clue in self.clues(words.mask(words.fold(text))))

    def requires(self, brand: int, found: frozenset[int]) -> bool:
        """True where one of the words found, by number, is one that the brand requires."""
        rule = self._rules.get(brand)
        return rule is not None and not rule.require.isdisjoint(found)

    def verdict(self, brand: int, start: int, end: int, clues: Sequence[Clue]) -> Verdict:
        """What the text around an ambiguous alias at [start, end) says."""
        rule = self._rules[brand]
        is_required = not rule.require
        for at in range(bisect_left(clues, start - rule.window, key=_clue_end), len(clues)):
            clue = clues[at]
            if clue.start > end + rule.window:
                if clue.end > end + rule.window + self._longest:
                    break
                continue
            if clue.word in rule.exclude:
                return Verdict.REFUSED
            # A word within the alias itself is no evidence beside it.
            if clue.word in rule.require and not (start <= clue.start and clue.end <= end):
                is_required = True
        return Verdict.ACCEPTED if is_required else Verdict.OPEN


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Latin context words need word boundaries: `app` does not stand in `happy`."""
    if start and _LETTER.match(text[start]) and _LETTER.match(text[start - 1]):
        return False
    return not (end < len(text) and _LETTER.match(text[end - 1]) and _LETTER.match(text[end]))
