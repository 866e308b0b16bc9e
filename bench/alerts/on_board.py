"""Whole rules on boards as the worker has them: alerts of brands to which nothing happens.

The fleet's brands, of up to three posts a minute; each post has the content of a real mention:
mood, words, reach, author, signs of spam. Pieces of so many neighbours of the real stream stay
together, as posts of an hour copy each other's mood; which brand they were about is lost. The rules
are those of the shipped catalogue.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np

from bench.alerts import fleet
from bench.alerts.real_mentions import mentions_of, posts_of
from bench.alerts.rhythms import DAY_MIN, Rhythms, fitted
from catalogue.file import SHIPPED, load
from measures.board import Board, BoardSettings
from schemas.alert import Alert, AlertState
from schemas.catalogue import Brand, Catalogue
from schemas.mention import Mention, Tick

LARGEST = 3.0
"""Posts a minute: larger brands would take most of the time."""
POSTS = 100_000
"""Real posts whose mentions are drawn from."""
_PIECE = 20
_TICK_S = 10
"""Seconds between two looks into the open minutes."""
_DISORDER_MS = 30_000
_MINUTE_MS = 60_000
_MONTH_DAYS = 30


class Result(NamedTuple):
    """Alerts of one rule."""

    rule: str
    kind: str
    alerts: int
    a_month: float
    """Per brand and month of 30 days."""
    after_two_days: float
    """The same without the first two days."""


class Results(NamedTuple):
    """All boards together."""

    brands: int
    days: int
    mentions: int
    rules: list[Result]


class _OfBoard(NamedTuple):
    mentions: int
    alerts: list[tuple[str, int]]
    """Rule, and the minute at which it began."""


def results(data: Path, brands: int, days: int, jobs: int, tell: Callable[[str], None]) -> Results:
    """Run `brands` brands for so many days, on a board for each of `jobs` processes."""
    tell("board: reading real mentions")
    catalogue = load(SHIPPED)
    contents = mentions_of(posts_of(data, POSTS), catalogue)
    rhythms = fitted(data / "volumes")
    one = partial(_of_board, contents, rhythms, catalogue, brands, days, jobs)
    done = []
    with ProcessPoolExecutor(jobs) as pool:
        for of_board in pool.map(one, range(jobs)):
            done.append(of_board)
            tell(f"board: {len(done)} of {jobs} parts")
    alerts = [alert for of_board in done for alert in of_board.alerts]
    rules = [_result(rule.id, rule.kind.value, alerts, brands, days) for rule in catalogue.rules]
    return Results(brands, days, sum(of_board.mentions for of_board in done), rules)


def _result(
    rule: str, kind: str, alerts: Sequence[tuple[str, int]], brands: int, days: int
) -> Result:
    begun = [minute for name, minute in alerts if name == rule]
    late = [minute for minute in begun if minute >= 2 * DAY_MIN]
    return Result(
        rule,
        kind,
        len(begun),
        len(begun) / brands * _MONTH_DAYS / days,
        len(late) / brands * _MONTH_DAYS / (days - 2),
    )


def _of_board(
    contents: Sequence[Mention],
    rhythms: Rhythms,
    catalogue: Catalogue,
    brands: int,
    days: int,
    parts: int,
    part: int,
) -> _OfBoard:
    watched = tuple(Brand(id=f"b{number}", name=f"b{number}") for number in range(brands))
    board = Board(BoardSettings(), Catalogue(watched, catalogue.rules), speaks_for_all=part == 0)
    numbers = _numbers(brands)[part::parts]
    posts = np.array(
        [fleet.simulate(*number, rhythms).counts[: days * DAY_MIN] for number in numbers]
    )
    names = [f"b{at}" for at in range(part, brands, parts)]
    rng = np.random.default_rng([5, part])
    drawn = _drawn(rng, contents)
    alerts: list[Alert] = []
    offset = 0
    for minute in range(posts.shape[1]):
        start_ms = fleet.START_MS + minute * _MINUTE_MS
        of_minute = np.repeat(np.arange(len(names)), posts[:, minute])
        seconds = np.sort(rng.random(len(of_minute))) * _MINUTE_MS
        rng.shuffle(of_minute)
        next_ms = start_ms
        for brand, later_ms in zip(of_minute.tolist(), seconds.astype(int).tolist(), strict=True):
            at_ms = start_ms + later_ms
            while next_ms <= at_ms:
                _tick(board, next_ms)
                next_ms += _TICK_S * 1000
            board.apply(_mention(next(drawn), names[brand], offset, at_ms))
            offset += 1
        while next_ms < start_ms + _MINUTE_MS:
            _tick(board, next_ms)
            next_ms += _TICK_S * 1000
        alerts += board.drain().alerts
    return _OfBoard(offset, list(_begun(alerts)))


def _numbers(brands: int) -> list[tuple[int, int]]:
    """Numbers of brands of up to LARGEST in a fleet that has `brands` of them."""
    whole = brands
    while fleet.size_of(brands - 1, whole) > LARGEST:
        whole += 1
    return [(number, whole) for number in range(brands)]


def _drawn(rng: np.random.Generator, contents: Sequence[Mention]) -> Iterator[Mention]:
    while True:
        first = int(rng.integers(len(contents)))
        yield from contents[first : first + _PIECE]


def _mention(content: Mention, brand: str, offset: int, at_ms: int) -> Mention:
    return msgspec.structs.replace(
        content, brand=brand, partition=0, offset=offset, event_time_ms=at_ms
    )


def _tick(board: Board, at_ms: int) -> None:
    board.tick(Tick(sent_at_ms=at_ms, partitions=1, watermarks={0: at_ms - _DISORDER_MS}))


def _begun(alerts: Sequence[Alert]) -> Iterator[tuple[str, int]]:
    firsts = {alert.id: alert for alert in alerts if alert.state is AlertState.FIRING}
    for alert in firsts.values():
        yield alert.rule, (alert.started_at_ms - fleet.START_MS) // _MINUTE_MS


def by_kind(rules: Sequence[Result]) -> Counter[str]:
    """Alerts of each kind of rule."""
    counts: Counter[str] = Counter()
    for one in rules:
        counts[one.kind] += one.alerts
    return counts
