"""Words that rules ask for, found in one pass: context words, and the words of queries."""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import daachorse

from analysis.han_forms import simplified
from analysis.queries import Bounds, Query
from sources import words

_LETTER = re.compile(r"[a-z0-9]")


class Clue(NamedTuple):
    """A word of the lexicon in a text."""

    start: int
    end: int
    word: int


class Clues(list[Clue]):
    """The words of a lexicon in a text, by their end; what follows from them is found out once."""

    def __init__(self, found: Iterable[Clue], lexicon: "Lexicon") -> None:
        super().__init__(found)
        self._lexicon = lexicon
        self._places: dict[str, list[Bounds]] | None = None
        self._outcomes: dict[int, bool] = {}

    def hold(self, number: int, query: Query) -> bool:
        """Whether a query holds of the text; `number` is the query's name for this text."""
        outcome = self._outcomes.get(number)
        if outcome is None:
            if self._places is None:
                self._places = self._lexicon.places(self)
            outcome = self._outcomes[number] = query.holds(self._places)
        return outcome


class Lexicon:
    """Words by number, ready to be found."""

    def __init__(self, listed: Iterable[str]) -> None:
        folded = (_form(word) for word in listed)
        self._numbers = {word: at for at, word in enumerate(dict.fromkeys(filter(None, folded)))}
        self.words = tuple(self._numbers)
        self._latin = frozenset(
            number
            for number, word in enumerate(self.words)
            if _LETTER.match(word[0]) or _LETTER.match(word[-1])
        )
        self.longest = max(map(len, self.words), default=0)
        self._find = (
            daachorse.CharwiseDoubleArrayAhoCorasick(list(self.words)).find_overlapping
            if self.words
            else None
        )
        self._none = Clues((), self)

    def numbers(self, listed: Iterable[str]) -> frozenset[int]:
        """The numbers of words that stand in the lexicon."""
        return frozenset(self._numbers[form] for word in listed if (form := _form(word)))

    def clues(self, masked: str) -> Clues:
        """Every word of the lexicon in a folded, masked and simplified text, by its end.

        Latin words need word boundaries: `app` does not stand in `happy`.
        """
        matches = self._find(masked) if self._find is not None else ()
        if not matches:
            return self._none  # of most own words
        latin = self._latin
        found = [
            Clue(start, end, word)
            for start, end, word in matches
            if word not in latin or _stands_alone(masked, start, end)
        ]
        return Clues(found, self)

    def places(self, clues: Sequence[Clue]) -> dict[str, list[Bounds]]:
        """Word -> where it stands, for queries.

        >>> lexicon = Lexicon(["手机", "屏幕"])
        >>> lexicon.places(lexicon.clues("手机好，手机"))
        {'手机': [(0, 2), (4, 6)]}
        """
        found: dict[str, list[Bounds]] = {}
        for start, end, word in clues:
            found.setdefault(self.words[word], []).append((start, end))
        return found


def _form(word: str) -> str:
    return simplified(words.fold(word).strip())


def _stands_alone(text: str, start: int, end: int) -> bool:
    if start and _LETTER.match(text[start]) and _LETTER.match(text[start - 1]):
        return False
    return not (end < len(text) and _LETTER.match(text[end - 1]) and _LETTER.match(text[end]))
