"""The brand mentions in the shared data from which those to label are drawn.

A mention is a brand in the own words of a text. It is known by a hash of text and brand, so that
labels can be kept without the texts.
"""

import gzip
import hashlib
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import msgspec

from analysis.pipeline import Analyser, Occurrence
from analysis.training.corpus import trace_of
from schemas.mention import Place
from sources.words import own_end

POSTS = ("smp_usual_train3", "smp_virus_train3", "w18_train", "ws_train", "ws_train_stripped")
"""Labelled sets of posts; the others of that folder hold reviews."""

MEASURED = ("sentiment/smp_usual_eval3", "sentiment/smp_virus_eval3", "stance/nlpcc2016_train")
"""Sets that are measured elsewhere: neither they nor near copies of their texts are drawn."""

_HASHTAG = re.compile(r"[#＃][^#＃\n]{1,40}[#＃]")
_HEADLINE = re.compile(r"【[^】\n]{1,120}】")
_AT_ONCE = 512
"""Texts for one question to the model."""


class Source(msgspec.Struct, frozen=True):
    """A text of the data, and what it belongs to."""

    text: str
    origin: str
    """The set that it comes from."""
    group: str
    """What is never split: reposts of one original, posts of one account, copies of one text."""
    year: str = ""


class Pooled(msgspec.Struct, frozen=True):
    """A mention that may be drawn."""

    source: Source
    brand: str
    spans: tuple[tuple[int, int], ...]
    """Where the own words name the brand, code points."""
    place: str
    """`own`, or `hashtag` or `headline` where the brand is named there alone."""
    score: float
    """What the shipped model says of the mood there, -1 to 1."""
    rivals: tuple[tuple[int, int], ...] = ()
    """Where they name other brands."""

    @property
    def own_words(self) -> str:
        return self.source.text[: own_end(self.source.text)]

    @property
    def identity(self) -> str:
        return identity_of(self.source.text, self.brand)


def identity_of(text: str, brand: str) -> str:
    """What a mention is known by: 16 hexadecimal digits of the SHA-256 of text and brand.

    >>> identity_of("小米真好", "xiaomi") == identity_of(" 小米真好\\n", "xiaomi")
    True
    """
    return hash_of(f"{text.strip()}\t{brand}")


def hash_of(content: str) -> str:
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def pool(folder: Path, analyser: Analyser) -> Iterator[Pooled]:
    """Every mention in own words, each text and brand once, in the order of the data."""
    measured = {trace_of(_own(text)) for text in _measured(folder)}
    known: set[tuple[str, str]] = set()
    sources = (
        source
        for source in _sources(folder)
        if analyser.namer.find(source.text) is not None
        and trace_of(_own(source.text)) not in measured
    )
    while some := list(islice(sources, _AT_ONCE)):
        found = analyser.analyse_many([source.text for source in some])
        for source, analysis in zip(some, found, strict=True):
            own = [each for each in analysis.occurrences if each.place is Place.OWN]
            for brand in dict.fromkeys(each.brand for each in own):
                key = (trace_of(analysis.own_words), brand)
                if key not in known:
                    known.add(key)
                    yield _pooled(source, brand, own)


def _pooled(source: Source, brand: str, own: Sequence[Occurrence]) -> Pooled:
    named = [each for each in own if each.brand == brand]
    spans = tuple((each.start, each.end) for each in named)
    rivals = tuple((each.start, each.end) for each in own if each.brand != brand)
    places = {place_of(source.text, span) for span in spans}
    place = "own" if "own" in places else min(places)
    return Pooled(
        source, brand, spans, place, sum(each.score for each in named) / len(named), rivals
    )


def place_of(text: str, span: tuple[int, int]) -> str:
    """Whether a name stands in a hashtag, in a headline, or among the words.

    >>> place_of("#小米发布会# 走起", (1, 3)), place_of("【小米降价】今天", (1, 3))
    ('hashtag', 'headline')
    """
    for place, pattern in (("hashtag", _HASHTAG), ("headline", _HEADLINE)):
        if any(m.start() <= span[0] and span[1] <= m.end() for m in pattern.finditer(text)):
            return place
    return "own"


def _own(text: str) -> str:
    return text[: own_end(text)]


def _sources(folder: Path) -> Iterator[Source]:
    yield from _statuses(folder / "stream" / "weibo_statuses.ndjson.gz")
    for fields in _rows(folder / "spam" / "posts.tsv.gz"):
        if len(fields) > 2:
            yield Source(fields[2].strip(), f"spam-{fields[0]}", f"account {fields[1]}")
    for name in POSTS:
        for fields in _rows(folder / "sentiment" / f"{name}.tsv.gz"):
            if len(fields) > 1:
                text = fields[1].strip()
                yield Source(text, name, f"text {hash_of(trace_of(text))}")


def _statuses(path: Path) -> Iterator[Source]:
    with gzip.open(path) as lines:
        for line in lines:
            status = msgspec.json.decode(line)
            original = status.get("retweeted_status") or status
            year = status["created_at"].rsplit(" ", 1)[-1]
            yield Source(status["text"].strip(), "stream", f"original {original['id']}", year)


def _measured(folder: Path) -> Iterator[str]:
    for name in MEASURED:
        column = 2 if name.startswith("stance") else 1
        for fields in _rows(folder / f"{name}.tsv.gz"):
            if len(fields) > column:
                yield fields[column].strip()


def _rows(path: Path) -> Iterator[list[str]]:
    with gzip.open(path, "rt", encoding="utf-8-sig", newline="\n") as rows:
        for row in rows:
            yield row.rstrip("\r\n").split("\t")
