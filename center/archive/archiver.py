"""Keep the files of an archive equal to what the store takes in."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from itertools import chain
from typing import Any

from center.archive.files import Archive, ArchiveError, merged
from center.metrics import CenterMetrics
from center.store.archiving import Due, Kind
from center.store.database import Row
from center.store.opening import SqlStore
from center.store.protocol import DAY_MS, HOUR_MS
from schemas.deletion import Deletion
from schemas.forgotten import Forgotten

log = logging.getLogger(__name__)

_EVERY_S = 600.0
_AFTER_MS = HOUR_MS + HOUR_MS // 2
"""An hour is written first when half an hour has gone after it: most late posts are in by then."""
_MOST_DELETIONS = 50_000

_EXPECTED = (ArchiveError, OSError)
Write = Callable[..., Awaitable[Any]]
"""Does something in the one thread that writes to the store."""


class Archiver:
    """Writes the hours that lack something, in rounds.

    A file is what it held before, with what the store holds of the brands that are due over it. So
    it keeps what the store dropped or lost, and a round that is killed is made again.
    """

    def __init__(
        self,
        archive: Archive,
        store: SqlStore,
        write: Write,
        metrics: CenterMetrics,
        *,
        days: int,
    ) -> None:
        self._archive = archive
        self._store = store
        self._write = write
        self._metrics = metrics
        self._days = days
        self._is_told = False

    async def run(
        self, clock_ms: Callable[[], int], is_near: Callable[[], Awaitable[bool]]
    ) -> None:
        """A round each ten minutes, while the store is up to date; until cancelled."""
        while True:
            if await is_near():
                await self.round(clock_ms())
            await asyncio.sleep(_EVERY_S)

    async def round(self, now_ms: int) -> int:
        """Write what is due, take out what was taken back, remove what is too old.

        Returns how often something could not be done; it stays due. A folder or a database that is
        away ends no center.
        """
        failures = 0

        async def locked() -> None:
            nonlocal failures
            with self._archive.locked() as is_ours:
                if is_ours:
                    failures = await self._round(now_ms)
                elif not self._is_told:
                    log.info("another center writes the archive; this one does not")
                    self._is_told = True

        return failures if await self._tried(locked) else failures + 1

    async def _round(self, now_ms: int) -> int:
        # First what was taken back, then the hours that are due with it: see the sweep.
        taken_back = await asyncio.to_thread(self._store.unswept, _MOST_DELETIONS)
        before_ms = now_ms - _AFTER_MS
        failures = 0
        for kind, hour_ms in await asyncio.to_thread(self._store.due_hours, before_ms):
            failures += not await self._tried(self._rewrite, kind, hour_ms)
        if taken_back and not failures:
            failures += not await self._tried(self._sweep, taken_back, now_ms)
        oldest_ms = now_ms - self._days * DAY_MS
        failures += not await self._tried(
            lambda: asyncio.to_thread(self._archive.remove_before, oldest_ms)
        )
        left = await asyncio.to_thread(self._store.due_hours, before_ms)
        self._metrics.due.set(len(left))
        if not failures:
            self._metrics.round_at.set(now_ms / 1000)
        return failures

    async def _tried(self, work: Callable[..., Awaitable[Any]], *arguments: Any) -> bool:
        try:
            await work(*arguments)
        except _EXPECTED as error:
            self._failed(error)
            return False
        except self._store.outages as error:
            self._failed(error)
            return False
        return True

    def _failed(self, error: Exception) -> None:
        log.error("the archive lacks something, trying again later: %s", error)
        self._metrics.failures.inc()

    async def _rewrite(self, kind: Kind, hour_ms: int) -> None:
        due = await asyncio.to_thread(self._store.due, kind, hour_ms)

        def write() -> int:
            rows = merged(kind, self._archive.rows(kind, hour_ms), self._held(due))
            return self._archive.replace(kind, hour_ms, rows)

        size = await asyncio.to_thread(write)
        self._metrics.files.labels(kind.value).inc()
        self._metrics.bytes.inc(size)
        await self._write(self._store.note_archived, due)

    def _held(self, due: Due) -> Iterator[Row]:
        return chain.from_iterable(
            self._store.hour_rows(due.kind, brand, due.hour_ms) for brand in sorted(due.changes)
        )

    async def _sweep(self, taken_back: Sequence[Deletion], now_ms: int) -> None:
        """Look through the hours that the store does not hold: of those that it holds, what was
        taken back made the file due."""
        forgotten = Forgotten(taken_back)
        until_ms = self._store.held_from_ms(now_ms) + HOUR_MS  # the store may drop one meanwhile
        hours = await asyncio.to_thread(self._archive.hours, Kind.MENTIONS)
        for hour_ms in hours:
            if hour_ms >= until_ms:
                break
            if await asyncio.to_thread(self._archive.forget, hour_ms, forgotten):
                self._metrics.files.labels(Kind.MENTIONS.value).inc()
        await self._write(self._store.note_swept, taken_back)
