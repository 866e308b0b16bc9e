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
"""Part of the posts above the expected that the cause has to explain."""
FEWEST_AUTHORS = 5
_SETTLED_MS = 90 * 60_000
"""A cause counts as one that the brand had when it is so long ago: not against itself."""
_HALF_LIFE_MS = 60 * 24 * 3_600_000


def note_said(said: dict[int, str], author: int, mention: Mention) -> None:
    """Keep what a post can have in common with others: its original or text, and its terms.

    `author` is the hash of its author; any order of the posts leaves the same in `said`.

    >>> said = {}
    >>> note_said(said, 7, Mention("x", 0, 1, 0, text_hash=5, terms=("phone", "fire")))
    >>> note_said(said, 7, Mention("x", 0, 2, 0, original="9", terms=("fire",)))
    >>> said[7].split(_BETWEEN)
    ['=5', 'phone', 'fire']
    """
    before = said[author] if author in said else None  # noqa: SIM401 - a call less
    if before is None and len(said) >= KEPT:
        largest_hash = max(said)
        if author > largest_hash:
            return
        del said[largest_hash]
    origin = ""  # a text without a word is no copy of others
    if mention.original:
        origin = f"@{zlib.crc32(mention.original.encode())}"
    elif mention.text_hash:
        origin = f"={mention.text_hash}"
    line = _BETWEEN.join((origin, *mention.terms[:TERMS]))
    if before is None or line < before:
        said[author] = line


class Cause(NamedTuple):
    """What most authors have in common."""

    name: str
    """`@` and a hash of the id of an original, `=` and that of a text, or a term."""
    authors: float
    """How many have it in common beyond what is usual; the same one counts in each minute."""

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


def largest(minutes: Iterable[tuple[float, Collection[str]]], usual: Usual) -> Cause:
    """The cause that most have in common.

    `minutes`: how many authors each line stands for, and the lines that were said, as by `said_in`.
    A loop with few calls: it is run over some minutes of many brands.

    >>> minute = ["@a\\x1f手机\\x1f爆炸", "=1\\x1f手机\\x1f爆炸", "=2\\x1f手机"]
    >>> largest([(2.0, minute)], Usual({"手机": [0, 50]}, 1.0, 1.0, 100.0))
    Cause(name='爆炸', authors=4.0)
    """
    counts: defaultdict[str, float] = defaultdict(float)
    terms = 0.0
    for authors, lines in minutes:
        names = _BETWEEN.join(lines).split(_BETWEEN)
        terms += authors * (len(names) - len(lines))
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
