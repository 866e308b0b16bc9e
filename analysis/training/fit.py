"""Fits linear weights to the n-grams of labelled texts.

One softmax regression over all files at once, with what each file can teach and no more:

1. A feature is an n-gram that stands in the text, once or often, over the root of the length.
2. It is scaled by its rarity (as in tf-idf) and by how far its log-count ratios lie from zero
   (naive Bayes as a prior: Wang & Manning, "Baselines and Bigrams", ACL 2012), so that the
   penalty weighs lightest on what is rare and telling.
3. Rows of a file without neutral texts tell positive from negative only: neutral's logit is
   left out of their softmax, so they cannot push the border of neutral about.
4. Each file has its own bias while learning, for its own mix of classes; the biases of the
   leading files with all three classes are averaged for use.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import scipy.sparse as sp  # type: ignore[import-untyped]
from numpy.typing import NDArray
from scipy.optimize import minimize  # type: ignore[import-untyped]

from analysis.ngrams import MARGIN, MAX_LENGTH, Keys, encode, keys_by_order
from analysis.sentiment import mask
from analysis.training.corpus import CLASSES, Corpus
from analysis.weights import FIELD_SHIFT, apart

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Matrix = Any
"""A sparse matrix of scipy, which has no types: rows are texts, columns n-grams."""

NEUTRAL = CLASSES.index("neu")
LEADING = ("train", "split")
AIMED = ("target", "target-split")


class Settings(msgspec.Struct, frozen=True):
    """Hyper-parameters; the defaults were chosen by cross-validation inside the training files."""

    least_texts: int = 3
    """An n-gram counts when it stands in this many texts."""
    smoothing: int = 7
    """Added to the length before its root divides."""
    prior: float = 0.5
    """Between scaling by rarity alone (0) and by log-count ratios alone (1)."""
    penalty: float = 5e-6
    iterations: int = 60
    mixed_in: float = 0.3
    """Weight of a row of a `mix` file; a row of a leading file weighs 1."""
    reviewed: float = 0.1
    """Weight of a row of a `review` file: about something bought, and no post."""
    aimed: float = 4.0
    """Weight of a row of a `target` file: few rows, of the kind that the stance is asked of."""
    kept: int = 150_000
    """N-grams that ship: those with the largest weights."""


class Fitted(msgspec.Struct, frozen=True):
    """Weights (n, 2) and bias (2,) as floats: positive and negative over neutral."""

    keys: Keys
    weights: Floats
    bias: Floats
    smoothing: int

    def logits(self, texts: Sequence[str]) -> Floats:
        """Shape (texts, 2)."""
        found = presence([mask(text) for text in texts], self.keys, self.smoothing)
        return np.asarray(found @ self.weights + self.bias)


class Rows(msgspec.Struct, frozen=True):
    """All rows of all files: what is wanted of each, and how much it weighs."""

    targets: Singles
    """(rows, 3): 1 in the column of the class."""
    left_out: Singles
    """(rows, 3): added to the logits; far below zero where a file has no such class."""
    weights: Singles
    files: NDArray[np.intp]


def occurrences(texts: Sequence[str]) -> tuple[Keys, NDArray[np.intp]]:
    """Key and row of every n-gram in the texts, each once a row, sorted by key.

    N-grams over a text's end are left out.
    """
    codes, starts = encode(texts)
    row_of = np.repeat(np.arange(len(texts)), np.diff(starts, append=len(codes)))
    keys, rows = [], []
    for order, found in enumerate(keys_by_order(codes), 1):
        inside = row_of[: len(found)] == row_of[order - 1 :]
        keys.append(found[inside])
        rows.append(row_of[: len(found)][inside])
    key, row = np.concatenate(keys), np.concatenate(rows)
    order_of = np.lexsort((row, key))
    key, row = key[order_of], row[order_of]
    new = np.ones(len(key), np.bool_)
    new[1:] = (key[1:] != key[:-1]) | (row[1:] != row[:-1])
    return key[new], row[new]


def vocabulary(texts: Sequence[str], least_texts: int) -> Keys:
    """Keys that stand in at least so many texts, sorted."""
    keys, texts_with = np.unique(occurrences(texts)[0], return_counts=True)
    known: Keys = keys[texts_with >= least_texts]
    return known


def presence(texts: Sequence[str], known: Keys, smoothing: int) -> Matrix:
    """Rows: texts; columns: known keys; value: 1 over the root of the smoothed length."""
    keys, rows = occurrences(texts)
    columns = np.minimum(np.searchsorted(known, keys), len(known) - 1)
    hit = known[columns] == keys
    lengths = np.array([min(len(text), MAX_LENGTH) + MARGIN for text in texts])
    values = 1 / np.sqrt(lengths + smoothing)
    cells = (values[rows[hit]], (rows[hit], columns[hit]))
    return sp.csr_matrix(cells, shape=(len(texts), len(known)), dtype=np.float32)


def rows_of(corpora: Sequence[Corpus], settings: Settings) -> Rows:
    labels = np.concatenate([np.array(corpus.labels) for corpus in corpora])
    files = np.repeat(np.arange(len(corpora)), [len(corpus) for corpus in corpora])
    without_neutral = np.array([NEUTRAL not in corpus.labels for corpus in corpora])
    left_out = np.zeros((len(labels), len(CLASSES)), np.float32)
    left_out[without_neutral[files], NEUTRAL] = -1e9
    weigh = {**dict.fromkeys(LEADING, 1.0), **dict.fromkeys(AIMED, settings.aimed)}
    weigh["review"] = settings.reviewed
    of_file = [weigh.get(corpus.source.kind, settings.mixed_in) for corpus in corpora]
    weights = np.array(of_file)[files].astype(np.float32)
    return Rows(np.eye(len(CLASSES), dtype=np.float32)[labels], left_out, weights, files)


def scales(found: Matrix, rows: Rows, prior: float) -> Floats:
    """How much each feature is spread before fitting: steps 1 and 2 above."""
    present = (found > 0).astype(np.float32)
    texts_with = np.asarray(present.sum(axis=0)).ravel()
    rarity = np.log((1 + found.shape[0]) / (1 + texts_with)) + 1
    in_class = np.asarray(present.T @ (rows.targets * rows.weights[:, None])) + 1
    share = in_class / in_class.sum(axis=0)
    sides = np.log(share[:, 0] / share[:, 1])
    sided = np.log(2 * share[:, NEUTRAL] / (share[:, 0] + share[:, 1]))
    telling = np.maximum(np.abs(sides), np.abs(sided))
    spread: Floats = 0.29 * telling**prior * rarity ** (1 - prior)
    return spread


def fit(corpora: Sequence[Corpus], settings: Settings) -> Fitted:
    """Learn from the corpora. At least one leading file has to have all three classes."""
    texts = [mask(text) for corpus in corpora for text in corpus.texts]
    known = vocabulary(texts, settings.least_texts)
    found = presence(texts, known, settings.smoothing)
    return fit_found(found, known, corpora, settings)


def fit_found(found: Matrix, known: Keys, corpora: Sequence[Corpus], settings: Settings) -> Fitted:
    """Learn from what was found in the texts of the corpora: a column for each known n-gram."""
    rows = rows_of(corpora, settings)
    spread = scales(found, rows, settings.prior)
    scaled = (found @ sp.diags(spread.astype(np.float32))).tocsr().astype(np.float32)
    weights, biases = minimize_loss(scaled, rows, settings)
    leading = [
        number
        for number, corpus in enumerate(corpora)
        if corpus.source.kind in LEADING and corpus.classes == len(CLASSES)
    ]
    if not leading:
        raise ValueError(f"no leading file has all of {', '.join(CLASSES)}: give one as FILE=train")
    bias = biases[leading].mean(axis=0)
    weights = weights * spread[:, None]
    return Fitted(
        known,
        weights[:, :NEUTRAL] - weights[:, [NEUTRAL]],
        bias[:NEUTRAL] - bias[NEUTRAL],
        settings.smoothing,
    )


def of_fields(
    columns: Sequence[Sequence[str]],
    fields: Sequence[int],
    settings: Settings,
    orders: Sequence[int],
) -> tuple[Matrix, Keys]:
    """What is found in texts of several fields, and the keys of its columns: of n-grams of at most
    so many characters in each field, marked as those of the field, and sorted."""
    known = []
    for texts, field, order in zip(columns, fields, orders, strict=True):
        keys = vocabulary(texts, settings.least_texts)
        known.append((keys[keys < (1 << 16 * order)] if field else keys) | np.uint64(field))
    every = np.sort(np.concatenate(known))
    found = [
        of_field(texts, field, every, settings)
        for texts, field in zip(columns, fields, strict=True)
    ]
    return sum(found[1:], start=found[0]), every


def of_field(texts: Sequence[str], field: int, known: Keys, settings: Settings) -> Matrix:
    """As `presence`, of texts of one field; columns of other fields stay empty."""
    plain = known >> np.uint64(FIELD_SHIFT) == np.uint64(field >> FIELD_SHIFT)
    at = np.flatnonzero(plain) if field else np.arange(len(known))
    found = presence(texts, known[at] ^ np.uint64(field), settings.smoothing).tocoo()
    cells = (found.data, (found.row, at[found.col]))
    return sp.csr_matrix(cells, shape=(len(texts), len(known)), dtype=np.float32)


def minimize_loss(found: Matrix, rows: Rows, settings: Settings) -> tuple[Floats, Floats]:
    """Weights (features, 3) and biases (files, 3) of the least penalized log loss, by L-BFGS."""
    features, classes = found.shape[1], len(CLASSES)
    files = int(rows.files.max()) + 1
    of_file = sp.csr_matrix(
        (np.ones(len(rows.files), np.float32), (rows.files, np.arange(len(rows.files))))
    )
    transposed = found.T.tocsr()
    total = float(rows.weights.sum())

    def loss(parameters: Floats) -> tuple[float, Floats]:
        split = features * classes
        weights = parameters[:split].reshape(features, classes).astype(np.float32)
        biases = parameters[split:].reshape(files, classes).astype(np.float32)
        logits = found @ weights + biases[rows.files] + rows.left_out
        logits -= logits.max(axis=1, keepdims=True)
        exponentials = np.exp(logits)
        sums = exponentials.sum(axis=1, keepdims=True)
        log_chances = np.where(rows.targets > 0, logits - np.log(sums), 0)
        errors = (exponentials / sums - rows.targets) * (rows.weights / total)[:, None]
        slope = transposed @ errors + settings.penalty * weights
        bias_slope = of_file @ errors + 0.01 / total * biases
        value = -float((rows.weights[:, None] * log_chances).sum(dtype=np.float64)) / total
        value += settings.penalty / 2 * float(np.square(weights, dtype=np.float64).sum())
        value += 0.005 / total * float(np.square(biases, dtype=np.float64).sum())
        return value, np.concatenate([slope.ravel(), bias_slope.ravel()]).astype(np.float64)

    start = np.zeros((features + files) * classes)
    options = {"maxiter": settings.iterations, "maxcor": 8, "ftol": 1e-7, "gtol": 1e-7}
    found_minimum = minimize(loss, start, jac=True, method="L-BFGS-B", options=options).x
    split = features * classes
    return (
        found_minimum[:split].reshape(features, classes),
        found_minimum[split:].reshape(files, classes),
    )


def sharpen(logits: Floats, labels: Sequence[int]) -> float:
    """The factor on all logits (rows, 2) under which unseen rows of three classes are likeliest."""
    three = np.column_stack([logits, np.zeros(len(logits))])
    rows = np.arange(len(labels))

    def log_loss(factor: float) -> float:
        scaled = three * factor
        highest = scaled.max(axis=1)
        sums = np.log(np.exp(scaled - highest[:, None]).sum(axis=1)) + highest
        return float((sums - scaled[rows, list(labels)]).mean())

    return min((number / 20 for number in range(8, 61)), key=log_loss)


def prune(fitted: Fitted, kept: int) -> Fitted:
    """The strongest n-grams, no two in one slot."""
    strength = np.abs(fitted.weights).max(axis=1)
    strongest = np.sort(np.lexsort((fitted.keys, -strength))[:kept])
    alone = strongest[apart(fitted.keys[strongest], strength[strongest])]
    return msgspec.structs.replace(fitted, keys=fitted.keys[alone], weights=fitted.weights[alone])
