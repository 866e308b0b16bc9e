"""Learn the sentiment weights: `python -m analysis.training.sentiment --out FILE FILE=ROLE ...`.

Roles: `train` (all rows are learned), `split` (a fifth of the texts is held out and measured),
`test` (only measured; texts that also stand in it are taken out of what is learned).
The same files give the same bytes.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
from sklearn.metrics import accuracy_score, f1_score

from analysis.ngrams import Keys
from analysis.sentiment import SentimentModel, mask
from analysis.training.corpus import Corpus, fold_of, read_corpus
from analysis.training.fit import Fitted, Settings, fit, prune
from analysis.weights import FORMAT, Figure, Header, Weights

ROLES = ("train", "split", "test")
FOLDS = 5
VERSION = "1"


def quantize(fitted: Fitted, header: Header) -> Weights:
    """Eight bits a weight; bias and scale go into the header. All-zero n-grams are left out."""
    most = np.abs(fitted.weights).max(axis=0)
    steps = np.where(most > 0, most, 1) / 127
    whole = np.rint(fitted.weights / steps).astype(np.int8)
    heard = np.abs(whole).max(axis=1) > 0
    keys: Keys = fitted.keys[heard]
    header = msgspec.structs.replace(
        header,
        bias=_pair(fitted.bias * 1024),
        scale=_pair(steps * 1024 * 2**16),
        smoothing=fitted.settings.smoothing,
    )
    return Weights(header, keys, whole[heard])


def _pair(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> tuple[int, int]:
    return round(float(values[0])), round(float(values[1]))


def measure(model: SentimentModel, corpus: Corpus) -> Figure:
    """Accuracy and macro-F1; of two classes, the sign of the score decides."""
    found = model.score_whole_many(corpus.texts)
    if corpus.classes == 2:
        guesses = [0 if sentiment.score >= 0 else 1 for sentiment in found]
    else:
        names = {"positive": 0, "negative": 1, "neutral": 2}
        guesses = [names[sentiment.polarity] for sentiment in found]
    return Figure(
        corpus.source.name,
        len(corpus),
        corpus.classes,
        round(float(accuracy_score(corpus.labels, guesses)), 4),
        round(float(f1_score(corpus.labels, guesses, average="macro")), 4),
    )


def learn(train: Sequence[Corpus], held_out: Sequence[Corpus], settings: Settings) -> Weights:
    """Weights from the one, with their figures on the other in the header."""
    texts = [mask(text) for corpus in train for text in corpus.texts]
    labels = [label for corpus in train for label in corpus.labels]
    header = Header(
        format=FORMAT,
        version=VERSION,
        trained_on=tuple(corpus.source for corpus in (*train, *held_out)),
        held_out=(),
        settings=msgspec.to_builtins(settings),
        bias=(0, 0),
        scale=(0, 0),
        smoothing=0,
    )
    weights = quantize(prune(fit(texts, labels, settings)), header)
    model = SentimentModel(weights)
    figures = tuple(measure(model, corpus) for corpus in held_out)
    return Weights(
        msgspec.structs.replace(weights.header, held_out=figures), weights.keys, weights.weights
    )


def sort_out(files: Sequence[tuple[Path, str]]) -> tuple[list[Corpus], list[Corpus]]:
    """What is learned and what is only measured. No text is in both."""
    train, held_out = [], []
    for path, role in files:
        corpus = read_corpus(path, role)
        if role == "train":
            train.append(corpus)
        elif role == "test":
            held_out.append(corpus)
        else:
            out = np.array([fold_of(text, FOLDS) == 0 for text in corpus.texts])
            train.append(corpus.only(~out))
            held_out.append(corpus.only(out))
    unseen = {text for corpus in held_out for text in corpus.texts}
    return [c.only([text not in unseen for text in c.texts]) for c in train], held_out


def _file_and_role(argument: str) -> tuple[Path, str]:
    path, _, role = argument.rpartition("=")
    if role not in ROLES or not path:
        raise argparse.ArgumentTypeError(f"{argument!r}: wanted FILE=ROLE, ROLE of {ROLES}")
    return Path(path), role


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m analysis.training.sentiment")
    parser.add_argument("--out", type=Path, required=True, help="file of weights to write")
    parser.add_argument("files", type=_file_and_role, nargs="+", metavar="FILE=ROLE")
    given = parser.parse_args(arguments)
    weights = learn(*sort_out(given.files), Settings())
    content = weights.to_bytes()
    given.out.write_bytes(content)
    for figure in weights.header.held_out:
        sys.stdout.write(
            f"{figure.name}: {figure.rows} rows, accuracy {figure.accuracy:.4f}, "
            f"macro-F1 {figure.macro_f1:.4f}\n"
        )
    sys.stdout.write(f"{len(weights.keys)} n-grams, {len(content)} bytes\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
