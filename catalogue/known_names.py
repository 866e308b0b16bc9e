"""What the shipped catalogue knows of a name serves whoever writes that name down.

小米 is millet as often as phones, whoever watches it. The shipped catalogue has learned which words
tell the two apart; a catalogue of one's own that says no more than `name: 小米` gets the same words, so
that it finds the same brand. What its author did write stands as it is.
"""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple

import msgspec

from analysis.han_forms import simplified
from schemas.catalogue import Brand, Context
from sources.words import fold

_NO_CONTEXT = Context()


class Completed(NamedTuple):
    """A brand with what is known of its names, and what was added."""

    brand: Brand
    known_as: str = ""
    """Id of the shipped brand that lent it; empty where nothing was added."""
    ambiguous: tuple[str, ...] = ()
    """The names, as its author writes them, that context now decides about."""
    added: tuple[str, ...] = ()
    """The keys that were filled in, as the catalogue calls them."""


class KnownNames:
    """The names of a list of brands, and which of them are words of the language too."""

    def __init__(self, brands: Iterable[Brand]) -> None:
        self._owners: dict[str, list[Brand]] = {}
        self._trades: set[str] = set()
        for brand in brands:
            self._trades.add(brand.trade)
            for name in {_key(name) for name in (brand.name, *brand.aliases)}:
                self._owners.setdefault(name, []).append(brand)

    def complete(self, brand: Brand, given: AbstractSet[str]) -> Completed:
        """The brand with the context, trade and least confidence that its author left out.

        `given` are the keys that the author wrote. A brand of another trade than the one that is known
        is another brand of the same name: it stays as it is.
        """
        known = self._known(brand)
        if known is None or (brand.trade in self._trades - {"", known.trade}):
            return Completed(brand)
        names = (brand.name, *brand.aliases)
        decided = _decided(brand, known)
        filled: dict[str, Any] = {}
        if not brand.trade and known.trade:
            filled["trade"] = known.trade
        if decided:
            context = _context(brand, known, decided)
            if context != brand.context:
                filled["context"] = context
            if tuple(brand.ambiguous or names) != decided:
                filled["ambiguous"] = decided
            elif not brand.ambiguous and context == _NO_CONTEXT:
                filled["ambiguous"] = decided
            if "min_confidence" not in given and known.min_confidence != brand.min_confidence:
                filled["min_confidence"] = known.min_confidence
        if not filled:
            return Completed(brand)
        return Completed(
            msgspec.structs.replace(brand, **filled), known.id, decided, tuple(sorted(filled))
        )

    def _known(self, brand: Brand) -> Brand | None:
        """The brand that shares the most names with this one; the one of its `name` before others."""
        shared: dict[str, int] = {}
        by_id: dict[str, Brand] = {}
        for weight, name in ((2, brand.name), *((1, alias) for alias in brand.aliases)):
            for owner in self._owners.get(_key(name), ()):
                shared[owner.id] = shared.get(owner.id, 0) + weight
                by_id[owner.id] = owner
        if not shared:
            return None
        return by_id[max(shared, key=lambda owner: (shared[owner], owner))]


def _key(name: str) -> str:
    return simplified(fold(name).strip())


def ambiguous_of(brand: Brand) -> frozenset[str]:
    """The names that the brand's context decides about, folded and simplified."""
    if brand.ambiguous:
        return frozenset(map(_key, brand.ambiguous))
    if brand.context == _NO_CONTEXT:
        return frozenset()
    return frozenset(map(_key, (brand.name, *brand.aliases)))


def _decided(brand: Brand, known: Brand) -> tuple[str, ...]:
    """The names of a brand that are ambiguous, as they are written.

    What its author calls ambiguous is. Of a context alone, its author says that names need it, and
    not which: those do not that are known to be sure.
    """
    if brand.ambiguous:
        return brand.ambiguous
    names = (brand.name, *brand.aliases)
    ambiguous = ambiguous_of(known)
    if brand.context == _NO_CONTEXT:
        return tuple(name for name in names if _key(name) in ambiguous)
    sure = {_key(name) for name in (known.name, *known.aliases)} - ambiguous
    return tuple(name for name in names if _key(name) not in sure)


def _context(brand: Brand, known: Brand, decided: Sequence[str]) -> Context:
    own, lent = brand.context, known.context
    if own.query or lent.query:
        return own if own != _NO_CONTEXT else lent
    require = own.require or lent.require
    exclude = own.exclude or _fit(lent.exclude, decided, own.require)
    window = lent.window if own == _NO_CONTEXT else own.window
    return Context(require=require, exclude=exclude, window=window)


def _fit(
    exclude: Sequence[str], decided: Sequence[str], require: Sequence[str]
) -> tuple[str, ...]:
    """Those excluded words that neither stand in a name nor are required."""
    names, required = [_key(name) for name in decided], set(map(_key, require))
    return tuple(
        word
        for word in exclude
        if _key(word) not in required and not any(_key(word) in name for name in names)
    )


def told(completed: Mapping[int, Completed]) -> Iterable[tuple[int, str]]:
    """A note for each brand whose names are known to be words too, with its place."""
    for index, found in completed.items():
        if found.ambiguous:
            names = ", ".join(found.ambiguous)
            yield (
                index,
                f"{names}: known to be words too; {' and '.join(found.added)} as in the shipped "
                f"{found.known_as} (`leimo catalogue show`); `as_written: true` does without",
            )
