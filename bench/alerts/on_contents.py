"""The worker's rule for more posts on boards, with posts that have contents.

The fleet's brands of 0.1 to 10 posts a minute, where numbers alone see half of the bursts: their
usual hours vary as much. The same rates, bursts and cascades as in `on_fleet`; the posts are those
of `contents`. A board is ticked every ten seconds in which something is posted, and the delay is
counted to that tick.
"""

import copy
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np

from bench.alerts import bursts, fleet
from bench.alerts.contents import Cascade, Talk, Timed, cascades_of
from bench.alerts.fleet import CLASSES
from bench.alerts.on_fleet import Bursts, sizes_label, summed_up
from bench.alerts.real_mentions import posts_of
from bench.alerts.rhythms import DAY_MIN, Floats, Rhythms, fitted
from bench.alerts.trial import WITHIN_MIN, Found
from catalogue.file import SHIPPED, load
from measures.board import Board, BoardSettings
from schemas.alert import Alert, AlertState
from schemas.catalogue import Brand, Catalogue
from schemas.mention import Tick
from schemas.rules import RuleKind

POSTS = 20_000
"""Real posts whose cascades are drawn from."""
DAYS = 21
FACTORS = (3.0, 5.0, 10.0)
PER_FACTOR = 4
SIZES = (0.1, 10.0)
KINDS = ("reposts of one original", "own words about one thing")
_LEARNING_MIN = 7 * DAY_MIN
_MARGIN_MIN = 180
_TICK_MS = 10_000
_MINUTE_MS = 60_000
_DISORDER_MS = 30_000
_MONTH_DAYS = 30
_BRAND = "b"


class OfKind(NamedTuple):
    """Bursts of one kind of content."""

    kind: str
    bursts: list[Bursts]


class Quiet(NamedTuple):
    """Alerts of a class of sizes without any burst."""

    sizes: str
    brands: int
    alerts_a_month: float
    """Per brand and month of 30 days."""
    after_a_week: float
    """The same without the first week."""


class Result(NamedTuple):
    """All of them."""

    quiet: list[Quiet]
    kinds: list[OfKind]


class _OfBrand(NamedTuple):
    size: float
    alerts: list[int]
    """Minutes."""
    found: list[tuple[float, str, bool, Found]]
    """Factor asked for, kind, whether it was raised, outcome."""


def results(
    data: Path,
    brands: int,
    jobs: int,
    tell: Callable[[str], None],
    seed: int = fleet.SEED,
) -> Result:
    """Run so many brands, each on a board of its own, on `jobs` processes."""
    tell("contents: reading real cascades")
    cascades = cascades_of(posts_of(data, POSTS))
    one = partial(
        _of_brand, fitted(data / "volumes"), bursts.cascades(data / "volumes"), cascades, seed
    )
    found = []
    with ProcessPoolExecutor(jobs) as pool:
        for of_brand in pool.map(one, numbers_of(brands)[::-1]):
            found.append(of_brand)
            tell(f"contents: {len(found)} of {brands} brands")
    return Result(list(_quiet(found)), list(_kinds(found)))


def numbers_of(brands: int) -> list[tuple[int, int]]:
    """Number and fleet of so many brands of SIZES.

    >>> len(numbers_of(12))
    12
    """
    whole = brands
    while True:
        listed = [
            (number, whole)
            for number in range(whole)
            if SIZES[0] <= fleet.size_of(number, whole) < SIZES[1]
        ]
        if len(listed) >= brands:
            return listed[:brands]
        whole += 1


def _of_brand(
    rhythms: Rhythms,
    shapes: Sequence[Floats],
    cascades: Sequence[Cascade],
    seed: int,
    numbered: tuple[int, int],
) -> _OfBrand:
    brand = fleet.simulate(*numbered, rhythms, seed)
    minutes = DAYS * DAY_MIN
    rng = np.random.default_rng([seed, 6, *numbered])
    talk = Talk(rng, cascades)
    posts = talk.usual(brand.rate[:minutes], brand.fano)
    usual = brand.usual[:minutes]
    wanted = []
    for number in range(len(FACTORS) * PER_FACTOR):
        factor = FACTORS[number // PER_FACTOR]
        peak = int(rng.integers(_LEARNING_MIN, minutes - _MARGIN_MIN))
        shape = shapes[int(rng.integers(len(shapes)))]
        burst = bursts.put_in(rng, shape, usual, peak, factor, 1)
        is_cascade = number % 2 == 0
        wanted.append((factor, is_cascade, burst, talk.of_burst(burst, is_cascade=is_cascade)))
    wanted.sort(key=lambda one: one[2].start)
    run = _Run(posts)
    found = []
    for factor, is_cascade, burst, own in wanted:
        run.until(burst.start * _MINUTE_MS)
        outcome = _with_burst(run, burst.start, burst.earnest, own)
        found.append((factor, KINDS[not is_cascade], burst.is_raised, outcome))
    run.until(minutes * _MINUTE_MS)
    return _OfBrand(brand.size, [at_ms // _MINUTE_MS for at_ms in run.begun], found)


def _with_burst(run: "_Run", start: int, earnest: int, own: Sequence[Timed]) -> Found:
    other = run.copied(own)
    known = len(other.begun)
    for minute in range(start + 1, earnest + WITHIN_MIN + 1):
        other.until(minute * _MINUTE_MS)
        if len(other.begun) > known:
            delay_min = other.begun[known] / _MINUTE_MS - earnest
            return Found(is_found=True, delay_min=max(0.0, delay_min))
    return Found(is_found=False, delay_min=float("nan"))


class _Run:
    """A board with one brand, and the posts to come."""

    def __init__(self, posts: Sequence[Timed]) -> None:
        rules = tuple(rule for rule in load(SHIPPED).rules if rule.kind is RuleKind.SPIKE)
        catalogue = Catalogue((Brand(id=_BRAND, name=_BRAND),), rules)
        self._board = Board(BoardSettings(), catalogue)
        self._posts = posts
        self._next = 0
        self._offset = 0
        self._ticked_ms = 0
        self.begun: list[int] = []
        """When alerts were raised, ms since the begin of the series."""
        self._tick(0)

    def copied(self, own: Sequence[Timed]) -> "_Run":
        """The same board, with more posts to come."""
        other = copy.copy(self)
        other._board = copy.deepcopy(self._board)
        last_ms = own[-1].at_ms if own else 0
        usual = []
        for post in self._posts[self._next :]:
            if post.at_ms > last_ms:
                break
            usual.append(post)
        other._posts = sorted([*usual, *own], key=lambda one: one.at_ms)
        other._next = 0
        other.begun = list(self.begun)
        return other

    def until(self, end_ms: int) -> None:
        """Let time pass."""
        while self._next < len(self._posts) and self._posts[self._next].at_ms < end_ms:
            at_ms = self._posts[self._next].at_ms
            self._pass_until(at_ms - at_ms % _TICK_MS)
            until_ms = at_ms - at_ms % _TICK_MS + _TICK_MS
            while self._next < len(self._posts) and self._posts[self._next].at_ms < until_ms:
                self._apply(self._posts[self._next])
                self._next += 1
            self._tick(until_ms)
        self._pass_until(end_ms)

    def _pass_until(self, end_ms: int) -> None:
        for later_ms in (2 * _MINUTE_MS, 4 * _MINUTE_MS):
            if self._ticked_ms + later_ms < end_ms:
                self._tick(self._ticked_ms + later_ms)
        if end_ms > self._ticked_ms:
            self._tick(end_ms)

    def _apply(self, post: Timed) -> None:
        self._offset += 1
        self._board.apply(
            msgspec.structs.replace(
                post.content,
                brand=_BRAND,
                partition=0,
                offset=self._offset,
                event_time_ms=fleet.START_MS + post.at_ms,
                post=str(self._offset),
            )
        )

    def _tick(self, at_ms: int) -> None:
        self._ticked_ms = at_ms
        now_ms = fleet.START_MS + at_ms
        self._board.tick(Tick(now_ms, partitions=1, watermarks={0: now_ms - _DISORDER_MS}))
        self.begun += [at_ms for alert in self._board.drain().alerts if _begins(alert)]


def _begins(alert: Alert) -> bool:
    return alert.state is AlertState.FIRING and alert.revision == 0 and alert.brand == _BRAND


def _classes(found: Sequence[_OfBrand]) -> Iterator[tuple[str, list[_OfBrand]]]:
    for number in range(len(CLASSES)):
        of_class = [one for one in found if fleet.class_of(one.size) == number]
        if of_class:
            yield sizes_label(number), of_class
    yield "all", list(found)


def _quiet(found: Sequence[_OfBrand]) -> Iterator[Quiet]:
    for label, of_class in _classes(found):
        alerts = [minute for one in of_class for minute in one.alerts]
        late = [minute for minute in alerts if minute >= _LEARNING_MIN]
        days = len(of_class) / _MONTH_DAYS
        yield Quiet(label, len(of_class), len(alerts) / days / DAYS, len(late) / days / (DAYS - 7))


def _kinds(found: Sequence[_OfBrand]) -> Iterator[OfKind]:
    for kind in KINDS:
        rows = []
        for label, of_class in _classes(found):
            for factor in FACTORS:
                listed = [
                    (is_raised, one)
                    for brand in of_class
                    for asked, of_kind, is_raised, one in brand.found
                    if asked == factor and of_kind == kind
                ]
                raised = sum(is_raised for is_raised, _ in listed) / len(listed)
                rows.append(summed_up(label, factor, [one for _, one in listed], raised))
        yield OfKind(kind, rows)
