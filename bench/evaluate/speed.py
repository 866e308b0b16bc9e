"""Posts a second on one core, and where the time goes."""

import gc
import gzip
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from analysis.brands import Matcher
from analysis.clauses import Bounds
from analysis.pipeline import Analyser
from analysis.sentiment import NOTHING_SAID, Sentiment
from analysis.shipped import analyser_of
from analysis.stances import Stance
from analysis.tokens import tokenizer_named
from catalogue.file import SHIPPED, load
from schemas.catalogue import Brand, Catalogue
from schemas.post import Post
from sources.parsing import parse

POSTS = 40_000
BATCH = 500
PASSES = 4
_RECEIVED_MS = 1_700_000_000_000


class Result(NamedTuple):
    """Microseconds a post, the best of some passes for each batch, summed."""

    catalogue: str
    hits: float
    parse_us: float
    find_us: float
    judge_us: float
    """Everything between the names and the mentions but the mood: context, own words cut into
    tokens, intents, signs of spam, language, terms."""
    mood_us: float
    all_us: float

    @property
    def posts_a_s(self) -> float:
        return 1e6 / self.all_us


def results(folder: Path) -> Iterator[Result]:
    """Under the shipped catalogue, and under 50,000 names of companies."""
    lines = _lines(folder)
    shipped = load(SHIPPED)
    names = _company_names(folder)
    many = Catalogue(
        tuple(Brand(id=f"b{at}", name=name) for at, name in enumerate(names)),
        intents=shipped.intents,
    )
    count = sum(1 + len(brand.aliases) for brand in shipped.brands)
    yield _measure(f"shipped, {count:,} names", lines, shipped)
    yield _measure(f"{len(names):,} names of 2-6 characters", lines, many)


def _measure(name: str, lines: Sequence[bytes], catalogue: Catalogue) -> Result:
    analyser = analyser_of(catalogue)
    matcher = Matcher(analyser.brands, tokenizer_named())
    chunks = [lines[at : at + BATCH] for at in range(0, len(lines), BATCH)]
    posts = [_parsed(chunk) for chunk in chunks]
    gc.collect()
    gc.freeze()
    offsets = range(BATCH)
    whole = _best_us(lambda chunk: _analysed(analyser, chunk), chunks)
    found = [analyser.mentions_many(batch, 0, offsets[: len(batch)]) for batch in posts]
    hits = sum(bool(mentions) for batch in found for mentions in batch) / len(lines)
    moodless = Analyser(analyser.brands, _Silent(), tokenizer_named(), catalogue.intents)
    parse_us = _best_us(_parsed, chunks)
    find_us = _best_us(lambda batch: [matcher.find(post.text) for post in batch], posts)
    judged_us = _best_us(lambda batch: _mentioned(moodless, batch), posts)
    mentioned_us = _best_us(lambda batch: _mentioned(analyser, batch), posts)
    stages = (parse_us, find_us, judged_us - find_us, mentioned_us - judged_us, whole)
    return Result(name, hits, *(stage / len(lines) for stage in stages))


class _Silent:
    """Stands in for the models, to tell what the rest costs."""

    def score(self, _text: str) -> Sentiment:
        return NOTHING_SAID

    def towards(
        self, _text: str, _start: int, _end: int, _rivals: Sequence[Bounds] = ()
    ) -> Sentiment:
        return NOTHING_SAID

    def towards_many(self, stances: Sequence[Stance]) -> list[Sentiment]:
        return [NOTHING_SAID] * len(stances)


def _best_us(work: Callable[[Any], object], batches: Sequence[Any]) -> float:
    best = [float("inf")] * len(batches)
    for _ in range(PASSES):
        for at, batch in enumerate(batches):
            started = time.process_time()
            work(batch)
            best[at] = min(best[at], time.process_time() - started)
    return sum(best) * 1e6


def _parsed(chunk: Sequence[bytes]) -> list[Post]:
    return [parse("weibo", line, _RECEIVED_MS) for line in chunk]


def _mentioned(analyser: Analyser, posts: Sequence[Post]) -> object:
    return analyser.mentions_many(posts, 0, range(len(posts)))


def _analysed(analyser: Analyser, chunk: Sequence[bytes]) -> object:
    return _mentioned(analyser, _parsed(chunk))


def _lines(folder: Path) -> list[bytes]:
    with gzip.open(folder / "stream" / "weibo_statuses.ndjson.gz") as lines:
        return list(islice(lines, 0, POSTS * 6, 6))


def _company_names(folder: Path) -> list[str]:
    file = folder / "brands" / "Company-Shorter-Form_280k.txt.gz"
    listed = {name.strip() for name in gzip.decompress(file.read_bytes()).decode().split("\n")}
    fitting = sorted(name for name in listed if 2 <= len(name) <= 6)
    return Random(1).sample(fitting, 50_000)
