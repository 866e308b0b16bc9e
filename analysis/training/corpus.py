"""Labelled texts: files of `label<TAB>text` lines, gzipped or not."""

import gzip
import hashlib
import re
import zlib
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from analysis.weights import Input

CLASSES = ("pos", "neg", "neu")
"""Labels in files, in the order of the columns: positive and negative over neutral."""


class CorpusError(ValueError):
    """A file that cannot be learned from; the message names file, line and mend."""


class Corpus(msgspec.Struct, frozen=True):
    """The rows of one file: class numbers (into `CLASSES`) and texts, in the file's order."""

    source: Input
    labels: tuple[int, ...]
    texts: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def classes(self) -> int:
        return len(set(self.labels))

    def only(self, keep: Sequence[bool] | NDArray[np.bool_]) -> "Corpus":
        """The rows where `keep` is true."""
        rows = [i for i, kept in enumerate(keep) if kept]
        return Corpus(
            self.source,
            tuple(self.labels[i] for i in rows),
            tuple(self.texts[i] for i in rows),
        )


STANCES = {"FAVOR": "pos", "AGAINST": "neg", "NONE": "neu"}
_STANCE_HEADER = ["ID", "TARGET", "TEXT", "STANCE"]


def read_corpus(path: Path, kind: str, target: str = "") -> Corpus:
    """Read one file: lines `label<TAB>text`, or those of NLPCC 2016 towards one target.

    Raises `CorpusError` for a line without a tab or with an unknown label."""
    raw = path.read_bytes()
    content = gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw
    labels, texts = [], []
    lines = content.decode("utf-8-sig").split("\n")
    if lines[0].strip().split("\t") == _STANCE_HEADER:
        lines = _stances(lines[1:], target)
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        label, tab, text = line.rstrip("\r").partition("\t")
        if not tab or label not in CLASSES:
            raise CorpusError(
                f"{path.name}, line {number}: label {label[:20]!r}; wanted label<TAB>text "
                f"with a label of {', '.join(CLASSES)}"
            )
        labels.append(CLASSES.index(label))
        texts.append(text)
    digest = hashlib.sha256(raw).hexdigest()
    name = path.name.removesuffix(".gz").removesuffix(".tsv")
    return Corpus(Input(name, kind, len(texts), digest), tuple(labels), tuple(texts))


def _stances(lines: Sequence[str], target: str) -> list[str]:
    """Rows `ID TARGET TEXT STANCE` as `label<TAB>text`, those towards `target` alone."""
    rows = [line.strip("\r").split("\t") for line in lines]
    return [
        f"{STANCES[row[3].strip()]}\t{row[2]}"
        for row in rows
        if len(row) == len(_STANCE_HEADER) and row[1] == target and row[3].strip() in STANCES
    ]


def fold_of(text: str, folds: int) -> int:
    """Which fold a text belongs to: by its content, so that copies stay together.

    >>> fold_of("好", 5) == fold_of("好", 5)
    True
    """
    return zlib.crc32(text.encode("utf-8", "surrogatepass")) % folds


_NO_WORDS = re.compile(r"@[\w-]+|https?://[\w./?=&%#-]+|\[[^\[\]]{1,10}\]|[\W_]")
_TELLING_LENGTH = 9


def trace_of(text: str) -> str:
    """What near copies have in common: no handles, links, [emoticons], signs or blanks.

    A text of few letters is its own trace: 加油 is a word of the language, not a copy.

    >>> trace_of("今天的天气真是太好了！[哈哈]") == trace_of("今天的天气真是太好了 @小王")
    True
    """
    bare = _NO_WORDS.sub("", text)
    return bare if len(bare) >= _TELLING_LENGTH else text
