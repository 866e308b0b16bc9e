"""Analyse archived posts on several processes: it takes most of a backtest's time.

What comes of it is the same as on one: a history does not depend on the order of its posts, and
these come in order all the same.
"""

from collections import Counter, deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from typing import NamedTuple

from analysis.groups import Groups
from analysis.shipped import analyser_of
from backtest.history import Analysed, analysed
from schemas.catalogue import Catalogue
from schemas.dead_letter import DropReason
from sources.raw_posts import Line, Lines

_WAITING = 3
"""Batches for each process that are read ahead: bounded memory."""


class Batch(NamedTuple):
    """What came of some lines."""

    posts: list[Analysed]
    refused: Counter[DropReason]
    lines: int


class _Worker:
    """One process: its analyser is built once."""

    def __init__(self, catalogue: Catalogue, reader: Lines) -> None:
        self._analyser, self._groups = analyser_of(catalogue), Groups(catalogue)
        self._reader = reader

    def analyse(self, lines: Sequence[Line]) -> Batch:
        posts, refused = analysed(lines, self._reader, self._analyser, self._groups)
        return Batch(posts, refused, len(lines))


_workers: list[_Worker] = []
"""Of this process, at most one."""


def _begin(catalogue: Catalogue, reader: Lines) -> None:
    _workers[:] = [_Worker(catalogue, reader)]


def _analyse(lines: Sequence[Line]) -> Batch:
    return _workers[0].analyse(lines)


class Analysing:
    """Batches of lines on their way."""

    def __init__(self, pool: ProcessPoolExecutor, jobs: int) -> None:
        self._pool = pool
        self._most = _WAITING * jobs
        self._waiting: deque[Future[Batch]] = deque()

    def take(self, lines: Sequence[Line]) -> Iterator[Batch]:
        """Hand over lines; gives what is done, in order, so that few wait."""
        self._waiting.append(self._pool.submit(_analyse, lines))
        while len(self._waiting) > self._most:
            yield self._waiting.popleft().result()

    def rest(self) -> Iterator[Batch]:
        """What was not yet given."""
        while self._waiting:
            yield self._waiting.popleft().result()


@contextmanager
def analysing(catalogue: Catalogue, reader: Lines, jobs: int) -> Iterator[Analysing]:
    """So many processes, which end when it is left."""
    pool = ProcessPoolExecutor(jobs, initializer=_begin, initargs=(catalogue, reader))
    with pool:
        try:
            yield Analysing(pool, jobs)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
