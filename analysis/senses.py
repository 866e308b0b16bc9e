"""Which sense of an ambiguous name is meant, by the words around it.

A linear model over the words near a name and the two on either side of it, one class for each
trade (phones, cars, food, ...) and one for "no brand at all". It was learned from posts that name
brands unmistakably, so it knows how phones are talked about and not how 苹果 is: a brand that
nobody labelled needs nothing but its `trade`. Figures and limits: docs/models/senses.md.
"""

import math
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

import msgspec
import zstandard

from analysis.han_forms import simplified
from analysis.tokens import ends_of
from sources import words

SHIPPED = "senses.lm"
FORMAT = "leimo senses 2"
NO_BRAND = "none"
REACH = 24
"""Code points on either side whose words count."""
BESIDE = 2
"""Tokens on either side that count with their place."""
STEPS = 32
"""A weight of 1 is 32."""

_HAS_LETTER = re.compile(r"[^\W_]")


class SensesError(ValueError):
    """A file of weights that cannot be used; the message names the mend."""


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the weights are of, and where they come from."""

    format: str
    version: str
    classes: tuple[str, ...]
    """The last one is `NO_BRAND`."""
    trades: dict[str, str]
    """Trade of the catalogue -> class."""
    bias: tuple[int, ...]
    slope: float
    offset: float
    """Evidence -> confidence, fitted to names that rules leave open."""
    learned_from: dict[str, int]
    """Source -> contexts."""
    names: dict[str, float] = {}
    """Name, folded and in simplified characters -> log-odds that it means a brand, before anything
    is read, beside those of a name of which nothing is known."""


class _File(msgspec.Struct, frozen=True):
    header: Header
    features: list[str]
    weights: bytes


class Senses:
    """Says how likely a name means the brand."""

    def __init__(self, header: Header, weights: Mapping[str, Sequence[int]]) -> None:
        """`weights`: feature -> one whole number for each class."""
        self.header = header
        self._weights = weights
        self._index = {name: at for at, name in enumerate(header.classes)}

    @property
    def size(self) -> int:
        """How many features have a weight."""
        return len(self._weights)

    @classmethod
    def load(cls, path: Path | None = None) -> "Senses":
        """Read weights from `path`, or those shipped with the package."""
        source = files("analysis").joinpath("models", SHIPPED) if path is None else path
        return cls.from_bytes(source.read_bytes())

    @classmethod
    def from_bytes(cls, raw: bytes) -> "Senses":
        """Read a file. Raises `SensesError` on anything else than a file of this format."""
        try:
            content = msgspec.msgpack.decode(
                zstandard.ZstdDecompressor().decompress(raw), type=_File
            )
        except (zstandard.ZstdError, msgspec.MsgspecError) as error:
            raise SensesError(
                f"not a file of senses ({error}); train one with analysis.training.senses"
            ) from error
        header, width = content.header, len(content.header.classes)
        if header.format != FORMAT or len(content.weights) != width * len(content.features):
            raise SensesError(f"format {header.format!r}: wanted a whole file of {FORMAT!r}")
        rows = memoryview(content.weights).cast("b")
        return cls(
            header,
            {
                feature: tuple(rows[at * width : (at + 1) * width])
                for at, feature in enumerate(content.features)
            },
        )

    def to_bytes(self) -> bytes:
        """The file: the same bytes for the same weights."""
        features = sorted(self._weights)
        packed = b"".join(
            bytes(weight & 0xFF for weight in self._weights[feature]) for feature in features
        )
        content = msgspec.msgpack.encode(_File(self.header, features, packed))
        return zstandard.ZstdCompressor(level=19).compress(content)

    def confidence(
        self,
        trade: str,
        tokens: Sequence[str],
        start: int,
        end: int,
        ends: Sequence[int] = (),
        name: str = "",
    ) -> float:
        """Between 0 and 1: how likely the name at [start, end) means a brand of the trade.

        `name` is what stands there, as the catalogue writes it: 阿里 means the brand more often
        than 大众 does, whatever stands around them.

        `tokens` are those of the folded, masked and simplified text, `ends` what `ends_of` says of
        them, for those who ask of many names. Of a trade that the model
        does not know, half of the evidence for a brand of any trade counts, and has to be for it.
        """
        header = self.header
        evidence = self.evidence(trade, features_of(tokens, start, end, ends))
        if trade in header.trades:
            evidence = header.slope * evidence + header.offset
        if name and header.names:
            evidence += header.names.get(name_key(name), 0.0)
        return 1 / (1 + math.exp(-max(-30.0, evidence)))

    def evidence(self, trade: str, features: Iterator[str]) -> float:
        """Log-odds of the trade against no brand and the likeliest other trade, as learned."""
        sums = list(self.header.bias)
        for feature in features:
            weights = self._weights.get(feature)
            if weights is not None:
                sums = [total + weight for total, weight in zip(sums, weights, strict=True)]
        none = sums.pop()
        at = self._index.get(self.header.trades.get(trade, ""))
        if at is None:
            evidence = (max(sums) - none) / STEPS
            return min(evidence, evidence / 2)
        own = sums.pop(at)
        first, second = sorted((none, max(sums)), reverse=True)
        against = first / STEPS + math.log1p(math.exp((second - first) / STEPS))
        return own / STEPS - against

    def told_by(
        self, trade: str, tokens: Sequence[str], start: int, end: int, name: str = ""
    ) -> list[str]:
        """The words that weigh most for and against, strongest first, with their weights.

        The `name` is one of them, where it weighs anything.
        """
        at = self._index.get(self.header.trades.get(trade, ""))
        if at is None:
            return []
        found = [
            ((weights[at] - weights[-1]) / STEPS, feature.partition(":")[2])
            for feature in features_of(tokens, start, end)
            if (weights := self._weights.get(feature)) is not None
        ]
        if own := self.header.names.get(name_key(name)) if name else None:
            found.append((own, name))
        strongest = sorted(found, key=lambda item: -abs(item[0]))[:5]
        return [f"{word} {weight:+.1f}" for weight, word in strongest if weight]


@lru_cache(maxsize=10_000)
def name_key(name: str) -> str:
    """How a name stands in `Header.names`.

    >>> name_key("Apple"), name_key("聯想")
    ('apple', '联想')
    """
    return simplified(words.fold(name).strip())


@lru_cache(maxsize=1)
def shipped() -> Senses:
    """The shipped model, read once."""
    return Senses.load()


def features_of(
    tokens: Sequence[str], start: int, end: int, ends: Sequence[int] = ()
) -> Iterator[str]:
    """Each word within `REACH` of the name at [start, end), once, and the tokens beside it.

    >>> list(features_of(["买", "了", "小米", "手机"], 2, 4))
    ['p0:了', 'p1:买', 'n0:手机', 'w:买', 'w:了', 'w:手机']
    """
    before: list[str] = []
    after: list[str] = []
    near: dict[str, None] = {}
    ends = ends or ends_of(tokens)
    beside = max(bisect_right(ends, start) - BESIDE, 0)
    at = min(bisect_left(ends, start - REACH), beside)
    position = ends[at - 1] if at else 0
    for number in range(at, len(tokens)):
        token = tokens[number]
        first, position = position, ends[number]
        if position <= start:
            before.append(token)
            is_near = start - position <= REACH
        elif first >= end:
            if first - end > REACH and len(after) >= BESIDE:
                break
            after.append(token)
            is_near = first - end <= REACH
        else:
            continue
        if is_near and not token.isdigit() and _HAS_LETTER.search(token):
            near[token] = None
    yield from _beside("p", before[: -BESIDE - 1 : -1])
    yield from _beside("n", after[:BESIDE])
    for token in near:
        yield f"w:{token}"


def _beside(side: str, tokens: Sequence[str]) -> Iterator[str]:
    if not tokens:
        yield f"{side}0:^"
    for place, token in enumerate(tokens):
        yield f"{side}{place}:{token if _HAS_LETTER.search(token) else '.'}"
