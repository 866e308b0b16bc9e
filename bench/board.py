"""What counting and looking cost, in one process without a broker, by situation.

    python -m bench board [--brands 6250] [--only live]

One partition of eight has 6,250 of 50,000 brands. CPU seconds of the board alone, by the mention:

- `live`: event time runs at the pace of the clock, with a tick a second;
- `backlog`: a worker catches up with hours of posts, one raw partition read far ahead of the other;
- `years`: a replay, where most mentions open a minute of their own.
"""

import argparse
import hashlib
import random
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from measures.board import Board, BoardSettings
from schemas.catalogue import Brand, Catalogue
from schemas.mention import AnyMention, Mention, Tick
from schemas.rules import SentimentRule, SpikeRule

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
START_MS = 1_767_225_600_000
TICK_EVERY = 5_000
"""Mentions between two ticks of a worker that reads as fast as it can."""
_WORDS = 3_000
RULES = (SpikeRule(id="spike"), SentimentRule(id="mood"))

Stream = Iterator[AnyMention | Tick]


class Cost(NamedTuple):
    """Of one situation."""

    mentions: int
    cpu_s: float
    windows: int
    fingerprint: str
    """Of all windows, alerts and trends: the same before and after a change that only speeds up."""


class Posts:
    """Mentions of brands, some far more often named than others."""

    def __init__(self, brands: int, seed: int = 1) -> None:
        self._random = random.Random(seed)
        self._brands = brands
        self._offsets = [0, 0]

    def mention(self, at_ms: int, raw: int = 0) -> Mention:
        """The next one, at an event time, from a partition of the raw posts."""
        self._offsets[raw] += 1
        number = int(self._brands * self._random.random() ** 3)
        offset = self._offsets[raw]
        return Mention(
            brand=f"brand-{number}",
            offset=offset,
            partition=raw,
            event_time_ms=at_ms,
            author=f"author {self._random.randrange(100_000)}",
            text_hash=self._random.getrandbits(32),
            post=str(offset),
            **self._content(),
        )

    def _content(self) -> dict[str, Any]:
        """What a post says: some words, every fourth one a repost, a third of these without any."""
        some = self._random
        content: dict[str, Any] = {"reach": int(10 ** some.uniform(0, 4))}
        if some.random() < 0.25:
            content |= {"is_repost": True, "original": str(some.randrange(1_000))}
        if "original" in content and some.random() < 1 / 3:
            return content
        terms = {f"word {int(_WORDS * some.random() ** 2)}" for _ in range(some.randrange(1, 9))}
        return content | {"terms": tuple(sorted(terms)), "text": " ".join(sorted(terms))}


def live(brands: int) -> Stream:
    """20 minutes at 100 mentions a second, after a day that is known from a post of each brand."""
    posts, now_ms = Posts(brands), START_MS + DAY_MS
    for number in range(brands):
        yield posts.mention(START_MS + number * DAY_MS // brands)
    for second in range(20 * 60):
        at_ms = now_ms + second * 1000
        for number in range(100):
            yield posts.mention(at_ms + number * 10)
        yield tick(at_ms, at_ms + 1000, at_ms)


def backlog(brands: int) -> Stream:
    """24 hours of 100,000 mentions; of two raw partitions one is read 12 hours ahead."""
    posts, count, ahead = Posts(brands), 100_000, 50_000
    newest = [START_MS, START_MS]
    for number in range(count + ahead):
        for raw, at in ((0, number), (1, number - ahead)):
            if 0 <= at < count:
                newest[raw] = START_MS + at * DAY_MS // count
                yield posts.mention(newest[raw], raw)
        if number % (TICK_EVERY // 10) == 0:
            yield tick(newest[0], START_MS + 30 * DAY_MS, newest[1])
    yield tick(newest[0] + HOUR_MS, START_MS + 30 * DAY_MS, newest[1] + HOUR_MS)


def years(brands: int) -> Stream:
    """Three years of 60,000 mentions."""
    posts, count = Posts(brands), 60_000
    for number in range(count):
        at_ms = START_MS + number * 3 * 365 * DAY_MS // count
        yield posts.mention(at_ms)
        if number % TICK_EVERY == TICK_EVERY - 1:
            yield tick(at_ms, START_MS + 5 * 365 * DAY_MS, at_ms)


SITUATIONS = {"live": live, "backlog": backlog, "years": years}


def tick(first_ms: int, sent_at_ms: int, second_ms: int) -> Tick:
    """The watermarks of both raw partitions."""
    return Tick(sent_at_ms=sent_at_ms, partitions=2, watermarks={0: first_ms, 1: second_ms})


def cost_of(stream: Stream, brands: int) -> Cost:
    """Put a stream through a board; what makes the stream is not counted."""
    watched = tuple(Brand(id=f"brand-{n}", name=f"brand {n}") for n in range(brands))
    board = Board(BoardSettings(), Catalogue(watched, RULES))
    told, mentions, windows, cpu_s = hashlib.sha1(), 0, 0, 0.0
    for item in stream:
        begin_s = time.process_time()
        if not isinstance(item, Tick):
            board.apply(item)
            mentions += 1
            cpu_s += time.process_time() - begin_s
            continue
        board.tick(item)
        output = board.drain()
        cpu_s += time.process_time() - begin_s
        windows += len(output.windows)
        told.update(msgspec.json.encode([output.windows, output.alerts, output.trends]))
    return Cost(mentions, cpu_s, windows, told.hexdigest()[:12])


def main() -> None:
    """Run and print."""
    options = argparse.ArgumentParser(prog="bench board", description=__doc__)
    options.add_argument("--brands", type=int, default=6_250)
    options.add_argument("--only", choices=SITUATIONS)
    given = options.parse_args()
    for name, situation in SITUATIONS.items():
        if given.only in (None, name):
            cost = cost_of(situation(given.brands), given.brands)
            print(
                f"{name:8} {1e6 * cost.cpu_s / cost.mentions:7.1f} us of CPU a mention, "
                f"{cost.mentions:,} mentions, {cost.windows:,} windows, {cost.fingerprint}"
            )
