"""Why the analysis says of a text what it says: for people who tune a catalogue."""

import re
from collections.abc import Iterator, Sequence

import msgspec

from analysis.brands import Dropped, Found
from analysis.clauses import clauses_of, reach_of
from analysis.moods import Moods
from analysis.naming import BY_SENSES, NO_QUOTE, Judgement, Namer
from analysis.ngrams import CLOSING, OPENING
from analysis.pipeline import Analyser, Analysis
from analysis.sentiment import SentimentModel
from schemas.mention import Polarity
from sources import words

_MASKED = re.compile(r"\0+")


class Masked(msgspec.Struct, frozen=True):
    """A part of the text in which no name is looked for."""

    text: str
    start: int
    end: int


class Candidate(msgspec.Struct, frozen=True):
    """A name that was looked at, and what became of it."""

    brand: str
    alias: str
    start: int
    end: int
    is_taken: bool
    because: str
    confidence: float
    """0 for what is no name at all."""


class Clause(msgspec.Struct, frozen=True):
    """A clause of the own words, and what it says by itself."""

    text: str
    start: int
    end: int
    brands: list[str]
    """Those named in it."""
    polarity: Polarity
    score: float
    told_by: list[tuple[str, float]]
    """The words that weigh most: above 0 for positive, below for negative. Some weigh as they do
    because they begin or end the text, so the same may stand here twice."""


class Stance(msgspec.Struct, frozen=True):
    """What is said of one name, and in which words that was read."""

    brand: str
    start: int
    end: int
    read: str
    polarity: Polarity
    score: float
    decided_by: str
    """The turn of phrase that decides whatever else speaks, if there is one."""
    spoke_for: list[tuple[str, float]]
    """What spoke for this stance, in words, with how much; strongest first."""
    against: list[tuple[str, float]]


class Explanation(msgspec.Struct, frozen=True):
    """Everything that led to an analysis."""

    text: str
    masked: list[Masked]
    candidates: list[Candidate]
    clauses: list[Clause]
    stances: list[Stance]
    analysis: Analysis


def explain(analyser: Analyser, moods: Moods, text: str) -> Explanation:
    """What `Analyser.analyse` says of a text, and why."""
    analysis = analyser.analyse(text)
    found, dropped = analyser.namer.matcher.candidates(text)
    own = analysis.own_words
    return Explanation(
        text=text,
        masked=[
            Masked(text[match.start() : match.end()], match.start(), match.end())
            for match in _MASKED.finditer(words.mask(words.fold(text)))
        ],
        candidates=sorted(_candidates(analyser, found, dropped), key=_by_place),
        clauses=list(_clauses(moods.chinese, own, analysis)),
        stances=list(_stances(moods, own, analysis)),
        analysis=analysis,
    )


def _by_place(candidate: Candidate) -> tuple[int, int, str]:
    return candidate.start, -candidate.end, candidate.brand


def _candidates(
    analyser: Analyser, found: Found, dropped: Sequence[Dropped]
) -> Iterator[Candidate]:
    namer, brands = analyser.namer, analyser.brands
    for judgement in namer.judge(namer.read(found), NO_QUOTE):
        named = judgement.named
        yield Candidate(
            brand=brands[named.brand].id,
            alias=named.alias,
            start=named.start,
            end=named.end,
            is_taken=judgement.is_accepted,
            because=_because(namer, judgement, found),
            confidence=named.confidence_milli / 1000,
        )
    for hit, reason in dropped:
        for target in namer.matcher.targets[hit.pattern]:
            yield Candidate(
                brand=brands[target.brand].id,
                alias=target.alias,
                start=hit.start,
                end=hit.end,
                is_taken=False,
                because=reason,
                confidence=0.0,
            )


def _because(namer: Namer, judgement: Judgement, found: Found) -> str:
    if BY_SENSES in judgement.because:
        told = ", ".join(namer.told_by(judgement.named, found))
        return f"{judgement.because}: {told or 'none is known'}"
    return judgement.because or "needs no context"


def _clauses(model: SentimentModel, own: str, analysis: Analysis) -> Iterator[Clause]:
    bounds = clauses_of(own)
    moods = model.score_many([own[start:end] for start, end in bounds])
    for (start, end), mood in zip(bounds, moods, strict=True):
        yield Clause(
            text=own[start:end],
            start=start,
            end=end,
            brands=_named_within(analysis, start, end),
            polarity=mood.polarity,
            score=mood.score,
            told_by=[
                (ngram.strip(OPENING + CLOSING), round(pull, 2))
                for ngram, pull in model.told_by(own[start:end])
            ],
        )


def _named_within(analysis: Analysis, start: int, end: int) -> list[str]:
    return sorted({each.brand for each in analysis.occurrences if start <= each.start < end})


def _stances(moods: Moods, own: str, analysis: Analysis) -> Iterator[Stance]:
    said = [each for each in analysis.occurrences if each.end <= len(own)]
    for each in said:
        rivals: Sequence[tuple[int, int]] = sorted(
            {(other.start, other.end) for other in said if other.brand != each.brand}
        )
        reach = reach_of(own, each.start, each.end, rivals)
        told = moods.told_by((own, each.start, each.end, rivals))
        turned = " (turned: compared with)" if reach.turned else ""
        yield Stance(
            brand=each.brand,
            start=each.start,
            end=each.end,
            read=own[reach.start : reach.end] + turned,
            polarity=each.polarity,
            score=each.score,
            decided_by=told.decided_by,
            spoke_for=[(words, round(pull, 2)) for words, pull in told.spoke_for],
            against=[(words, round(pull, 2)) for words, pull in told.against],
        )
