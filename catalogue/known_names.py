"""What the shipped catalogue knows of a name serves whoever writes that name down.

小米 is millet as often as phones, whoever watches it. The shipped catalogue knows which words tell
the two apart; a catalogue of one's own that says no more than `name: 小米` gets the same words, and
finds the same brand. What its author did write stays: words are added, nothing is taken away.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple

import msgspec

from analysis.han_forms import simplified
from schemas.catalogue import Brand, Context
from sources.words import fold

_NO_CONTEXT = Context()
_HAN = re.compile(r"[\u4e00-\u9fff]{2,3}")
"""Names that have to stand at the edges of tokens."""


TAKEN = 0.0
"""Least confidence in names that are known to mean the brand unless a word excludes them: the
words that an author requires beside them are what came to mind, and most posts have none."""


class Completed(NamedTuple):
    """A brand with what is known of its names, and what was added."""

    brand: Brand
    known_as: str = ""
    """Id of the brand that lent it; empty where nothing was added."""
    added: tuple[str, ...] = ()
    """The keys that were filled in or added to."""


class KnownNames:
    """The names of a list of brands, and which of them are words of the language too."""

    def __init__(self, brands: Iterable[Brand]) -> None:
        self._owners: dict[str, list[Brand]] = {}
        self._trades: set[str] = set()
        for brand in brands:
            self._trades.add(brand.trade)
            for name in {name_key(name) for name in _names(brand)}:
                self._owners.setdefault(name, []).append(brand)

    def complete(
        self, brand: Brand, given: AbstractSet[str], taken: AbstractSet[str] = frozenset()
    ) -> Completed:
        """The brand with the trade, context and least confidence that are known of its names, and
        with what goes on from them.

        `given` are the keys that its author wrote, `taken` the names (as `name_key` has them) of
        all brands beside it. A brand of another known trade is somebody else of the same name, and
        a query decides alone: these stay as they are.
        """
        known = self._known(brand)
        if known is None or brand.trade in self._trades - {"", known.trade}:
            return Completed(brand)
        filled: dict[str, Any] = {}
        if not brand.trade:
            filled["trade"] = known.trade
        if longer := _longer(brand, known, taken):
            filled["aliases"] = (*brand.aliases, *longer)
        decided = () if brand.context.query else _decided(brand, known)
        if decided:
            if brand.context == _NO_CONTEXT or decided != _names(brand):
                filled["ambiguous"] = decided
            filled["context"] = _context(brand, known, decided)
            if "min_confidence" not in given:
                is_taken = not brand.ambiguous and _is_trusted(known.context)
                filled["min_confidence"] = TAKEN if is_taken else known.min_confidence
        filled = {key: value for key, value in filled.items() if value != getattr(brand, key)}
        if not filled:
            return Completed(brand)
        completed = msgspec.structs.replace(brand, **filled)
        return Completed(completed, known.id, tuple(sorted(filled)))

    def _known(self, brand: Brand) -> Brand | None:
        """The brand with the most names in common; that of the `name` before those of aliases."""
        shared: Counter[str] = Counter()
        by_id: dict[str, Brand] = {}
        for name in (brand.name, *_names(brand)):
            for owner in self._owners.get(name_key(name), ()):
                shared[owner.id] += 1
                by_id[owner.id] = owner
        return by_id[max(shared, key=lambda owner: (shared[owner], owner))] if shared else None


def name_key(name: str) -> str:
    """What spellings of one name have in common."""
    return simplified(fold(name).strip())


def _names(brand: Brand) -> tuple[str, ...]:
    return brand.name, *brand.aliases


def _longer(brand: Brand, known: Brand, taken: AbstractSet[str]) -> tuple[str, ...]:
    """Sure names that go on from a Han name of the brand: 苹果公司 from 苹果.

    Tokenizers know them as words of their own, in which a short name does not end at an edge.
    """
    own = set(map(name_key, _names(brand)))
    sure = set(map(name_key, _names(known))) - _ambiguous(known) - own - taken
    return tuple(
        name
        for name in _names(known)
        if name_key(name) in sure
        and any(name_key(name).startswith(short) and _HAN.fullmatch(short) for short in own)
    )


def _is_trusted(context: Context) -> bool:
    """True where a name counts unless a word excludes it."""
    return bool(context.exclude) and not context.require and not context.query


def _ambiguous(brand: Brand) -> frozenset[str]:
    """The names that the brand's context decides about."""
    if brand.ambiguous or brand.context == _NO_CONTEXT:
        return frozenset(map(name_key, brand.ambiguous))
    return frozenset(map(name_key, _names(brand)))


def _decided(brand: Brand, known: Brand) -> tuple[str, ...]:
    """The names of a brand that context has to decide about, as they are written.

    Those that its author calls ambiguous. Where a context stands alone, its author says that
    names need it and not which: all but those that are known to be sure. Without any, those that
    are known to be words too.
    """
    ambiguous = _ambiguous(known)
    if brand.ambiguous:
        return brand.ambiguous if ambiguous.intersection(map(name_key, brand.ambiguous)) else ()
    if brand.context == _NO_CONTEXT:
        return tuple(name for name in _names(brand) if name_key(name) in ambiguous)
    sure = set(map(name_key, _names(known))) - ambiguous
    return tuple(name for name in _names(brand) if name_key(name) not in sure)


def _context(brand: Brand, known: Brand, decided: Sequence[str]) -> Context:
    """The words of both, but for those on which they disagree: there the author is right."""
    own, lent = brand.context, known.context
    if own == _NO_CONTEXT and lent.query:
        return lent
    names, required = [name_key(name) for name in decided], set(map(name_key, own.require))
    refused = set(map(name_key, own.exclude))
    exclude = (
        word
        for word, key in ((word, name_key(word)) for word in lent.exclude)
        if key not in required and not any(key in name for name in names)
    )
    require = (word for word in lent.require if name_key(word) not in refused)
    return Context(
        require=tuple(dict.fromkeys((*own.require, *require))),
        exclude=tuple(dict.fromkeys((*own.exclude, *exclude))),
        window=lent.window if own == _NO_CONTEXT else own.window,
    )
