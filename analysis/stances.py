"""What a sentiment model is asked about the names in a post, and what its answers add up to."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from itertools import chain
from typing import NamedTuple, Protocol

from analysis.clauses import MAX_REACH, Bounds
from analysis.naming import Named
from schemas.mention import Polarity

MIXED_FROM = 0.1
"""Occurrences that disagree make a mood only when their mean is at least so far from zero."""


MAX_ASKED = 32
"""Names in own words that the model is asked about, the first ones. What names more is a list, and
each answer reads up to a thousand characters around a name; of 257,000 statuses none names a brand
more than 15 times. The other names count, and say nothing."""


class Sentiment(Protocol):
    """What a sentiment model says: `score` from -1 to 1, and its name."""

    @property
    def polarity(self) -> Polarity: ...

    @property
    def score(self) -> float: ...


_NEUTRAL = Polarity.NEUTRAL  # by name it costs as much as a call

Stance = tuple[str, int, int] | tuple[str, int, int, Sequence[Bounds]]
"""Own words, the span [start, end) of a brand in them, and the spans of others, if any."""


class SentimentScorer(Protocol):
    """A model: of a whole text, or of what is said about the span [start, end) in it.

    One that has `score_many(texts)` and `towards_many(stances)` as well is asked once for many.
    """

    def score(self, text: str) -> Sentiment: ...

    def towards(
        self, text: str, start: int, end: int, rivals: Sequence[Bounds] = ()
    ) -> Sentiment: ...


class Asked(NamedTuple):
    """What is asked about the names in own words."""

    stances: Sequence[Stance]
    end: int
    """Names that end at most here are asked about; those after them say nothing."""


NOTHING_ASKED = Asked((), 0)


def stances_of(own_words: str, spans: Mapping[int, Sequence[Named]]) -> Asked:
    """The names in own words, brand by brand, with what else is named near them."""
    if len(spans) == 1:
        (named,) = spans.values()
        if len(named) == 1:  # of most posts
            (name,) = named
            end = len(own_words)
            return Asked(((own_words, name.start, name.end),) if name.end <= end else (), end)
    places = _Places(own_words, chain.from_iterable(spans.values()))
    stances: list[Stance] = []
    for named in spans.values():
        ours = {(name.start, name.end) for name in named}
        stances += [places.stance(name, ours) for name in named if name.end <= places.end]
    return Asked(stances, places.end)


def stances_in_order(own_words: str, named: Sequence[Named]) -> Asked:
    """The names in own words, as they stand there, with what else is named near them."""
    places = _Places(own_words, named)
    ours: dict[int, set[Bounds]] = {}
    for name in named:
        ours.setdefault(name.brand, set()).add((name.start, name.end))
    asked = [name for name in named if name.end <= places.end]
    return Asked([places.stance(name, ours[name.brand]) for name in asked], places.end)


class _Places:
    """Where own words name brands: in order and without overlaps."""

    def __init__(self, own_words: str, named: Iterable[Named]) -> None:
        self._own_words = own_words
        end = len(own_words)
        self._spans = sorted({(name.start, name.end) for name in named if name.end <= end})
        self._starts = [start for start, _ in self._spans]
        self._ends = [end for _, end in self._spans]
        self.end = end if len(self._spans) <= MAX_ASKED else self._ends[MAX_ASKED - 1]

    def stance(self, name: Named, ours: Container[Bounds]) -> Stance:
        """What to ask the sentiment model about one name; `ours` are the places of its brand."""
        low = bisect_right(self._ends, name.start - MAX_REACH)
        high = bisect_left(self._starts, name.end + MAX_REACH)
        rivals = [span for span in self._spans[low:high] if span not in ours]
        if rivals:
            return self._own_words, name.start, name.end, rivals
        return self._own_words, name.start, name.end


def mean_mood(moods: Sequence[Sentiment]) -> tuple[Polarity, int]:
    """Mean of what the clauses around a brand say, and in thousandths; neutral where none is."""
    if not moods:
        return _NEUTRAL, 0
    if len(moods) == 1:
        return moods[0].polarity, _milli(moods[0].score)
    score = sum(mood.score for mood in moods) / len(moods)
    polarities = {mood.polarity for mood in moods}
    if len(polarities) == 1:
        polarity = polarities.pop()
    elif abs(score) < MIXED_FROM:
        polarity = _NEUTRAL
    else:
        polarity = Polarity.POSITIVE if score > 0 else Polarity.NEGATIVE
    return polarity, _milli(score)


def _milli(score: float) -> int:
    return min(max(round(score * 1000), -1000), 1000)


def one_by_one(sentiment: SentimentScorer) -> Callable[[Sequence[Stance]], Sequence[Sentiment]]:
    return lambda stances: [sentiment.towards(*stance) for stance in stances]


def one_text_at_a_time(
    sentiment: SentimentScorer,
) -> Callable[[Sequence[str]], Sequence[Sentiment]]:
    return lambda texts: [sentiment.score(text) for text in texts]
