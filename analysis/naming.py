"""Which of the names found in a text stand for a brand, how surely, and why.

A name that needs no context is sure. Of an ambiguous one the catalogue's context decides; where
it leaves the name open, in this order: another sure name of the brand in the text or in what is
quoted, a required word in what is quoted, a rival nearby, and at last the words around it
(`analysis.senses`).
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import NamedTuple

from analysis.brands import Found, Kind, Matcher, Target
from analysis.disambiguation import ContextRules, Verdict
from analysis.han_forms import simplified
from analysis.lexicon import Clues, Lexicon
from analysis.senses import Senses, shipped
from analysis.tokens import Tokenizer, ends_of
from schemas.catalogue import Brand
from sources import words

SURE_MILLI = 1000
BY_CONTEXT_MILLI = 990
BY_TEXT_MILLI = 985
"""Another name of the brand, or a required word in the quoted original."""
BY_RIVAL_MILLI = 980
"""An order of sureness and no measured shares: rules of a catalogue are as good as its author."""

_NAME = Kind.NAME  # by name, members of enums cost as much as a call
_ACCEPTED, _REFUSED, _OPEN = Verdict.ACCEPTED, Verdict.REFUSED, Verdict.OPEN

BY_SENSES = "by the words around it"
"""Stands in `Judgement.because` where the learned model decided."""

MAX_PLACES = 32
"""Places of an ambiguous name in a text that are judged, for each brand."""

MAX_BY_SENSES = 256
"""Names in a text that the learned model judges."""

_end = attrgetter("end")

NEAR_RIVAL = 24
"""Code points between an open name and the name of a rival that vouches for it."""


class Named(NamedTuple):
    """A name that stands in a text for a brand."""

    start: int
    end: int
    brand: int
    alias: str
    kind: Kind = Kind.NAME
    confidence_milli: int = SURE_MILLI


class Judgement(NamedTuple):
    """What became of a name, and why."""

    named: Named
    is_accepted: bool
    because: str


class Quote(NamedTuple):
    """What is remembered of a quoted original."""

    brands: frozenset[int] = frozenset()
    clues: frozenset[int] = frozenset()
    """Words of the lexicon in it, by number."""


NO_QUOTE = Quote()


class Reading(NamedTuple):
    """A text in which names were found, with what decides about them."""

    found: Found
    clues: Clues


class Namer:
    """Finds and judges the names of a list of brands; brands are named by their index."""

    def __init__(
        self,
        brands: Sequence[Brand],
        tokenizer: Tokenizer,
        lexicon: Lexicon,
        senses: Senses | None = None,
    ) -> None:
        self.matcher = Matcher(brands, tokenizer)
        self.find = self.matcher.find
        self._brands = brands
        self._lexicon = lexicon
        self._rules = ContextRules(brands, lexicon)
        self._cut = tokenizer.cut
        self._senses = senses
        self._least = [round(brand.min_confidence * 1000) for brand in brands]
        index = {brand.id: at for at, brand in enumerate(brands)}
        self._rivals = [
            frozenset(index[rival] for rival in brand.competitors if rival in index)
            for brand in brands
        ]
        self._is_plain = [
            all(not self._is_ambiguous(target) for target in targets)
            for targets in self.matcher.targets
        ]

    def read(self, found: Found) -> Reading:
        """Look for the lexicon's words in a text in which names were found."""
        return Reading(found, self._lexicon.clues(found.masked))

    def quote(self, text: str) -> Quote:
        """What to remember of an original."""
        found = self.find(text)
        if found is None:
            clues = self._lexicon.clues(simplified(words.mask(words.fold(text))))
            return Quote(clues=frozenset(clue.word for clue in clues))
        reading = self.read(found)
        return Quote(
            frozenset(named.brand for named in self.named(reading, NO_QUOTE)),
            frozenset(clue.word for clue in reading.clues),
        )

    def named(self, reading: Reading, quote: Quote) -> list[Named]:
        """The names that stand for a brand, in order."""
        hits, targets, is_plain = reading.found.hits, self.matcher.targets, self._is_plain
        if False not in [is_plain[pattern] for _, _, pattern in hits]:
            return [
                Named(start, end, *target)
                for start, end, pattern in hits
                for target in targets[pattern]
            ]
        judged = self.judge(reading, quote)
        return [judgement.named for judgement in judged if judgement.is_accepted]

    def judge(self, reading: Reading, quote: Quote) -> list[Judgement]:
        """Every name found, whether it stands for the brand, and why; in order."""
        judged: list[Judgement] = []
        still_open: list[Named] = []
        places: Counter[int] = Counter()
        for start, end, pattern in reading.found.hits:
            for target in self.matcher.targets[pattern]:
                if not self._is_plain[pattern]:
                    places[target.brand] += 1
                    if places[target.brand] > MAX_PLACES:
                        continue
                name = Named(start, end, *target)
                verdict, because = self._by_context(target, name, reading)
                if verdict is _OPEN:
                    still_open.append(name)
                    continue
                milli = BY_CONTEXT_MILLI if because else SURE_MILLI
                judged.append(self._judged(name, because, milli, verdict is _ACCEPTED))
        if still_open:
            sure = [judgement.named for judgement in judged if judgement.is_accepted]
            judged += self._by_rest(still_open, sure, reading.found, quote)
            judged.sort(key=_by_place)
        return judged

    def _is_ambiguous(self, target: Target) -> bool:
        return target.kind is _NAME and self._rules.is_ambiguous(target.brand, target.alias)

    def _by_context(self, target: Target, name: Named, reading: Reading) -> tuple[Verdict, str]:
        if not self._is_ambiguous(target):
            return _ACCEPTED, ""
        decision = self._rules.decide(target.brand, name.start, name.end, reading.clues)
        if decision.verdict is _REFUSED:
            return decision.verdict, f"excluded by {decision.because}"
        if decision.verdict is _ACCEPTED:
            because = f"{decision.because} is near" if decision.because else "nothing excludes it"
            return decision.verdict, because
        return decision.verdict, ""

    def _by_rest(
        self, still_open: Sequence[Named], sure: Sequence[Named], found: Found, quote: Quote
    ) -> Iterable[Judgement]:
        """What the rest of the text says of names that their context leaves open."""
        brands = quote.brands | {name.brand for name in sure}
        tokens: Sequence[str] = ()
        ends: Sequence[int] = ()
        left = MAX_BY_SENSES
        for name in still_open:
            if name.brand in brands:
                yield self._judged(name, "named elsewhere too", BY_TEXT_MILLI)
                continue
            if self._rules.requires(name.brand, quote.clues):
                yield self._judged(name, "what is quoted has a required word", BY_TEXT_MILLI)
                continue
            rival = self._rival(name, sure)
            if rival is not None:
                yield self._judged(name, f"{rival.alias} is near", BY_RIVAL_MILLI)
                continue
            if not left:
                continue
            left -= 1
            tokens = tokens or self._cut(found.masked)
            ends = ends or ends_of(tokens)
            yield self._by_senses(name, tokens, ends)

    def _rival(self, name: Named, sure: Sequence[Named]) -> Named | None:
        """A sure name nearby of a competitor, or of another brand of the trade."""
        brand = self._brands[name.brand]
        for at in range(bisect_left(sure, name.start - NEAR_RIVAL, key=_end), len(sure)):
            other = sure[at]
            if other.start - name.end > NEAR_RIVAL:
                break
            if other.brand in self._rivals[name.brand] or (
                brand.trade and self._brands[other.brand].trade == brand.trade
            ):
                return other
        return None

    def _by_senses(self, name: Named, tokens: Sequence[str], ends: Sequence[int]) -> Judgement:
        senses = self._senses = self._senses or shipped()
        trade = self._brands[name.brand].trade
        sure = senses.confidence(trade, tokens, name.start, name.end, ends, name.alias)
        return self._judged(name, BY_SENSES, round(sure * 1000))

    def told_by(self, name: Named, found: Found) -> list[str]:
        """The words that weighed most where a name was judged `BY_SENSES`, with their weights."""
        senses = self._senses = self._senses or shipped()
        tokens = self._cut(found.masked)
        trade = self._brands[name.brand].trade
        return senses.told_by(trade, tokens, name.start, name.end, name.alias)

    def _judged(self, name: Named, because: str, milli: int, is_accepted: bool = True) -> Judgement:
        if is_accepted and milli < self._least[name.brand]:
            least = self._least[name.brand] / 1000
            is_accepted, because = False, f"less sure than {least:g}; {because}"
        return Judgement(name._replace(confidence_milli=milli), is_accepted, because)


def _by_place(judgement: Judgement) -> tuple[int, int, int]:
    name = judgement.named
    return name.start, name.end, name.brand
