"""The names of a catalogue as the keywords of a subscription, and what has to change. Pure."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from schemas.catalogue import Brand, Context

MAX_KEYWORDS = 20_000
MAX_LENGTH = 36
"""Characters of a keyword: Weibo says Chinese ones."""
PER_CALL = 50
_SEPARATOR, _QUOTE = ",", '"'
_NO_CONTEXT = Context()


class Left(NamedTuple):
    """A name that cannot be a keyword."""

    name: str
    brand: str
    why: str


class Keywords(NamedTuple):
    """What a subscription should hold."""

    words: tuple[str, ...]
    ambiguous: tuple[tuple[str, str], ...]
    """Keyword and brand of names that are words of the language, too."""
    left: tuple[Left, ...]


class Changes(NamedTuple):
    """What makes the keywords that are held those that are wanted."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    kept: int

    @property
    def most(self) -> int:
        """Keywords that there are while the removed ones are not yet gone."""
        return self.kept + len(self.added) + len(self.removed)


def keywords_of(brands: Iterable[Brand]) -> Keywords:
    """The names, aliases and hashtags of brands, in their order, each once.

    A space means *and* to Weibo, and a hyphen behind one means *not*: such names are put in quotes,
    which it takes for the text as it is.

    >>> found = keywords_of([Brand("mi", "小米", ("MIUI", "Mi Home", "a,b"), ambiguous=("小米",))])
    >>> found.words
    ('小米', 'MIUI', '"Mi Home"')
    >>> found.ambiguous, [left.name for left in found.left]
    ((('小米', 'mi'),), ['a,b'])
    """
    words: dict[str, None] = {}
    ambiguous: dict[tuple[str, str], None] = {}
    left = []
    for brand in brands:
        unsure = _unsure(brand)
        for name in (brand.name, *brand.aliases, *(f"#{tag}#" for tag in brand.campaigns)):
            why = _why_not(name)
            if why:
                left.append(Left(name, brand.id, why))
                continue
            word = f"{_QUOTE}{name}{_QUOTE}" if " " in name else name
            words[word] = None
            if name in unsure:
                ambiguous[word, brand.id] = None
    return Keywords(tuple(words), tuple(ambiguous), tuple(left))


def changes_between(wanted: Sequence[str], held: Sequence[str], *, keep: bool = False) -> Changes:
    """`keep`: what is held and not wanted stays.

    >>> changes_between(["a", "b"], ["b", "c"])
    Changes(added=('a',), removed=('c',), kept=1)
    """
    has, wants = set(held), set(wanted)
    removed = () if keep else tuple(word for word in dict.fromkeys(held) if word not in wants)
    return Changes(
        tuple(word for word in wanted if word not in has), removed, len(has) - len(removed)
    )


def calls(words: Sequence[str]) -> list[str]:
    """The words of each call.

    >>> calls([str(number) for number in range(52)])[1]
    '50,51'
    """
    return [
        _SEPARATOR.join(words[first : first + PER_CALL]) for first in range(0, len(words), PER_CALL)
    ]


def _unsure(brand: Brand) -> frozenset[str]:
    """Names that need their context."""
    if brand.ambiguous or brand.context == _NO_CONTEXT:
        return frozenset(brand.ambiguous)
    return frozenset((brand.name, *brand.aliases))


def _why_not(name: str) -> str:
    if _SEPARATOR in name or _QUOTE in name:
        return "holds a comma or a quotation mark, which part keywords"
    if len(name) > MAX_LENGTH:
        return f"has {len(name)} characters; {MAX_LENGTH} are the most"
    return ""
