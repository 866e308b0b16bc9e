"""Linear weights over character n-grams: the file they ship in and the sums over a text.

A file is one zstd frame around one msgpack map: a header that tells where the weights come
from, the keys of the n-grams as eight planes of bytes, sorted, and two 16-bit weights for each.
All sums are whole numbers, so a text has the same score in every process and on every machine.
"""

from collections.abc import Iterator
from typing import Annotated

import msgspec
import numpy as np
import zstandard
from numpy.typing import NDArray

from analysis.ngrams import MAX_ORDER, Codes, Keys, keys_by_order, lengths_of

FORMAT = "leimo linear weights 1"

SLOT_BITS = 21
"""A slot holds at most one n-gram: two million slots keep 150,000 n-grams apart."""

FIELD_SHIFT = 48
"""An n-gram of three characters leaves the highest 16 bits of its key to the sign of its field."""

_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_SLOT_SHIFT = np.uint64(64 - SLOT_BITS)
_FIELD_BITS = 32
_MIDDLE = 1 << (_FIELD_BITS - 1)
_FIELD = (1 << _FIELD_BITS) - 1
_NUMBER = (1 << SLOT_BITS) - 1
_NARROW = 1 << (31 - SLOT_BITS)
"""So many texts, and the number of an n-gram, fit into 32 bits, which sort twice as fast as 64."""

Whole = NDArray[np.int64]
Count = Annotated[int, msgspec.Meta(ge=0)]


class WeightsError(ValueError):
    """A file of weights that cannot be used; the message names what is wrong and the mend."""


class Input(msgspec.Struct, frozen=True):
    """One file the weights were learned from."""

    name: str
    kind: str
    rows: Count
    sha256: str
    learned: Count = 0
    """Rows learned: all but those held out and copies of what is held out."""


class Figure(msgspec.Struct, frozen=True):
    """A figure on rows that were not learned from."""

    name: str
    rows: Count
    classes: Count
    accuracy: float
    macro_f1: float


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Provenance and the few numbers beside the weights. Logits are in 1/1024."""

    format: str
    version: str
    trained_on: tuple[Input, ...]
    held_out: tuple[Figure, ...]
    settings: dict[str, str | int | float]
    bias: tuple[int, int]
    """Logits of positive and of negative over neutral for a text without a known n-gram."""
    scale: tuple[int, int]
    """Logits, times 2**16 again, that a weight of 1 adds, over the root of the length."""
    smoothing: Count
    """Added to the length before the root is taken: short texts do not get too sure."""


class _File(msgspec.Struct, frozen=True):
    header: Header
    key_planes: bytes
    weights: bytes


class Weights:
    """Two whole numbers for each known n-gram: pull to positive and to negative over neutral."""

    def __init__(self, header: Header, keys: Keys, weights: NDArray[np.int16]) -> None:
        """`keys` has shape (n,), `weights` (n, 2): positive first."""
        if weights.shape != (len(keys), 2):
            raise WeightsError(f"weights: shape {weights.shape}, wanted ({len(keys)}, 2)")
        self.header = header
        self.keys = keys
        self.weights = weights
        slots = slots_of(keys)
        if len(np.unique(slots)) != len(keys):
            raise WeightsError("keys: two n-grams share a slot; prune with `apart` before writing")
        # Number 0 stands for "no n-gram": a key that no text has, and nothing to add.
        self._numbers = np.zeros(1 << SLOT_BITS, np.int32)
        self._numbers[slots] = np.arange(1, len(keys) + 1)
        self._keys = np.concatenate([np.zeros(1, np.uint64), keys])
        pairs = weights.astype(np.int64)
        packed = (pairs[:, 0] << _FIELD_BITS) + pairs[:, 1]
        self._packed = np.concatenate([np.zeros(1, np.int64), packed])

    def sums(
        self, codes: Codes, starts: NDArray[np.intp], fields: Keys | None = None
    ) -> tuple[Whole, Whole]:
        """Per text of an `encode`: the pull to positive and that to negative.

        An n-gram counts once in a text, however often it stands there. `fields` says of each text
        which field it is (`field_key`), 0 for the main one: an n-gram there is one of its own.
        """
        # One pass over the n-grams of all orders, and methods of arrays in place of functions:
        # where a batch holds few texts, calls are what costs.
        count = len(starts)
        width = np.int32 if count <= _NARROW else np.int64
        lengths = lengths_of(codes, starts)
        rows = (np.arange(count) << SLOT_BITS).astype(width)
        row_of = rows.repeat(lengths)
        by_order = list(keys_by_order(codes))
        if fields is not None:
            field_of = fields.repeat(lengths)
            by_order = [
                in_field(plain, field_of[: len(plain)], order)
                for order, plain in enumerate(by_order, 1)
            ]
        keys = np.concatenate(by_order)
        numbers = self._numbers.take(slots_of(keys))
        places = numbers.nonzero()[0]
        numbers = numbers.take(places)
        same = self._keys.take(numbers) == keys.take(places)
        row_of = np.concatenate([row_of[: len(plain)] for plain in by_order])
        found = row_of.take(places[same]) | numbers[same]
        found.sort()
        is_first = np.ones(len(found), np.bool_)
        np.not_equal(found[1:], found[:-1], out=is_first[1:])
        once = found[is_first]
        pulls = np.zeros(len(once) + 1, np.int64)
        self._packed.take(once & width(_NUMBER)).cumsum(out=pulls[1:])
        sums = np.empty(count + 1, np.int64)
        sums[:-1], sums[-1] = pulls.take(once.searchsorted(rows)), pulls[-1]
        packed = sums[1:] - sums[:-1]
        negative = ((packed + _MIDDLE) & _FIELD) - _MIDDLE
        positive = (packed - negative) >> _FIELD_BITS
        return positive, negative

    def found(self, codes: Codes, field: int = 0) -> Iterator[tuple[int, int, int]]:
        """Key, pull to positive and pull to negative of each known n-gram of one text, once."""
        seen: set[int] = set()
        for order, plain in enumerate(keys_by_order(codes), 1):
            keys = in_field(plain, np.full(len(plain), field, np.uint64), order)
            for at in self._numbers[slots_of(keys)].tolist():
                key = int(self._keys[at])
                if at and at not in seen and key in keys:
                    seen.add(at)
                    positive, negative = self.weights[at - 1].tolist()
                    yield key, positive, negative

    def to_bytes(self) -> bytes:
        """The file: the same bytes for the same weights."""
        order = np.argsort(self.keys)
        keys = self.keys[order].astype("<u8")
        content = _File(self.header, _planes(keys), _planes(self.weights[order].astype("<i2")))
        packed = msgspec.msgpack.encode(content)
        return zstandard.ZstdCompressor(level=19).compress(packed)

    @classmethod
    def from_bytes(cls, raw: bytes) -> "Weights":
        """Read a file. Raises `WeightsError` on anything else than a file of this format."""
        try:
            content = msgspec.msgpack.decode(
                zstandard.ZstdDecompressor().decompress(raw), type=_File
            )
        except (zstandard.ZstdError, msgspec.MsgspecError) as error:
            raise WeightsError(
                f"not a file of weights ({error}); train one with analysis.training.sentiment"
            ) from error
        if content.header.format != FORMAT:
            raise WeightsError(f"format: {content.header.format!r}, wanted {FORMAT!r}")
        size = len(content.key_planes) // 8
        if len(content.key_planes) != size * 8 or len(content.weights) != size * 4:
            raise WeightsError("keys and weights differ in number; the file is damaged")
        keys = _whole(content.key_planes, 8).view("<u8").ravel().astype(np.uint64)
        weights = _whole(content.weights, 4).view("<i2").astype(np.int16)
        return cls(content.header, keys, weights)


def field_key(sign: str) -> int:
    """What the keys of a field have in their highest code: its sign, which no text has."""
    return ord(sign) << FIELD_SHIFT


def in_field(keys: Keys, fields: Keys, order: int) -> Keys:
    """The keys of n-grams of one order as those of their fields; 0, which is none, for four
    characters outside of the main field: there they fill the place of the sign."""
    if order < MAX_ORDER:
        marked: Keys = keys | fields
        return marked
    return np.where(fields == 0, keys, np.uint64(0))


def _planes(rows: NDArray[np.generic]) -> bytes:
    """All first bytes, then all second ones, ...: alike beside alike, which packs well."""
    return rows.view(np.uint8).reshape(len(rows), -1).T.tobytes()


def _whole(planes: bytes, width: int) -> NDArray[np.uint8]:
    """What `_planes` took apart: shape (n, width)."""
    return np.ascontiguousarray(np.frombuffer(planes, np.uint8).reshape(width, -1).T)


def slots_of(keys: Keys) -> NDArray[np.intp]:
    """The slot of each key: top bits of its product with the golden ratio (Fibonacci hash)."""
    slots: NDArray[np.intp] = ((keys * _MULTIPLIER) >> _SLOT_SHIFT).astype(np.intp)
    return slots


def apart(keys: Keys, strength: NDArray[np.float64]) -> NDArray[np.intp]:
    """Indices of the keys to keep, so that no two share a slot: the stronger one stays."""
    by_strength = np.lexsort((keys, -strength))
    _, first = np.unique(slots_of(keys[by_strength]), return_index=True)
    return np.sort(by_strength[first])
