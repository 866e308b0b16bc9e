"""What the author of a post wants of a brand, in the terms of the seven objectives.

The catalogue says which words tell it (`intents:`); a post may want several things, or nothing
that can be told.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from analysis import queries
from analysis.lexicon import Lexicon
from analysis.queries import Bounds, Query
from schemas.catalogue import Intent
from schemas.mention import Objective

_ORDER = {objective: at for at, objective in enumerate(Objective)}


def words_asked_for(intents: Iterable[Intent]) -> Iterator[str]:
    """Every word that the queries of the intents ask for, for the lexicon."""
    for intent in intents:
        yield from queries.words_of(queries.parse(intent.query))


class IntentRules:
    """The intents of a catalogue."""

    def __init__(self, intents: Iterable[Intent], lexicon: Lexicon) -> None:
        self._rules: list[tuple[str, Objective, Query]] = []
        asked: set[int] = set()
        for intent in intents:
            query = queries.parse(intent.query)
            self._rules.append((intent.id, intent.objective, query))
            asked |= lexicon.numbers(queries.words_of(query))
        self.words = frozenset(asked)
        """Numbers of the words of the lexicon that they ask for; without any, nothing holds."""

    def named_by(self, places: Mapping[str, Sequence[Bounds]]) -> list[str]:
        """Ids of the intents whose queries hold of the own words."""
        return [name for name, _, query in self._rules if query.holds(places)]

    def objectives(self, places: Mapping[str, Sequence[Bounds]]) -> tuple[Objective, ...]:
        """The objectives that they serve, each once, in the order of `Objective`."""
        found = {objective for _, objective, query in self._rules if query.holds(places)}
        return tuple(sorted(found, key=_ORDER.__getitem__)) if found else ()
