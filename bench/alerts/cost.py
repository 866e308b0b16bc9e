"""What the rules cost of a worker's CPU: `python -m bench.alerts.cost`.

Both stages, without a broker. `analyse` reads real statuses. `measure` reads what they mention,
over and over with other authors, at a steady rate of event time, and a tick every quarter of a
second that makes the feed live, so that open minutes are looked at as in a worker; its state is
encoded at each tick. It starts from a changelog of half an hour at the same rate, so that baselines
are warm.

    share = (measure with rules - measure without) / (analyse + measure with rules)

CPU time, runs interleaved. Two things make the true share smaller: Kafka's part of a worker's CPU
is left out, and what is paid for each brand and minute is shared by more posts at a higher rate.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import msgspec

from agents.analyse import AnalyseStage
from agents.measure import MeasureStage
from analysis.groups import Groups
from analysis.shipped import analyser_of
from bench import dictionaries
from bench.alerts.real_mentions import posts_of
from catalogue.file import load
from kafka_io.settings import Settings
from schemas.catalogue import Catalogue
from schemas.mention import Mention, Tick
from schemas.topics import MENTIONS
from streams.metrics import Metrics
from tests.kafka_io.records import record

POSTS = 40_000
_ALL_POSTS = 1_000_000
LARGE = 50_000
"""Names of the large dictionary."""
RATE = 6_000
"""Posts a second of event time; at 30,000 the half hour before takes half an hour."""
WARM_S, TIMED_S = 31 * 60, 90
RUNS = 4
START_MS = 1_700_000_040_000
"""A full minute."""

_TICK_MS, _WARM_TICK_MS = 250, 10_000
_DISORDER_MS = 30_000
_BATCH = 500
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Mention).decode


class Result(NamedTuple):
    """A dictionary."""

    dictionary: str
    posts_a_s: int
    """Of event time."""
    mentions_a_post: float
    analyse_us: float
    """CPU time for each post."""
    counting_us: float
    """`measure` without any rule, for each post."""
    rules_us: float
    """What the rules add, for each post: the median of the runs."""
    share: float
    """Of all three."""
    least: float
    most: float
    """Over the runs."""


class _Measure:
    """A stage with one partition."""

    def __init__(self, catalogue: Catalogue) -> None:
        settings = Settings(broker="127.0.0.1:1", partitions=1)
        self.stage = MeasureStage(settings, Metrics(), catalogue)
        self.stage.open([0])

    def feed(self, records: Sequence[Any], changelog: dict[bytes, bytes]) -> None:
        """Count a batch and keep what the changelog holds then."""
        self.stage.step(0, records)
        for row in self.stage.state_rows(0):
            key = row.key or b""
            if row.value is None:
                changelog.pop(key, None)
            else:
                changelog[key] = row.value


def results(data: Path, rate: int, runs: int, tell: Callable[[str], None]) -> Iterator[Result]:
    """For the shipped catalogue, and for a large one where the names are there."""
    posts = posts_of(data, _ALL_POSTS)
    posts = posts[:: -(-len(posts) // POSTS)]
    names = data / "brands" / "Company-Shorter-Form_280k.txt.gz"
    with tempfile.TemporaryDirectory() as folder:
        small, large = Path(folder, "small.yml"), Path(folder, "large.yml")
        label = f"shipped, {dictionaries.shipped(small):,} names"
        yield _result(label, load(small), posts, rate, runs, tell)
        if names.is_file():
            label = f"{dictionaries.companies(large, names, LARGE):,} names"
            rules = load(small).rules
            catalogue = msgspec.structs.replace(load(large), rules=rules)
            yield _result(label, catalogue, posts, rate, runs, tell)


def _result(
    label: str,
    catalogue: Catalogue,
    posts: Sequence[bytes],
    rate: int,
    runs: int,
    tell: Callable[[str], None],
) -> Result:
    tell(f"cost, {label}: analysing")
    analyse_us, mentions = _analysed(catalogue, posts)
    a_post = len(mentions) / len(posts)
    without = msgspec.structs.replace(catalogue, rules=())
    stream = _Stream(mentions, rate * a_post)
    tell(f"cost, {label}: half an hour before, {WARM_S * rate * a_post:,.0f} mentions")
    warm: dict[bytes, bytes] = {}
    measure = _Measure(catalogue)
    for records in stream.batches(0, WARM_S, every_ms=_WARM_TICK_MS):
        measure.feed(records, warm)
    timed = list(stream.batches(WARM_S, TIMED_S, every_ms=_TICK_MS))
    timed_posts = rate * TIMED_S
    costs: list[tuple[float, float]] = []
    for number in range(runs):
        tell(f"cost, {label}: run {number + 1} of {runs}")
        pair = [_cpu_us(one, warm, timed) / timed_posts for one in (without, catalogue)]
        costs.append((pair[0], pair[1]))
    shares = sorted((rules - plain) / (analyse_us + rules) for plain, rules in costs)
    return Result(
        label,
        rate,
        a_post,
        analyse_us,
        median(plain for plain, _ in costs),
        median(rules - plain for plain, rules in costs),
        median(shares),
        shares[0],
        shares[-1],
    )


def _analysed(catalogue: Catalogue, posts: Sequence[bytes]) -> tuple[float, list[Mention]]:
    """CPU time for each post, and the mentions as they stand in the topic."""
    settings = Settings(broker="127.0.0.1:1", partitions=1)
    stage = AnalyseStage(
        settings, Metrics(), analyser_of(catalogue), Groups(catalogue), lambda: START_MS
    )
    stage.open([0])
    headers = (("source", b"weibo"), ("received_at", str(START_MS).encode()))
    records = [record(value, offset=at, headers=headers) for at, value in enumerate(posts)]
    values: list[bytes] = []
    cpu_s = time.process_time()
    for first in range(0, len(records), _BATCH):
        rows = stage.step(0, records[first : first + _BATCH])
        values += [row.value for row in rows if row.topic == MENTIONS.name and row.value]
    cpu_s = time.process_time() - cpu_s
    return cpu_s / len(posts) * 1e6, [_decode(value) for value in values]


class _Stream:
    """The mentions over and over, so many a second."""

    def __init__(self, mentions: Sequence[Mention], a_second: float) -> None:
        self._mentions = mentions
        self._a_second = a_second

    def batches(self, from_s: int, seconds: int, every_ms: int) -> Iterator[list[Any]]:
        """A batch and its tick for each `every_ms`."""
        number = int(from_s * self._a_second)
        for at_ms in range(from_s * 1000, (from_s + seconds) * 1000, every_ms):
            until = int((at_ms + every_ms) / 1000 * self._a_second)
            now_ms = START_MS + at_ms + every_ms
            batch = [record(_encode(self._mention(at))) for at in range(number, until)]
            tick = Tick(sent_at_ms=now_ms, partitions=1, watermarks={0: now_ms - _DISORDER_MS})
            batch.append(record(_encode(tick)))
            number = until
            yield batch

    def _mention(self, number: int) -> Mention:
        again, at = divmod(number, len(self._mentions))
        mention = self._mentions[at]
        return msgspec.structs.replace(
            mention,
            offset=number,
            event_time_ms=START_MS + int(number / self._a_second * 1000),
            author=f"{mention.author}/{again}",
            post=f"{mention.post}/{again}",
            text_hash=(mention.text_hash + again) & 0xFFFFFFFF,
        )


def _cpu_us(
    catalogue: Catalogue, warm: dict[bytes, bytes], timed: Sequence[Sequence[Any]]
) -> float:
    measure = _Measure(catalogue)
    measure.stage.restore(0, warm.items())
    cpu_s = time.process_time()
    for records in timed:
        for first in range(0, len(records), _BATCH):
            measure.stage.step(0, records[first : first + _BATCH])
        measure.stage.state_rows(0)
    return (time.process_time() - cpu_s) * 1e6


def main() -> int:
    root = Path(__file__).resolve().parents[2]
    parser = argparse.ArgumentParser(prog="python -m bench.alerts.cost", description=__doc__)
    parser.add_argument("--data", type=Path, default=root.parent / "shared" / "data")
    parser.add_argument("--rate", type=int, default=RATE, help="posts a second of event time")
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--only-shipped", action="store_true", help="without the large dictionary")
    given = parser.parse_args()
    found = results(
        given.data, given.rate, given.runs, lambda text: print(text, file=sys.stderr, flush=True)
    )
    for result in islice(found, 1 if given.only_shipped else 2):
        print(result)
    return 0


if __name__ == "__main__":
    sys.exit(main())
