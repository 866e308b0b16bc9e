"""Which posts are written like those of spam accounts: filler, by the text alone.

Accounts that wait to be sold or hired fill their pages with sentences mixed from books, borrowed
mottos and recipes, tags of the day and a place, all put together by programs. Words alone seldom
give them away; how they are put together does. Linear over hashed character n-grams of one and two,
and over the shape of a text (`shapes`). All sums are whole numbers, so a text is judged alike in
any process and any batch. Figures and limits: docs/models/spam.md.
"""

import math
import re
from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

import msgspec
import numpy as np
import zstandard
from numpy.typing import NDArray

from analysis.ngrams import CLOSING, MARGIN, MAX_LENGTH, OPENING, Codes, encode, key_of

SHIPPED = "spam.lm"
FORMAT = "leimo filler 1"

BATCH = 512
"""Texts looked at in one pass."""

LEAST_LENGTH = 20
"""Code points of a text that is judged. Of posts with fewer, 6 in 347 of spam accounts and 4 in 864
of others were marked, by cross-validation: they say too little, and one post in three that names a
brand is so short."""

SLOT_BITS = 16
"""N-grams share 65,536 weights by their hash."""

SMOOTHING = 7
"""Added to the length before its root divides the sum over n-grams."""

GAIN_BITS = 14
"""1 / sqrt(length) has 14 bits after the point."""

STEP_BITS = 10
"""Scores and weights of shapes are in 1/1024."""

Whole = NDArray[np.int64]

_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_SLOT_SHIFT = np.uint64(64 - SLOT_BITS)
_MASKED = re.compile(r"@[\w-]+|https?://[\w./?=&%#-]+|网页链接")
"""A page shows a link as 网页链接."""


class FillerError(ValueError):
    """A file of weights that cannot be used; the message names the mend."""


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the weights are of, and where they come from."""

    format: str
    version: str
    bias: int
    """In 1/1024, as the score; the threshold is taken off already: above zero is filler."""
    scale_shift: int
    """How far sum times gain is shifted right to make 1/1024 of it."""
    learned_from: dict[str, int]
    """Source -> texts."""


class _File(msgspec.Struct, frozen=True):
    header: Header
    ngrams: bytes
    shapes: bytes


class FillerModel:
    """Tells filler from what people write. One instance can be shared by all of a process."""

    def __init__(
        self, header: Header, ngrams: NDArray[np.int16], shapes: NDArray[np.int16]
    ) -> None:
        """`ngrams`: a weight for each slot; `shapes`: one for each shape."""
        self.header = header
        self.ngrams = ngrams
        self.shapes = shapes
        self._shapes = shapes.astype(np.int64)

    @classmethod
    def load(cls, path: Path | None = None) -> "FillerModel":
        """Read weights from `path`, or those shipped with the package."""
        source = files("analysis").joinpath("models", SHIPPED) if path is None else path
        return cls.from_bytes(source.read_bytes())

    @classmethod
    def from_bytes(cls, raw: bytes) -> "FillerModel":
        """Read a file. Raises `FillerError` on anything else than a file of this format."""
        try:
            content = msgspec.msgpack.decode(
                zstandard.ZstdDecompressor().decompress(raw), type=_File
            )
        except (zstandard.ZstdError, msgspec.MsgspecError) as error:
            raise FillerError(
                f"not a file of filler weights ({error}); train one with analysis.training.filler"
            ) from error
        sizes = len(content.ngrams), len(content.shapes)
        if content.header.format != FORMAT or sizes != (2 << SLOT_BITS, 2 * SHAPES):
            raise FillerError(
                f"format {content.header.format!r}: wanted a whole file of {FORMAT!r}"
            )
        return cls(
            content.header,
            np.frombuffer(content.ngrams, "<i2").astype(np.int16),
            np.frombuffer(content.shapes, "<i2").astype(np.int16),
        )

    def to_bytes(self) -> bytes:
        """The file: the same bytes for the same weights."""
        packed = (weights.astype("<i2").tobytes() for weights in (self.ngrams, self.shapes))
        content = msgspec.msgpack.encode(_File(self.header, *packed))
        return zstandard.ZstdCompressor(level=19).compress(content)

    def is_filler(self, own_words: str) -> bool:
        """Whether one text is. Where there are many, ask `are_filler`: far less time a text."""
        return self.are_filler((own_words,))[0]

    def are_filler(self, own_words: Sequence[str]) -> list[bool]:
        """Whether each text is: what the authors wrote, before the repost chain."""
        found = [False] * len(own_words)
        asked = [at for at, text in enumerate(own_words) if len(text) >= LEAST_LENGTH]
        for start in range(0, len(asked), BATCH):
            some = asked[start : start + BATCH]
            for at, score in zip(some, self.scores([own_words[at] for at in some]), strict=True):
                found[at] = bool(score > 0)
        return found

    def scores(self, own_words: Sequence[str]) -> Whole:
        """Log-odds of filler over the threshold, in 1/1024."""
        codes, starts = coded(own_words)
        lengths = np.diff(starts, append=len(codes))
        rows, slots = occurrences(codes, lengths)
        pulls = np.zeros(len(rows) + 1, np.int64)
        np.cumsum(self.ngrams[slots], dtype=np.int64, out=pulls[1:])
        bounds = np.searchsorted(rows, np.arange(len(starts) + 1))
        said = np.diff(pulls[bounds]) * _GAINS[lengths] >> self.header.scale_shift
        looks: Whole = self._shapes[shapes(codes, starts, lengths)].sum(axis=1)
        return said + looks + self.header.bias


@lru_cache(maxsize=1)
def shipped() -> FillerModel:
    """The shipped model, read once."""
    return FillerModel.load()


def coded(texts: Sequence[str]) -> tuple[Codes, NDArray[np.intp]]:
    """As `ngrams.encode`: links and handles are one sign, digits are one digit."""
    codes, starts = encode([_masked(text) for text in texts])
    codes[codes - _ZERO < _TEN] = _ZERO
    return codes, starts


def _masked(text: str) -> str:
    if "@" in text or "http" in text or "网页" in text:
        text = _MASKED.sub("@", text)
    return text.strip()


def occurrences(
    codes: Codes, lengths: NDArray[np.intp]
) -> tuple[NDArray[np.signedinteger], NDArray[np.signedinteger]]:
    """Row and slot of each n-gram of one and two characters, once a text, sorted by row."""
    # Half as wide, a batch sorts twice as fast; only training has more rows than that holds.
    width = np.int32 if len(lengths) <= BATCH else np.int64
    row_of = np.repeat((np.arange(len(lengths)) << SLOT_BITS).astype(width), lengths)
    pairs = (codes[:-1] << np.uint64(16)) | codes[1:]
    inside = pairs != _BETWEEN
    slots, of_pairs = (
        ((keys * _MULTIPLIER) >> _SLOT_SHIFT).astype(width) for keys in (codes, pairs)
    )
    found = np.concatenate([row_of | slots, (row_of[:-1] | of_pairs)[inside]])
    found.sort()
    is_first = np.ones(len(found), np.bool_)
    np.not_equal(found[1:], found[:-1], out=is_first[1:])
    once = found[is_first]
    return once >> SLOT_BITS, once & ((1 << SLOT_BITS) - 1)


_COUNTED = ("#", "0", "@", "[", " ", ";", ",.!?:;、。…")
"""What is counted in a folded text: tags, digits, handles and links, emoticons, blanks, marks."""
_KINDS = ",.!?:;、。…—~·"
"""Marks of which people use few and mixers of sentences many."""
_FAR = 40
"""Code points from the end of a text within which its place stands."""
_WIDTH = 64
"""Shapes of one kind, at most."""
_KIND_COUNT = 16
SHAPES = _WIDTH * _KIND_COUNT


def shapes(codes: Codes, starts: NDArray[np.intp], lengths: NDArray[np.intp]) -> Whole:
    """How each text is put together: (texts, kinds) numbers of shapes, one of each kind.

    Length, tags, links, digits, marks and how many kinds of them, what follows the last tag,
    whether a place ends the text, and pairs of these.
    """
    at = _SIGN[codes.astype(np.intp)]
    ends = starts + lengths
    packed = np.array([np.add.reduceat(table[at], starts) for table in _COUNTERS])
    counts = ((packed[:, None] >> _SHIFTS) & _FIELD).reshape(-1, len(starts))
    marks, digits = _LOG[counts[6]], _LOG[counts[1]]
    hashes, _, handles, emoticons, blanks, semicolons = np.minimum(counts[:6], _CAPS)
    tags = hashes // 2
    kinds = _POPCOUNT[np.bitwise_or.reduceat(_KIND_BITS[at], starts)]
    few, length = np.minimum(tags, 2), _LOG[lengths]
    place = np.arange(len(codes))
    last_tag = np.maximum.reduceat(place * _IS_HASH[at], starts)
    tail = np.where(hashes > 0, 1 + _LOG[ends - np.maximum(last_tag, starts)], 0)
    last_dot = np.maximum.reduceat(place * _IS_DOT[at], starts)
    is_placed = 8 * ((last_dot > starts) & (ends - last_dot < _FAR))
    found = np.array(
        (
            length,
            tags,
            tail,
            is_placed + tags,
            kinds,
            marks,
            8 * few + kinds,
            8 * (length // 2) + kinds,
            digits,
            handles,
            emoticons,
            blanks,
            8 * semicolons + kinds,
            _IS_HASH[at[starts + 1]] + 2 * few,
            16 * few + np.minimum(length, 15),
            is_placed + kinds,
        )
    )
    numbers: Whole = (np.minimum(found, _WIDTH - 1) + _FIRST_OF_KIND).T
    return numbers


def _signs() -> NDArray[np.uint8]:
    """Code -> the number of its sign, 0 for what is none that counts: one small table, so that
    the others fit into the nearest cache."""
    table = np.zeros(0x10000, np.uint8)
    for number, sign in enumerate(_SIGNS, 1):
        table[ord(sign)] = number
    return table


def _table(groups: Sequence[str], bits: int) -> Whole:
    """Number of a sign -> one in the field of each group that it belongs to."""
    table = np.zeros(len(_SIGNS) + 1, np.int64)
    for field, group in enumerate(groups):
        for sign in group:
            table[_SIGNS.index(sign) + 1] += 1 << bits * field
    return table


def _logs() -> Whole:
    """Twice the binary logarithm of one more, rounded down, by whole numbers."""
    return np.array(
        [((n + 1) ** 2).bit_length() - 1 for n in range(MAX_LENGTH + MARGIN + 1)], np.int64
    )


def _gains() -> Whole:
    """1 / sqrt(codes + smoothing), in 2**-14, for every length a text can have."""
    one = 1 << 2 * GAIN_BITS
    return np.array(
        [math.isqrt(one // (n + SMOOTHING)) for n in range(MAX_LENGTH + MARGIN + 1)], np.int64
    )


_ZERO, _TEN = np.uint64(ord("0")), np.uint64(10)
_SIGNS = "".join(sorted(set("".join((*_COUNTED, _KINDS)))))
_SIGN = _signs()
_GAINS = _gains()
_LOG = _logs()
_FIELD_BITS = 12  # holds MAX_LENGTH
_FIELD = (1 << _FIELD_BITS) - 1
_SHIFTS = np.arange(4, dtype=np.int64)[:, None] * _FIELD_BITS
_CAPS = np.array([11, 0, 7, 7, 15, 3])[:, None]
_COUNTERS = _table(_COUNTED[:4], _FIELD_BITS), _table(_COUNTED[4:], _FIELD_BITS)
_KIND_BITS = _table(_KINDS, 1)
_IS_HASH, _IS_DOT = _table("#", 1), _table("·", 1)
_POPCOUNT = np.array([min(bits.bit_count(), 7) for bits in range(1 << len(_KINDS))], np.int64)
_FIRST_OF_KIND = np.arange(_KIND_COUNT, dtype=np.int64)[:, None] * _WIDTH
_BETWEEN = np.uint64(key_of(CLOSING + OPENING))
