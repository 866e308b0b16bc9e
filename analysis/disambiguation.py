"""Context decides ambiguous names: is 苹果 the phone or the fruit?

For each occurrence of an ambiguous name, in this order:

1. a word of `exclude` overlaps it, touches it or stands within `window`, or the `query` does not
   hold of the text: refused;
2. the `query` holds, or a word of `require` stands within `window`, or only `exclude` is given:
   accepted;
3. otherwise open: the rest of the text decides, then what is said around the name
   (`analysis.senses`).

Distances are code points between the nearest ends, on the folded and masked text.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from enum import Enum
from itertools import chain
from operator import attrgetter
from typing import NamedTuple

from analysis import queries
from analysis.han_forms import said_elsewhere
from analysis.lexicon import Clue, Clues, Lexicon
from analysis.queries import Query
from schemas.catalogue import Brand, Context
from sources import words


class Verdict(Enum):
    ACCEPTED = "accepted"
    REFUSED = "refused"
    OPEN = "open"


class Decision(NamedTuple):
    """A verdict, and the word that decided; empty where none did."""

    verdict: Verdict
    because: str = ""


class _Rule(NamedTuple):
    require: frozenset[int]
    exclude: frozenset[int]
    query: Query | None
    window: int
    ambiguous: frozenset[str] | None
    """Folded; None: all names."""

    @property
    def is_silent(self) -> bool:
        """True where nothing but the text around a name decides."""
        return not self.require and not self.exclude and self.query is None


_clue_end = attrgetter("end")
_NO_CONTEXT = Context()


def context_words(brands: Sequence[Brand]) -> Iterator[str]:
    """Every word that the contexts of the brands ask for, for the lexicon."""
    yield from chain.from_iterable(_elsewhere(brands).values())
    for brand in brands:
        context = brand.context
        yield from context.require
        yield from context.exclude
        if context.query:
            yield from queries.words_of(queries.parse(context.query))


def _elsewhere(brands: Sequence[Brand]) -> dict[str, frozenset[str]]:
    """Required word -> what the same thing is called in Taiwan, or on the mainland."""
    return said_elsewhere(chain.from_iterable(brand.context.require for brand in brands))


class ContextRules:
    """The contexts of a list of brands; brands are named by their index in it."""

    def __init__(self, brands: Sequence[Brand], lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        elsewhere = _elsewhere(brands)
        self._rules = {
            index: _Rule(
                require=lexicon.numbers(
                    chain(
                        brand.context.require,
                        *(elsewhere.get(word, ()) for word in brand.context.require),
                    )
                ),
                exclude=lexicon.numbers(brand.context.exclude),
                query=queries.parse(brand.context.query) if brand.context.query else None,
                window=brand.context.window,
                ambiguous=frozenset(map(words.fold, brand.ambiguous)) or None,
            )
            for index, brand in enumerate(brands)
            if brand.ambiguous or brand.context != _NO_CONTEXT
        }

    def is_ambiguous(self, brand: int, alias: str) -> bool:
        """True where the brand's context has a say over this name."""
        rule = self._rules.get(brand)
        return rule is not None and (rule.ambiguous is None or words.fold(alias) in rule.ambiguous)

    def requires(self, brand: int, found: frozenset[int]) -> bool:
        """True where one of the words found, by number, is one that the brand requires."""
        rule = self._rules.get(brand)
        return rule is not None and not rule.require.isdisjoint(found)

    def decide(
        self,
        brand: int,
        start: int,
        end: int,
        clues: Clues,
    ) -> Decision:
        """What the text around an ambiguous name at [start, end) says."""
        rule = self._rules[brand]
        if rule.is_silent:
            return Decision(Verdict.OPEN)
        required = ""
        for clue in self._near(clues, start, end, rule.window):
            if clue.word in rule.exclude:
                return Decision(Verdict.REFUSED, self._lexicon.words[clue.word])
            # A word within the alias itself is no evidence beside it.
            if clue.word in rule.require and not (start <= clue.start and clue.end <= end):
                required = required or self._lexicon.words[clue.word]
        if rule.query is not None:
            holds = clues.hold(brand, rule.query)
            verdict = Verdict.ACCEPTED if holds else Verdict.REFUSED
            return Decision(verdict, "the query")
        if required or not rule.require:
            return Decision(Verdict.ACCEPTED, required)
        return Decision(Verdict.OPEN)

    def _near(self, clues: Sequence[Clue], start: int, end: int, window: int) -> Iterator[Clue]:
        """The clues, sorted by their end, that stand at most `window` from [start, end)."""
        for at in range(bisect_left(clues, start - window, key=_clue_end), len(clues)):
            clue = clues[at]
            if clue.start <= end + window:
                yield clue
            elif clue.end > end + window + self._lexicon.longest:
                return
