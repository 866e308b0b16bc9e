"""Throw broken records at both stages, as many as wanted: `python -m tests.agents.fuzzing --help`.

Each record has to end as a post that is counted, a repeat, or a dead letter with a reason of the
closed list; each mention has to be one that `measure` can read and count; nothing may escape.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from heapq import nlargest
from itertools import chain, islice
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from agents.analyse import AnalyseStage
from analysis.groups import Groups
from analysis.shipped import analyser_of
from bench.posts import read_posts
from catalogue.file import load
from feeds.simulate.stream import Simulation
from kafka_io.settings import Settings
from measures.board import Board, BoardSettings
from schemas.catalogue import Catalogue
from schemas.dead_letter import DropReason
from schemas.mention import MentionOrTick
from schemas.topics import MENTIONS, POSTS_DEAD
from streams.metrics import Metrics
from tests.agents.mutations import mutated
from tests.agents.slow_texts import texts
from tests.kafka_io.records import record

BATCH = 500
_mention = msgspec.json.Decoder(MentionOrTick).decode
_CATALOGUE = Path(__file__).parents[2] / "catalogue" / "catalogue.yml"


def status(text: str, post_id: int = 1) -> bytes:
    """A status of Weibo with the text, and a repost of it in every fifth."""
    found = {"id": post_id, "text": text, "created_at": "Sun Jan 02 00:21:45 +0800 2011"}
    if post_id % 5 == 0:
        found |= {"text": "转发微博", "retweeted_status": {"id": 9, "text": text}}
    return msgspec.json.encode(found)


class Outcome(NamedTuple):
    """Where the records ended."""

    posts: int
    repeats: int
    mentions: int
    dead: Counter[str]
    """By reason."""

    @property
    def records(self) -> int:
        return self.posts + self.repeats + self.dead.total()


def simulated_posts(count: int) -> list[bytes]:
    """Statuses of the simulator: no file is needed."""
    plan = Simulation(start_ms=1_325_376_000_000, rate=200.0)
    due = (post.value for batch in plan.batches() for post in batch)
    return list(islice(due, count))


class Fuzzer:
    """Both stages as a worker has them, without a broker."""

    def __init__(self, catalogue: Catalogue) -> None:
        settings = Settings(broker="127.0.0.1:1", partitions=1)
        analyser = analyser_of(catalogue)
        self._metrics = Metrics()
        self._analyse = AnalyseStage(
            settings, self._metrics, analyser, Groups(catalogue), lambda: 0
        )
        self._analyse.open([0])
        self._board = Board(BoardSettings(), catalogue)
        self._mentions = 0
        self._dead: Counter[str] = Counter()
        self._next_offset = 0

    def next_id(self) -> int:
        """An id that no post had."""
        return self._next_offset + 1

    def feed(self, values: Sequence[bytes]) -> None:
        """One batch through analysis and counting."""
        first, self._next_offset = self._next_offset, self._next_offset + len(values)
        headers = (("source", b"weibo"), ("received_at", b"1700000000000"))
        records = [
            record(value, offset=first + index, headers=headers)
            for index, value in enumerate(values)
        ]
        for row in self._analyse.step(0, records):
            if row.topic == POSTS_DEAD.name:
                self._dead[DropReason(dict(row.headers)["reason"].decode()).value] += 1
            elif row.topic == MENTIONS.name:
                self._apply(row.value)
        self._board.drain()

    def outcome(self) -> Outcome:
        posts = sum(_samples(self._metrics.posts))
        repeats = sum(_samples(self._metrics.repeats))
        return Outcome(int(posts), int(repeats), self._mentions, self._dead)

    def _apply(self, value: bytes | None) -> None:
        mention: Any = _mention(value or b"")
        self._board.apply(mention)
        self._mentions += 1


def _samples(counter: Any) -> Iterator[float]:
    for family in counter.collect():
        yield from (sample.value for sample in family.samples if sample.name.endswith("_total"))


def fuzz(fuzzer: Fuzzer, values: Iterable[bytes]) -> Outcome:
    """All values, in batches."""
    source = iter(values)
    while batch := list(islice(source, BATCH)):
        fuzzer.feed(batch)
    return fuzzer.outcome()


class Cost(NamedTuple):
    """What a text took in both stages."""

    ms: float
    """CPU time, the least of three times."""
    text: str

    @property
    def us_a_character(self) -> float:
        return self.ms * 1000 / max(len(self.text), 1)


_FEW = 3
_ONCE_MORE_FROM_MS = 20
_LENGTHS = (1_000, 5_000, 20_000)


def slowest(fuzzer: Fuzzer, catalogue: Catalogue, seed: int, count: int) -> list[Cost]:
    """The texts that cost most a character, and those that cost most."""
    costs = []
    each = zip(*(texts(catalogue, seed, length) for length in _LENGTHS), strict=False)
    for text in islice(chain.from_iterable(each), count):
        ms = _cost_ms(fuzzer, text)
        if ms > _ONCE_MORE_FROM_MS:
            ms = min(ms, *(_cost_ms(fuzzer, text) for _ in range(2)))
        costs.append(Cost(ms, text))
    found = nlargest(_FEW, costs, key=lambda cost: cost.us_a_character)
    return list(dict.fromkeys([*found, *nlargest(_FEW, costs)]))


def _cost_ms(fuzzer: Fuzzer, text: str) -> float:
    value = status(text, fuzzer.next_id())
    started_s = time.process_time()
    fuzzer.feed([value])
    return (time.process_time() - started_s) * 1000


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.agents.fuzzing",
        description="Break posts in every way and see that each ends somewhere.",
    )
    parser.add_argument("posts", nargs="?", type=Path, help="NDJSON of statuses (simulated ones)")
    parser.add_argument("--records", type=int, default=1_000_000, help="how many (1,000,000)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--texts", type=int, default=3_000, help="made to be slow (3,000)")
    chosen = parser.parse_args(arguments)
    posts = read_posts(chosen.posts, 50_000) if chosen.posts else simulated_posts(20_000)
    started = time.monotonic()
    catalogue = load(_CATALOGUE)
    fuzzer = Fuzzer(catalogue)
    outcome = fuzz(fuzzer, islice(mutated(posts, chosen.seed), chosen.records))
    lines = [
        f"{outcome.records:,} records, {len(posts):,} statuses, seed {chosen.seed}",
        f"{time.monotonic() - started:>12.0f} s",
        f"{outcome.posts:>12,} posts with {outcome.mentions:,} mentions",
        f"{outcome.repeats:>12,} repeats",
        *(f"{count:>12,} dead: {reason}" for reason, count in outcome.dead.most_common()),
    ]
    costs = slowest(fuzzer, catalogue, chosen.seed, chosen.texts)
    lines += [f"{chosen.texts:,} texts that are made to be slow; the slowest:"]
    lines += [
        f"{cost.ms:>9.1f} ms {cost.us_a_character:>6.1f} µs a character of {len(cost.text):,}: "
        f"{cost.text[:40]!r}"
        for cost in costs
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    return 0 if outcome.records == chosen.records else 1


if __name__ == "__main__":
    sys.exit(main())
