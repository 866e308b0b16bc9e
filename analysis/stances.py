"""What a sentiment model is asked about the names in a post, and what its answers add up to."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

from analysis.clauses import Bounds
from analysis.naming import Named
from schemas.mention import Polarity

MIXED_FROM = 0.1
"""Occurrences that disagree make a mood only when their mean is at least so far from zero."""


class Sentiment(Protocol):
    """What a sentiment model says: `score` from -1 to 1, and its name."""

    @property
    def polarity(self) -> Polarity: ...

    @property
    def score(self) -> float: ...


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


def stances_of(own_words: str, spans: Mapping[int, Sequence[Named]]) -> list[Stance]:
    """Every name in own words, brand by brand, with what else is named there."""
    end = len(own_words)
    every = {(name.start, name.end) for named in spans.values() for name in named}
    others = sorted(span for span in every if span[1] <= end) if len(every) > 1 else ()
    stances = []
    for named in spans.values():
        rivals = _others_than(named, others)
        stances += [_stance(own_words, name, rivals) for name in named if name.end <= end]
    return stances


def stances_in_order(own_words: str, named: Sequence[Named]) -> Iterator[Stance]:
    """Every name in own words, as they stand there, with what else is named."""
    end = len(own_words)
    ours: dict[int, list[Named]] = {}
    for name in named:
        ours.setdefault(name.brand, []).append(name)
    every = sorted({(name.start, name.end) for name in named if name.end <= end})
    rivals = {brand: _others_than(names, every) for brand, names in ours.items()}
    for name in named:
        if name.end <= end:
            yield _stance(own_words, name, rivals[name.brand])


def _others_than(ours: Sequence[Named], every: Sequence[Bounds]) -> Sequence[Bounds]:
    """What else is named, in the order of `every`."""
    if len(every) < 2:
        return ()
    of_brand = {(other.start, other.end) for other in ours}
    return [span for span in every if span not in of_brand]


def _stance(own_words: str, name: Named, rivals: Sequence[Bounds]) -> Stance:
    """What to ask the sentiment model about one name."""
    if rivals:
        return own_words, name.start, name.end, rivals
    return own_words, name.start, name.end


def mean_mood(moods: Sequence[Sentiment]) -> tuple[Polarity, int]:
    """Mean of what the clauses around a brand say, and in thousandths."""
    score = sum(mood.score for mood in moods) / len(moods)
    polarities = {mood.polarity for mood in moods}
    if len(polarities) == 1:
        polarity = polarities.pop()
    elif abs(score) < MIXED_FROM:
        polarity = Polarity.NEUTRAL
    else:
        polarity = Polarity.POSITIVE if score > 0 else Polarity.NEGATIVE
    return polarity, min(max(round(score * 1000), -1000), 1000)


def one_by_one(sentiment: SentimentScorer) -> Callable[[Sequence[Stance]], Sequence[Sentiment]]:
    return lambda stances: [sentiment.towards(*stance) for stance in stances]


def one_text_at_a_time(
    sentiment: SentimentScorer,
) -> Callable[[Sequence[str]], Sequence[Sentiment]]:
    return lambda texts: [sentiment.score(text) for text in texts]
