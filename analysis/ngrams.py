"""Character n-grams of many texts at once, as 64-bit keys in one array.

Every code point is folded to 16 bits, so an n-gram of one to four characters is a whole key of
its own: no hashing, no vocabulary, no tokenizer. A batch of texts becomes one array,

    STX 好 用 ETX STX 不 好 ETX          codes, one row of a batch after the other
        └─┴── key(好用) = 好 << 16 | 用

and all n-grams of one order come from one shift and one `or` over that array. N-grams that
run over the end of a text hold ETX STX in their inside, which no vocabulary has.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from analysis.han_forms import SIMPLIFIED

MAX_ORDER = 4
"""Longest n-gram: four 16-bit codes fill a key."""

MAX_LENGTH = 1000
"""Code points read of one text; what comes after is ignored (sums stay within their fields)."""

OPENING, CLOSING = "\x02", "\x03"
"""Stand before and after each text, so that n-grams know its start and its end."""

MARGIN = 2
"""Codes that a text takes up beside its own: the opening and the closing one."""

UNKNOWN = 0xFFFF
REPEATED = 0xFFFE
"""The code of the fourth and later of equal characters in a row: 哈哈哈哈哈 counts as 哈哈哈."""

Codes = NDArray[np.uint64]
Keys = NDArray[np.uint64]


def _fold_table() -> NDArray[np.uint16]:
    """Code point -> 16-bit code: width and case folded, blanks alike, emoji in the private area,
    traditional characters as simplified ones.

    Written out and not taken from `unicodedata`, whose tables change with the Python version.
    """
    table = np.full(0x110000, UNKNOWN, np.uint16)
    table[:0xD800] = np.arange(0xD800)
    table[0xF000:0xFFF0] = np.arange(0xF000, 0xFFF0)
    table[0xFF01:0xFF5F] = np.arange(0x21, 0x7F)
    for upper in (ord("A"), 0xFF21):
        table[upper : upper + 26] = np.arange(ord("a"), ord("z") + 1)
    table[[0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0xA0, 0x3000]] = 0x20
    table[0x1F000:0x20000] = np.arange(0xE000, 0xF000)
    table[list(SIMPLIFIED)] = list(SIMPLIFIED.values())
    return table


_FOLD = _fold_table()


def encode(texts: Sequence[str]) -> tuple[Codes, NDArray[np.intp]]:
    """Codes of all texts in a row, and where in them each text starts."""
    cut = [text[:MAX_LENGTH] for text in texts]
    row = "".join([OPENING + text + CLOSING for text in cut])
    points = np.frombuffer(row.encode("utf-32-le", "surrogatepass"), "<u4")
    codes = _FOLD[points]
    again = codes[1:] == codes[:-1]
    codes[3:][again[2:] & again[1:-1] & again[:-2]] = REPEATED
    lengths = np.fromiter(map(len, cut), np.intp, len(cut)) + MARGIN
    return codes.astype(np.uint64), np.cumsum(lengths) - lengths


def lengths_of(codes: Codes, starts: NDArray[np.intp]) -> NDArray[np.intp]:
    """How many codes each text of an `encode` has."""
    ends = np.empty(len(starts), np.intp)
    ends[:-1], ends[-1] = starts[1:], len(codes)
    return ends - starts


def keys_by_order(codes: Codes) -> Iterator[Keys]:
    """Keys of all n-grams that start at each code: first of one character, last of four.

    >>> codes, _ = encode(["好用"])
    >>> [len(keys) for keys in keys_by_order(codes)]
    [4, 3, 2, 1]
    """
    keys = codes
    yield keys
    for order in range(2, MAX_ORDER + 1):
        keys = (keys[:-1] << np.uint64(16)) | codes[order - 1 :]
        yield keys


def key_of(ngram: str) -> int:
    """The key of one n-gram of at most four characters.

    >>> key_of("Ｂ") == key_of("b")
    True
    """
    if not 0 < len(ngram) <= MAX_ORDER:
        raise ValueError(f"n-gram {ngram!r}: has {len(ngram)} characters, wanted 1 to {MAX_ORDER}")
    key = 0
    for character in ngram:
        key = key << 16 | int(_FOLD[ord(character)])
    return key


def ngram_of(key: int) -> str:
    """The folded n-gram of a key, for people to read.

    >>> ngram_of(key_of("给力！"))
    '给力!'
    """
    ngram = ""
    while key:
        code = key & 0xFFFF
        if 0xE000 <= code < 0xF000:
            code += 0x1F000 - 0xE000
        ngram = chr(code) + ngram
        key >>= 16
    return ngram
