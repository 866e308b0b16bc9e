"""Learn the sentiment weights: `python -m analysis.training.sentiment --out FILE FILE=ROLE ...`.

Roles: `train` (all rows are learned), `split` (a fifth of the texts is held out and measured, and
learned in the end), `mix` and `mix-split` (the same with less weight a row), `target` and
`target-split` (with more: stances towards one product), `test` (only measured). No text that is
measured, nor a near copy, is learned by the weights that it is measured with. The same files
give the same bytes.
`--card FILE` writes inputs, settings and figures between the marks of a model card.
"""

import argparse
import sys
from collections.abc import Collection, Sequence
from pathlib import Path

import msgspec
import numpy as np
from sklearn.metrics import accuracy_score, f1_score

from analysis.ngrams import Keys
from analysis.sentiment import GAIN_BITS, LOGIT_BITS, SCALE_BITS, Sentiment, SentimentModel
from analysis.training.card import refresh
from analysis.training.corpus import CLASSES, Corpus, fold_of, read_corpus, trace_of
from analysis.training.fit import LEADING, Fitted, Settings, fit, prune, sharpen
from analysis.weights import FORMAT, Figure, Header, Weights
from schemas.mention import Polarity
from sources.words import own_end

ROLES = ("train", "split", "mix", "mix-split", "target", "target-split", "test")
NUMBERS = {Polarity.POSITIVE: 0, Polarity.NEGATIVE: 1, Polarity.NEUTRAL: 2}
FOLDS = 5
HELD_OUT_FOLD, CALIBRATION_FOLD = 4, 1
"""Folds 0 to 3 were used to choose the settings; the fifth was not looked at."""
VERSION = "2"
TARGET = "IphoneSE"
"""Of the stances, those towards a product."""
LARGEST = 2**15 - 1


def quantize(fitted: Fitted, header: Header) -> Weights:
    """Sixteen bits a weight; bias and scale go into the header. All-zero n-grams are left out."""
    most = np.abs(fitted.weights).max(axis=0)
    steps = np.where(most > 0, most, 1) / LARGEST
    whole = np.rint(fitted.weights / steps).astype(np.int16)
    is_used = np.abs(whole).max(axis=1) > 0
    keys: Keys = fitted.keys[is_used]
    header = msgspec.structs.replace(
        header,
        bias=_pair(fitted.bias * 2**LOGIT_BITS),
        scale=_pair(steps * 2 ** (LOGIT_BITS + SCALE_BITS - GAIN_BITS)),
        smoothing=fitted.smoothing,
    )
    return Weights(header, keys, whole[is_used])


def _pair(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> tuple[int, int]:
    return round(float(values[0])), round(float(values[1]))


def measure(model: SentimentModel, corpus: Corpus) -> list[Figure]:
    """Accuracy and macro-F1 of the model on rows it has not learned.

    Labels speak of all that stands in a row, so the chain is read too; where there are chains,
    a second figure gives the author's own words alone.
    """
    figures = [_figure(corpus.source.name, corpus, model.score_whole_many(corpus.texts))]
    if any(own_end(text) < len(text) for text in corpus.texts):
        own = model.score_many(corpus.texts)
        figures.append(_figure(f"{corpus.source.name}, own words", corpus, own))
    return figures


def _figure(name: str, corpus: Corpus, found: Sequence[Sentiment]) -> Figure:
    """Of two classes, the sign of the score decides."""
    if corpus.classes == 2:
        guesses = [0 if sentiment.score >= 0 else 1 for sentiment in found]
    else:
        guesses = [NUMBERS[sentiment.polarity] for sentiment in found]
    return Figure(
        name,
        len(corpus),
        corpus.classes,
        round(float(accuracy_score(corpus.labels, guesses)), 4),
        round(float(f1_score(corpus.labels, guesses, average="macro")), 4),
    )


def calibrate(train: Sequence[Corpus], settings: Settings) -> float:
    """The factor for the logits, found on a fifth of the texts after learning the others."""
    inner = [np.array([fold_of(t, FOLDS) == CALIBRATION_FOLD for t in c.texts]) for c in train]
    fitted = fit([c.only(~out) for c, out in zip(train, inner, strict=True)], settings)
    unseen = [
        corpus.only(out)
        for corpus, out in zip(train, inner, strict=True)
        if corpus.source.kind in LEADING and corpus.classes == len(CLASSES) and out.any()
    ]
    if not unseen:
        return 1.0
    texts = [text for corpus in unseen for text in corpus.texts]
    labels = [label for corpus in unseen for label in corpus.labels]
    return sharpen(fitted.logits(texts), labels)


def learn(train: Sequence[Corpus], settings: Settings) -> Weights:
    """Weights from the rows."""
    factor = calibrate(train, settings)
    fitted = prune(fit(train, settings), settings.kept)
    fitted = msgspec.structs.replace(
        fitted, weights=fitted.weights * factor, bias=fitted.bias * factor
    )
    header = Header(
        format=FORMAT,
        version=VERSION,
        trained_on=tuple(
            msgspec.structs.replace(corpus.source, learned=len(corpus)) for corpus in train
        ),
        held_out=(),
        settings={**msgspec.to_builtins(settings), "calibration": factor},
        bias=(0, 0),
        scale=(0, 0),
        smoothing=0,
    )
    return quantize(fitted, header)


def learn_and_measure(files: Sequence[tuple[Path, str]], settings: Settings) -> Weights:
    """Weights from all rows but those of `test` files, with figures of weights that lack a fifth.

    What was held out to be measured is learned in the end: there is little enough.
    """
    train, held_out = sort_out(files)
    before = SentimentModel(learn(train, settings))
    tests = {trace_of(text) for c in held_out if c.source.kind == "test" for text in c.texts}
    every = [read_corpus(path, role, TARGET) for path, role in files if role != "test"]
    weights = learn([without(corpus, tests) for corpus in every], settings)
    final = SentimentModel(weights)
    figures = tuple(
        figure
        for corpus in held_out
        if len(corpus)
        for figure in measure(final if corpus.source.kind == "test" else before, corpus)
    )
    header = msgspec.structs.replace(weights.header, held_out=figures)
    return Weights(header, weights.keys, weights.weights)


def sort_out(files: Sequence[tuple[Path, str]]) -> tuple[list[Corpus], list[Corpus]]:
    """What is learned and what is only measured; no text, and no near copy, is in both."""
    train, held_out = [], []
    for path, role in files:
        corpus = read_corpus(path, role, TARGET)
        if role == "test":
            held_out.append(corpus)
        elif role.endswith("split"):
            out = np.array([fold_of(text, FOLDS) == HELD_OUT_FOLD for text in corpus.texts])
            train.append(corpus.only(~out))
            held_out.append(corpus.only(out))
        else:
            train.append(corpus)
    unseen = {trace_of(text) for corpus in held_out for text in corpus.texts}
    return [without(corpus, unseen) for corpus in train], held_out


def without(corpus: Corpus, traces: Collection[str]) -> Corpus:
    return corpus.only([trace_of(text) not in traces for text in corpus.texts])


def _file_and_role(argument: str) -> tuple[Path, str]:
    path, _, role = argument.rpartition("=")
    if role not in ROLES or not path:
        raise argparse.ArgumentTypeError(f"{argument!r}: wanted FILE=ROLE, ROLE of {ROLES}")
    return Path(path), role


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m analysis.training.sentiment")
    parser.add_argument("--out", type=Path, required=True, help="file of weights to write")
    parser.add_argument("--card", type=Path, help="model card whose figures to write")
    parser.add_argument("files", type=_file_and_role, nargs="+", metavar="FILE=ROLE")
    given = parser.parse_args(arguments)
    weights = learn_and_measure(given.files, Settings())
    content = weights.to_bytes()
    given.out.write_bytes(content)
    if given.card is not None:
        card = given.card.read_text(encoding="utf-8")
        given.card.write_text(refresh(card, weights, len(content)), encoding="utf-8")
    for figure in weights.header.held_out:
        sys.stdout.write(
            f"{figure.name}: {figure.rows} rows, accuracy {figure.accuracy:.4f}, "
            f"macro-F1 {figure.macro_f1:.4f}\n"
        )
    sys.stdout.write(f"{len(weights.keys)} n-grams, {len(content)} bytes\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
