"""Sentiment and stance: accuracy, macro-F1 and calibration, on rows that were not learned."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from sklearn.metrics import accuracy_score, f1_score

from analysis.moods import Moods
from analysis.pipeline import Analyser
from analysis.sentiment import SentimentModel
from analysis.shipped import analyser_of
from analysis.stance_model import StanceModel
from analysis.stances import MIXED_FROM
from analysis.tokens import tokenizer_named
from analysis.training.corpus import Corpus, fold_of, read_corpus, trace_of
from analysis.training.fit import AIMED, Settings
from analysis.training.sentiment import FOLDS, TARGET, learn, without
from analysis.training.stances import PRODUCT, material, product_mentions, read_mentions
from analysis.training.stances import learn as learn_stances
from bench.evaluate.baselines import Scorer, baselines, scores
from catalogue.file import SHIPPED, load
from schemas.mention import Polarity

POSITIVE, NEGATIVE, NEUTRAL = 0, 1, 2
_NUMBERS = {Polarity.POSITIVE: POSITIVE, Polarity.NEGATIVE: NEGATIVE, Polarity.NEUTRAL: NEUTRAL}
_BASELINE_NEUTRAL = 0.05
"""A baseline without a neutral class is neutral below this."""
_BASELINE_ROWS = 1_000
"""Rows on which baselines are measured where there are thousands: some read 80 a second."""
_BINS = 10

CROSS_VALIDATED = ("smp_usual_train3", "smp_virus_train3", "w18_train", "ws_train_stripped")


class Result(NamedTuple):
    """One system on one data set."""

    data: str
    system: str
    rows: int
    accuracy: float
    macro_f1: float
    calibration_error: float | None
    texts_a_s: float | None


class Said(NamedTuple):
    """What a system says of each text."""

    classes: Sequence[int]
    scores: Sequence[float]


def of_given_splits(folder: Path) -> Iterator[Result]:
    """The test halves that came with the data: the shipped model, and the baselines."""
    model = SentimentModel.load()
    for name in ("smp_usual_eval3", "smp_virus_eval3"):
        corpus = read_corpus(folder / "sentiment" / f"{name}.tsv.gz", "test")
        started = time.perf_counter()
        said = _said(model, corpus.texts)
        yield _result(name, "leimo", corpus, said, time.perf_counter() - started)
        for system, scorer in baselines().items():
            yield _baseline(name, system, scorer, corpus)


def by_cross_validation(folder: Path) -> Iterator[Result]:
    """Five folds over what the shipped model learned from; copies of texts stay in one fold."""
    learned = SentimentModel.load().weights.header.trained_on
    corpora = [
        read_corpus(folder / "sentiment" / f"{source.name}.tsv.gz", source.kind)
        for source in learned
        if source.kind not in AIMED
    ]
    stance = read_corpus(folder / PRODUCT, AIMED[0], TARGET)
    catalogue = load(SHIPPED)
    mentions = read_mentions(folder, catalogue)
    plain = analyser_of(catalogue)
    measured = [c for c in corpora if c.source.name in CROSS_VALIDATED]
    found: dict[str, list[tuple[Corpus, Said]]] = {}
    for fold in range(FOLDS):
        unseen = [_of_fold(corpus, fold) for corpus in (*measured, stance)]
        traces = {trace_of(text) for corpus in unseen for text in corpus.texts}
        model = SentimentModel(
            learn([without(corpus, traces) for corpus in (*corpora, stance)], Settings())
        )
        for corpus in unseen[:-1]:
            found.setdefault(corpus.source.name, []).append((corpus, _said(model, corpus.texts)))
        product = product_mentions(without(stance, traces), plain)
        stances = learn_stances(material(folder, mentions, product), model)
        said = _stances(Moods(model, StanceModel(model, stances)), unseen[-1].texts)
        found.setdefault("iPhone SE", []).append((unseen[-1], said))
    for name, parts in found.items():
        whole = Corpus(
            parts[0][0].source,
            tuple(label for corpus, _ in parts for label in corpus.labels),
            tuple(text for corpus, _ in parts for text in corpus.texts),
        )
        together = Said(
            [choice for _, said in parts for choice in said.classes],
            [score for _, said in parts for score in said.scores],
        )
        yield _result(name, "leimo, cross-validated", whole, together, None)
        some = whole.only([number < _BASELINE_ROWS for number in range(len(whole))])
        for system, scorer in baselines().items():
            yield _baseline(name, system, scorer, some)


def _of_fold(corpus: Corpus, fold: int) -> Corpus:
    return corpus.only([fold_of(text, FOLDS) == fold for text in corpus.texts])


def _said(model: SentimentModel, texts: Sequence[str]) -> Said:
    """Labels speak of all that stands in a row, chains too."""
    found = model.score_whole_many(texts)
    return Said([_NUMBERS[each.polarity] for each in found], [each.score for each in found])


def _stances(moods: Moods, texts: Sequence[str]) -> Said:
    """Towards the product, where a text names it; else of the whole text."""
    analyser = Analyser(load(SHIPPED).brands, moods, tokenizer_named())
    classes, found = [], []
    for analysis in analyser.analyse_many(texts):
        said = [each for each in analysis.occurrences if each.brand == "apple"]
        score = sum(each.score for each in said) / len(said) if said else analysis.score
        if said and len({each.polarity for each in said}) == 1:
            choice = _NUMBERS[said[0].polarity]
        elif said:
            choice = _nearest(score, MIXED_FROM)
        else:
            choice = _NUMBERS[analysis.polarity]
        classes.append(choice)
        found.append(score)
    return Said(classes, found)


def _nearest(score: float, neutral_below: float) -> int:
    if abs(score) < neutral_below:
        return NEUTRAL
    return POSITIVE if score > 0 else NEGATIVE


def _baseline(data: str, system: str, scorer: Scorer, corpus: Corpus) -> Result:
    started = time.perf_counter()
    found = scores(scorer, corpus.texts)
    took_s = time.perf_counter() - started
    classes = [_nearest(score, _BASELINE_NEUTRAL) for score in found]
    return _result(data, system, corpus, Said(classes, found), took_s)


def _result(data: str, system: str, corpus: Corpus, said: Said, took_s: float | None) -> Result:
    """Of two classes, the sign of the score decides. A stance's F is of FAVOR and AGAINST."""
    classes = list(said.classes)
    if corpus.classes == 2:
        classes = [POSITIVE if score >= 0 else NEGATIVE for score in said.scores]
    labels = [POSITIVE, NEGATIVE] if corpus.source.kind in AIMED else None
    return Result(
        data,
        system,
        len(corpus),
        float(accuracy_score(corpus.labels, classes)),
        float(f1_score(corpus.labels, classes, labels=labels, average="macro")),
        calibration_error(corpus.labels, said.scores),
        None if took_s is None else len(corpus) / took_s,
    )


def calibration_error(labels: Sequence[int], found: Sequence[float]) -> float:
    """Expected calibration error of a score that stands for P(positive) - P(negative).

    Of ten bins of the score: how far its mean lies from the mean of the labels (1, 0, -1),
    weighed by their texts (Guo et al. 2017, for a difference of two probabilities).

    >>> calibration_error([0, 0, 1, 1], [1.0, 1.0, -1.0, -1.0])
    0.0
    """
    truth = np.array([{POSITIVE: 1, NEGATIVE: -1, NEUTRAL: 0}[label] for label in labels])
    said = np.array(found)
    bins = np.minimum(((said + 1) / 2 * _BINS).astype(int), _BINS - 1)
    gaps = [
        (bins == number).mean() * abs(truth[bins == number].mean() - said[bins == number].mean())
        for number in range(_BINS)
        if (bins == number).any()
    ]
    return float(sum(gaps))
