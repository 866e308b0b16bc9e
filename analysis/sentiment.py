"""Sentiment of short Chinese texts: three classes, linear over character n-grams.

What a text gets is worked out in whole numbers from the first sum to the last division, so the
same text has the same score in any process. Figures and limits: docs/models/sentiment.md.
"""

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from importlib.resources import files
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from analysis.clauses import Bounds
from analysis.ngrams import MARGIN, MAX_LENGTH, Codes, Keys, encode, lengths_of, ngram_of
from analysis.weights import Weights, Whole
from schemas.mention import Polarity
from sources.words import own_end

SHIPPED = "sentiment.lm"

BATCH = 512
"""Texts looked at in one pass: enough to spread numpy's calls, few enough to stay in cache."""

Place = tuple[str, int, int] | tuple[str, int, int, Sequence[Bounds]]
"""A text, the span of a brand in it and, if known, the spans of the other brands."""

LOGIT_BITS = 10
"""A logit of 1 is 1024."""

GAIN_BITS, SCALE_BITS = 14, 30
"""The gain of a length has 14 bits after the point and its product with a scale 30."""


_FARTHEST = 16 << LOGIT_BITS
_POLARITIES = (Polarity.NEGATIVE, Polarity.NEUTRAL, Polarity.POSITIVE)
_MASKED = re.compile(r"@[\w-]+|https?://[\w./?=&%#-]+")


class Sentiment(msgspec.Struct, frozen=True, gc=False):
    """What a text says: its class, and P(positive) - P(negative) in whole thousandths."""

    polarity: Polarity
    score: float

    @property
    def milli(self) -> int:
        """The score in thousandths, as `Mention.sentiment_milli` holds it."""
        return round(self.score * 1000)


def of_milli(polarity: Polarity, milli: int) -> Sentiment:
    return Sentiment(polarity, milli / 1000 if milli else 0.0)


NOTHING_SAID = Sentiment(Polarity.NEUTRAL, 0.0)
"""Of a text without own words, or in a language without a model."""


def own_words(text: str) -> str:
    """What the author wrote before the repost chain, handles and links masked.

    >>> own_words("说得好@小王 http://t.cn/a1 //@小李:不同意")
    '说得好@ @ '
    """
    return mask(text[: own_end(text)])


def mask(text: str) -> str:
    """Handles and links as one sign: neither says what is felt."""
    if "@" in text or "http" in text:
        return _MASKED.sub("@", text)
    return text


class SentimentModel:
    """Scores texts. One instance can be shared by everything in a process."""

    def __init__(self, weights: Weights) -> None:
        self.weights = weights
        header = weights.header
        self._gains = _gains(header.smoothing)
        self._bias = header.bias
        self._scale = header.scale

    @classmethod
    def load(cls, path: Path | None = None) -> "SentimentModel":
        """Read weights from `path`, or those shipped with the package."""
        source = files("analysis").joinpath("models", SHIPPED) if path is None else path
        return cls(Weights.from_bytes(source.read_bytes()))

    def score(self, text: str) -> Sentiment:
        """Sentiment of a whole text: of the author's own words, before the repost chain.

        Costs about as much as thirty texts inside a `score_many`: use that where there are many.
        """
        return self.score_many((text,))[0]

    def score_many(self, texts: Sequence[str]) -> list[Sentiment]:
        """What `score` says of each text, in far less time."""
        return self.score_clean([own_words(text) for text in texts])

    def score_whole_many(self, texts: Sequence[str]) -> list[Sentiment]:
        """Sentiment of all that stands in each text, the repost chain too."""
        return self.score_clean([mask(text) for text in texts])

    def told_by(self, text: str, count: int = 5) -> list[tuple[str, float]]:
        """The n-grams of a text that weigh most, with what they add to P(positive)'s log-odds
        against negative; strongest first, none within another.
        """
        told = [
            (ngram_of(key), positive - negative)
            for key, positive, negative in self.pulls(mask(text))
        ]
        return strongest(told, count)

    def pulls(self, text: str, field: int = 0) -> Iterator[tuple[int, float, float]]:
        """Of each known n-gram of a text: its key, and what it adds to the logits of positive and
        negative."""
        codes, _ = encode([text])
        gain = int(self._gains[len(codes)])
        one = 1 << SCALE_BITS + LOGIT_BITS
        for key, positive, negative in self.weights.found(codes, field):
            yield (
                key,
                positive * gain * self._scale[0] / one,
                negative * gain * self._scale[1] / one,
            )

    def score_clean(self, texts: Sequence[str]) -> list[Sentiment]:
        """Sentiment of texts that hold no chain, handle or link any more."""
        found: list[Sentiment] = []
        for start in range(0, len(texts), BATCH):
            found += self._score_batch(texts[start : start + BATCH])
        return found

    def chances(self, texts: Sequence[str]) -> list[tuple[int, int]]:
        """(P(positive) - P(negative), P(positive) + P(negative)) in thousandths of texts that hold
        no chain, handle or link any more."""
        found: list[tuple[int, int]] = []
        for start in range(0, len(texts), BATCH):
            codes, starts = encode(texts[start : start + BATCH])
            balance, share = _balance_milli(*self._logits(codes, starts))
            read = legible(codes, starts)
            balance[~read], share[~read] = 0, 0
            found += zip(balance.tolist(), share.tolist(), strict=True)
        return found

    def score_fields(
        self, rows: Sequence[Sequence[str]], fields: Keys, offsets: tuple[int, int]
    ) -> Iterator[Sentiment]:
        """Sentiment of at most `BATCH` rows with a text for each of the `fields`, the main first.

        `offsets` are added to the logits of positive and negative for the choice of the class,
        and not for the score: a class may be worth more than its chance.
        """
        columns = list(zip(*rows, strict=True))
        codes, starts = encode([text for column in columns for text in column])
        of_texts = np.repeat(fields, len(rows))
        to_positive, to_negative = (
            pull.reshape(len(fields), -1).sum(axis=0) + bias
            for pull, bias in zip(self._pulls(codes, starts, of_texts), self._bias, strict=True)
        )
        milli, _ = _balance_milli(to_positive, to_negative)
        chosen = _choose(to_positive + offsets[0], to_negative + offsets[1], milli)
        return _sentiments(chosen, milli, legible(codes, starts)[: len(rows)])

    def _score_batch(self, texts: Sequence[str]) -> Iterator[Sentiment]:
        """At most `BATCH` texts that hold no chain, handle or link any more."""
        codes, starts = encode(texts)
        to_positive, to_negative = self._logits(codes, starts)
        milli, _ = _balance_milli(to_positive, to_negative)
        chosen = _choose(to_positive, to_negative, milli)
        return _sentiments(chosen, milli, legible(codes, starts))

    def _logits(self, codes: Codes, starts: NDArray[np.intp]) -> tuple[Whole, Whole]:
        positive, negative = self._pulls(codes, starts)
        return positive + self._bias[0], negative + self._bias[1]

    def _pulls(
        self, codes: Codes, starts: NDArray[np.intp], fields: Keys | None = None
    ) -> tuple[Whole, Whole]:
        """What the n-grams of each text add to its logits."""
        positive, negative = self.weights.sums(codes, starts, fields)
        gains = self._gains.take(lengths_of(codes, starts))
        return (
            (positive * gains * self._scale[0]) >> SCALE_BITS,
            (negative * gains * self._scale[1]) >> SCALE_BITS,
        )


def strongest(pulls: Iterable[tuple[str, float]], count: int) -> list[tuple[str, float]]:
    """So many of those that weigh most, strongest first, none within another."""
    told: list[tuple[str, float]] = []
    for words, pull in sorted(pulls, key=lambda item: (-abs(item[1]), item[0])):
        if len(told) == count:
            break
        if not any(words in other or other in words for other, _ in told):
            told.append((words, pull))
    return told


def _sentiments(
    chosen: NDArray[np.intp], milli: Whole, read: NDArray[np.bool_]
) -> Iterator[Sentiment]:
    chosen[~read], milli[~read] = 1, 0
    for choice, value in zip(chosen.tolist(), milli.tolist(), strict=True):
        yield of_milli(_POLARITIES[choice], value)


def legible(codes: Codes, starts: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Which texts the model can read: Han text, or no letters of any script (emoji alone).

    A text with more kana and hangul than Han characters is Japanese or Korean.
    """
    counts = np.add.reduceat(_SCRIPTS[codes], starts)
    han, kana = counts & 0xFFFF, counts >> 16 & 0xFFFF
    other, signs = counts >> 32 & 0xFFFF, counts >> 48
    readable: NDArray[np.bool_] = ((han > 0) & (han >= kana)) | ((kana + other == 0) & (signs > 0))
    return readable


def _script_table() -> NDArray[np.int64]:
    """Code -> one in a field of its own: Han, kana or hangul, another script, a sign."""
    table = np.zeros(0x10000, np.int64)
    for field, ranges in enumerate(
        (
            ((0x3400, 0x4DC0), (0x4E00, 0xA000), (0xF900, 0xFB00)),
            (
                (0x3041, 0x30FB),
                (0x31F0, 0x3200),
                (0xFF66, 0xFFA0),
                (0x1100, 0x1200),
                (0xAC00, 0xD7A4),
            ),
            ((0x61, 0x7B), (0xC0, 0x250), (0x370, 0x1100), (0x1200, 0x2000)),
            ((0x21, 0x30), (0x3A, 0x40), (0x2600, 0x27C0), (0xE000, 0xF000)),
        )
    ):
        for start, end in ranges:
            table[start:end] = 1 << 16 * field
    return table


_SCRIPTS = _script_table()


def _gains(smoothing: int) -> Whole:
    """1 / sqrt(codes + smoothing), in 2**-14, for every length a text can have."""
    most = MAX_LENGTH + MARGIN + 1
    one = 1 << 2 * GAIN_BITS
    return np.array([math.isqrt(one // max(n + smoothing, 1)) for n in range(most)], np.int64)


def _exponentials() -> Whole:
    """exp(-k / 1024) in 2**-30 for k from 0 to 16 * 1024.

    By whole-number steps: `math.exp` may differ in its last bit from one platform to the next.
    """
    bits = 100
    step = (1 << bits) * 99902391418197566 // 10**17  # exp(-1 / 1024)
    value, values = 1 << bits, []
    for _ in range(_FARTHEST + 1):
        values.append(value >> (bits - 30))
        value = value * step >> bits
    return np.array(values, np.int64)


_EXP = _exponentials()


def _balance_milli(to_positive: Whole, to_negative: Whole) -> tuple[Whole, Whole]:
    """P(positive) - P(negative) and their sum in thousandths: a softmax over two logits and
    neutral's zero."""
    highest = np.maximum(np.maximum(to_positive, to_negative), 0)
    positive = _EXP[np.minimum(highest - to_positive, _FARTHEST)]
    negative = _EXP[np.minimum(highest - to_negative, _FARTHEST)]
    neutral = _EXP[np.minimum(highest, _FARTHEST)]
    total = positive + negative + neutral
    difference = positive - negative
    size = (np.abs(difference) * 2000 + total) // (2 * total)
    balance: Whole = np.sign(difference) * size
    share: Whole = (positive + negative) * 1000 // total
    return balance, share


def _choose(to_positive: Whole, to_negative: Whole, milli: Whole) -> NDArray[np.intp]:
    """Index into `_POLARITIES`; a class whose sign the score does not bear becomes neutral."""
    chosen = np.ones(len(milli), np.intp)
    chosen[(to_positive > 0) & (to_positive > to_negative) & (milli > 0)] = 2
    chosen[(to_negative > 0) & (to_negative >= to_positive) & (milli < 0)] = 0
    return chosen
