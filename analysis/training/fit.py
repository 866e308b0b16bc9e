"""Fits linear weights to counted n-grams, then rounds them to what the file holds."""

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import scipy.sparse as sp  # type: ignore[import-untyped]
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from analysis.ngrams import MARGIN, MAX_LENGTH, Keys, encode, keys_by_order
from analysis.weights import apart

Floats = NDArray[np.float64]
Matrix = Any
"""A sparse matrix of scipy, which has no types: rows are texts, columns n-grams."""


class Settings(msgspec.Struct, frozen=True):
    """Hyper-parameters; the defaults were chosen by cross-validation inside the training files."""

    least_texts: int = 2
    """An n-gram counts when it stands in this many texts."""
    smoothing: int = 20
    inverse_penalty: float = 5.0
    iterations: int = 60
    kept: int = 150_000
    """N-grams that ship: those with the largest weights."""


def occurrences(texts: Sequence[str]) -> tuple[Keys, NDArray[np.intp]]:
    """Key and row of every n-gram in the texts, those over a text's end left out."""
    codes, starts = encode(texts)
    ends = np.append(starts[1:], len(codes))
    row_of = np.repeat(np.arange(len(texts)), ends - starts)
    keys, rows = [], []
    for order, found in enumerate(keys_by_order(codes), 1):
        inside = row_of[: len(found)] == row_of[order - 1 :]
        keys.append(found[inside])
        rows.append(row_of[: len(found)][inside])
    return np.concatenate(keys), np.concatenate(rows)


def vocabulary(keys: Keys, rows: NDArray[np.intp], least_texts: int) -> tuple[Keys, Floats]:
    """Keys in at least so many texts, sorted, and in how many texts each stands."""
    order = np.lexsort((rows, keys))
    keys, rows = keys[order], rows[order]
    new = np.ones(len(keys), np.bool_)
    new[1:] = (keys[1:] != keys[:-1]) | (rows[1:] != rows[:-1])
    unique, texts = np.unique(keys[new], return_counts=True)
    enough = texts >= least_texts
    return unique[enough], texts[enough].astype(np.float64)


def counts(texts: Sequence[str], known: Keys, smoothing: int) -> Matrix:
    """Rows: texts; columns: known keys; values: count over the root of the length."""
    keys, rows = occurrences(texts)
    columns = np.minimum(np.searchsorted(known, keys), len(known) - 1)
    hit = known[columns] == keys
    lengths = np.array([min(len(text), MAX_LENGTH) + MARGIN for text in texts])
    values = 1 / np.sqrt(lengths + smoothing)
    cells = (values[rows[hit]], (rows[hit], columns[hit]))
    return sp.csr_matrix(cells, shape=(len(texts), len(known)), dtype=np.float32)


class Fitted(msgspec.Struct, frozen=True):
    """Weights (n, 2) and bias (2,) as floats: positive and negative over neutral."""

    keys: Keys
    weights: Floats
    bias: Floats
    settings: Settings

    def logits(self, texts: Sequence[str]) -> Floats:
        return np.asarray(
            counts(texts, self.keys, self.settings.smoothing) @ self.weights + self.bias
        )


def fit(texts: Sequence[str], labels: Sequence[int], settings: Settings) -> Fitted:
    """Multinomial logistic regression; rare n-grams count for more, as in tf-idf."""
    known, in_texts = vocabulary(*occurrences(texts), settings.least_texts)
    rarity = np.log((1 + len(texts)) / (1 + in_texts)) + 1
    scaled = counts(texts, known, settings.smoothing) @ sp.diags(rarity.astype(np.float32) / 5)
    model = LogisticRegression(C=settings.inverse_penalty, tol=1e-4, max_iter=settings.iterations)
    model.fit(scaled.tocsr(), np.asarray(labels))
    weights = (model.coef_[:2] - model.coef_[2]).T * (rarity / 5)[:, None]
    return Fitted(known, weights, model.intercept_[:2] - model.intercept_[2], settings)


def prune(fitted: Fitted) -> Fitted:
    """The strongest n-grams, no two in one slot."""
    strength = np.abs(fitted.weights).max(axis=1)
    strongest = np.sort(np.lexsort((fitted.keys, -strength))[: fitted.settings.kept])
    kept = strongest[apart(fitted.keys[strongest], strength[strongest])]
    return msgspec.structs.replace(fitted, keys=fitted.keys[kept], weights=fitted.weights[kept])
