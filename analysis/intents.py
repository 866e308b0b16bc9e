"""What the author of a post wants of a brand, in the terms of the seven objectives.

The catalogue says which words tell it (`intents:`); a post may want several things, or nothing
that can be told.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from analysis import queries
from analysis.lexicon import Clue, Lexicon
from analysis.queries import Either, Places, Query, Word
from schemas.catalogue import Intent
from schemas.mention import Objective

_ORDER = {objective: at for at, objective in enumerate(Objective)}


class _Part(NamedTuple):
    """A part of an intent's query that holds or does not; the intent holds when any does."""

    number: int
    intent: int
    query: Query | None
    """None: one of its words is enough."""


def intent_words(intents: Iterable[Intent]) -> Iterator[str]:
    """Every word that the queries of the intents ask for, for the lexicon."""
    for intent in intents:
        yield from queries.words_of(queries.parse(intent.query))


class IntentRules:
    """The intents of a catalogue, by the words that can make them hold.

    Most queries are long lists of words joined by OR: a word found settles those at once, and
    what needs more than a word is only looked at when one of its words is there.
    """

    def __init__(self, intents: Iterable[Intent], lexicon: Lexicon) -> None:
        self._intents = tuple(intents)
        self._lexicon = lexicon
        self._parts: dict[int, list[_Part]] = {}
        for number, intent in enumerate(self._intents):
            query = queries.parse(intent.query)
            for at, part in enumerate(query.parts if isinstance(query, Either) else (query,)):
                asked = _Part(at, number, None if isinstance(part, Word) else part)
                for word in lexicon.numbers(queries.words_of(part)):
                    self._parts.setdefault(word, []).append(asked)

    def objectives(self, clues: Sequence[Clue]) -> tuple[Objective, ...]:
        """The objectives of own words with these clues, each once, in the order of `Objective`."""
        matched = self._matched(clues)
        if not matched:
            return ()
        found = {self._intents[number].objective for number in matched}
        return tuple(sorted(found, key=_ORDER.__getitem__))

    def named_by(self, clues: Sequence[Clue]) -> list[str]:
        """Ids of the intents that hold of own words with these clues."""
        return [self._intents[number].id for number in sorted(self._matched(clues))]

    def _matched(self, clues: Sequence[Clue]) -> set[int]:
        matched: set[int] = set()
        looked_at: set[tuple[int, int]] = set()
        places: Places | None = None
        for word in {clue.word for clue in clues}:
            for number, intent, query in self._parts.get(word, ()):
                if intent in matched:
                    continue
                if query is None:
                    matched.add(intent)
                elif (intent, number) not in looked_at:
                    looked_at.add((intent, number))
                    places = places or self._lexicon.places(clues)
                    if query.holds(places):
                        matched.add(intent)
        return matched
