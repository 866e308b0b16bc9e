"""Whether the posts of a brand are about one thing: six about one are news, twelve of nothing not.

Hours of a small brand vary as much as a burst does, so that numbers alone see half of them. But the
posts of a burst have a cause in common: they pass on one original, are copies of one text, or share
a word that is new with the brand. The cause that most authors have in common is what counts here,
and it is news as a number is: above the largest that the brand had so far (`measures.extremes`),
since each brand has popular posts.
"""

import math
import zlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from schemas.mention import Mention

KEPT = 12
"""Authors of a minute whose posts are compared: those with the smallest hashes, in any order."""
TERMS = 8
"""Terms of a post that are compared."""
FEWEST_SHARE = 0.6
"""Of the posts that make a burst by their number, so many do if they are about one thing."""
_BETWEEN = "\x1f"
_FEWEST = 2
HORIZONS = (1, 2)
"""Numbers of the horizons over which a cause is looked for: of 5 and 15 minutes."""
SPREADS = 2.5
"""Standard deviations above the expected from which a number is worth a look at its cause."""
EXCESS_SHARE = 0.4
"""Part of the posts above the expected that a term has to explain, as each has own words, ..."""
ORIGIN_SHARE = 0.7
"""... and an original or a text that is copied: the posts that spread it are of nothing else."""
FEWEST_AUTHORS = 5
_FEWEST_SPREADERS = 6
"""The same of an original or a copied text: of a term, what is usual is taken off."""
_SETTLED_MS = 90 * 60_000
"""A cause counts as one that the brand had when it is so long ago: not against itself."""
_HALF_LIFE_MS = 60 * 24 * 3_600_000


def note_said(said: dict[int, str], largest_hash: int, author: int, mention: Mention) -> int:
    """Keep what a post can have in common with others: its original or text, and its terms.

    `author` is the hash of its author, `largest_hash` what the last call returned: the largest of
    those that are kept, once they are `KEPT`, else 0. Any order leaves the same in `said`.

    >>> said = {}
    >>> note_said(said, 0, 7, Mention("x", 0, 1, 0, text_hash=5, terms=("phone", "fire")))
    0
    >>> note_said(said, 0, 7, Mention("x", 0, 2, 0, original="9", terms=("fire",)))
    0
    >>> said[7].split(_BETWEEN)
    ['=5', 'phone', 'fire']
    """
    if largest_hash and author > largest_hash:
        return largest_hash
    origin = ""  # a text without a word is no copy of others
    if mention.original:
        origin = f"@{zlib.crc32(mention.original.encode())}"
    elif mention.text_hash:
        origin = f"={mention.text_hash}"
    line = _BETWEEN.join((origin, *mention.terms[:TERMS])) if mention.terms else origin
    if author in said:
        if line < said[author]:  # noqa: PLR1730 - a call less
            said[author] = line
        return largest_hash
    if largest_hash:
        del said[largest_hash]
    said[author] = line
    return max(said) if len(said) >= KEPT else 0


class Cause(NamedTuple):
    """What most authors have in common."""

    name: str
    """`@` and a hash of the id of an original, `=` and that of a text, or a term."""
    authors: float
    """How many have it in common beyond what is usual; the same one counts in each minute."""

    def needed(self, excess: float) -> float:
        """Authors that make it a cause of so many posts above the expected.

        >>> Cause("爆炸", 6.0).needed(20.0), Cause("@1", 6.0).needed(20.0)
        (8.0, 14.0)
        """
        if self.name[:1] in {"@", "="}:
            return max(_FEWEST_SPREADERS, ORIGIN_SHARE * excess)
        return max(FEWEST_AUTHORS, EXCESS_SHARE * excess)

    @property
    def told(self) -> str:
        """For the reason of an alert."""
        if self.name[:1] == "@":
            return "pass on one original"
        if self.name[:1] == "=":
            return "have the same text"
        return f"are about {self.name}"


class Usual(NamedTuple):
    """What is said about a brand, as it is kept in growing weights (`measures.explanations`)."""

    counts: Mapping[str, Sequence[float]]
    """Term -> [recent, usual]; what is recent is not usual."""
    recent_weight: float
    usual_weight: float
    total: float
    """Terms that are usually said, in units of one."""


Names = tuple[float, int, list[str]]
"""How many authors each of some lines stands for, how many lines, and all that stands in them."""


def names_in(authors: float, lines: Collection[str]) -> Names:
    """What lines hold, as `note_said` made them, each of which stands for so many authors."""
    return authors, len(lines), _BETWEEN.join(lines).split(_BETWEEN)


def largest(minutes: Iterable[Names], usual: Usual) -> Cause:
    """The cause that most have in common. A loop with few calls: many minutes of many brands.

    >>> minute = ["@a\\x1f手机\\x1f爆炸", "=1\\x1f手机\\x1f爆炸", "=2\\x1f手机"]
    >>> largest([names_in(2.0, minute)], Usual({"手机": [0, 50]}, 1.0, 1.0, 100.0))
    Cause(name='爆炸', authors=4.0)
    """
    counts: defaultdict[str, float] = defaultdict(float)
    terms = 0.0
    for authors, lines, names in minutes:
        terms += authors * (len(names) - lines)
        for name in names:
            counts[name] += authors
    counts[""] = 0.0  # a text without a word
    known, recent_weight, usual_weight, total = usual
    best, found = 0.0, ""
    for name, count in counts.items():
        if count < best or count < _FEWEST:
            continue
        more = count
        if total and name in known:
            recent, lately = known[name]
            share = (lately / usual_weight - recent / recent_weight) / total
            if share > 0:
                more -= terms * share
        if more > best or (more == best and name < found):
            best, found = more, name
    return Cause(found, best)


class Causes(msgspec.Struct, array_like=True, gc=False):
    """The largest causes that a brand had, over each of two horizons, faded."""

    peaks: list[float] = msgspec.field(default_factory=lambda: [0.0, 0.0])
    recent: list[float] = msgspec.field(default_factory=lambda: [0.0, 0.0])
    recent_ms: int = -1
    """Begin of what is recent; -1: nothing was learned."""

    def largest(self, at_ms: int) -> list[float]:
        """Above what a cause is news, without those that begin now."""
        if self.recent_ms < 0 or at_ms < self.recent_ms + _SETTLED_MS:
            return self.peaks
        kept = math.exp2((self.recent_ms - at_ms) / _HALF_LIFE_MS)
        return [max(pair) * kept for pair in zip(self.peaks, self.recent, strict=True)]

    def learn(self, at_ms: int, at: int, authors: float) -> None:
        """Take a cause over horizon number `at` of `HORIZONS` into account, news or not.

        >>> causes = Causes()
        >>> causes.learn(0, 1, 10.0)
        >>> causes.largest(60_000), [round(one, 2) for one in causes.largest(7_200_000)]
        ([0.0, 0.0], [0.0, 9.99])
        """
        if self.recent_ms < 0 or at_ms >= self.recent_ms + _SETTLED_MS:
            self.peaks = self.largest(at_ms)
            self.recent, self.recent_ms = [0.0, 0.0], at_ms
        self.recent[at] = max(self.recent[at], authors)
