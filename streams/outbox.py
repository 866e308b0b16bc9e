"""What was done since the last commit, kept in memory until it is made durable at once."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable

from kafka_io.batches import Row
from kafka_io.ledger import TopicPartition
from kafka_io.writers import Writer
from streams.metrics import Metrics
from streams.stop import die

log = logging.getLogger(__name__)

MAX_WAITING_ROWS = 50_000
"""Backpressure: agents wait while more rows than this are pending."""

PATIENCE = 5
"""So many intervals lie between two commits while the input waits in a queue."""

StateRows = Callable[[], Iterable[Row]]
"""Changelog rows of the keys changed since the last call, encoded now."""


class Outbox:
    """Rows, changed state and read positions of the partitions of one owner.

    An agent's step is synchronous: it reads records, changes state, adds rows and moves the
    position on without giving way to the event loop. So whatever a commit finds here is whole.
    """

    def __init__(
        self,
        name: str,
        stage: str,
        writer: Writer,
        metrics: Metrics,
        *,
        interval_s: float,
        timeout_s: float,
        state_rows: StateRows | None = None,
        is_behind: Callable[[], bool] = lambda: False,
    ) -> None:
        self.name = name
        self._stage = stage
        self._writer = writer
        self._metrics = metrics
        self._interval_s = interval_s
        self._timeout_s = timeout_s
        self._state_rows = state_rows
        self._is_behind = is_behind
        self._rows: list[Row] = []
        self._offsets: dict[TopicPartition, int] = {}
        self._newest_append_ms = 0
        self._committing = asyncio.Lock()
        self._has_space = asyncio.Event()
        self._has_space.set()
        self._loop_task: asyncio.Task[None] | None = None
        self._waiting_since: float | None = None
        self._writing_since: float | None = None
        """Of what a commit under way holds."""

    async def start(self) -> None:
        """Take over from earlier owners; state and offsets may be read after this."""
        await self._writer.start()

    def run(self) -> None:
        """Commit from now on, every interval in which there is something to commit.

        While `is_behind` says so, fewer and larger commits: early ones serve nobody then, and what
        they cost is missing for the work.
        """
        self._loop_task = asyncio.create_task(self._commit_loop(), name=f"commit {self.name}")

    def add(self, rows: Iterable[Row]) -> None:
        """Hold rows for the next commit."""
        self._rows.extend(rows)
        if self._rows:
            self._note_work()
        if len(self._rows) > MAX_WAITING_ROWS:
            self._has_space.clear()

    def advance(self, source: TopicPartition, next_offset: int, append_ms: int = 0) -> None:
        """Everything of `source` below `next_offset` is done once the pending rows are durable.

        `append_ms` is the append time of the newest record, for the latency metric.
        """
        self._offsets[source] = next_offset
        self._newest_append_ms = max(self._newest_append_ms, append_ms)
        self._note_work()

    def _note_work(self) -> None:
        if self._waiting_since is None:
            self._waiting_since = time.monotonic()

    async def wait_for_space(self) -> None:
        """Wait until the pending rows are few enough to add more."""
        if not self._has_space.is_set():
            await self._has_space.wait()

    def age_s(self) -> float:
        """Seconds for which the oldest pending row has waited, a commit under way included."""
        since = self._waiting_since if self._writing_since is None else self._writing_since
        return 0.0 if since is None else time.monotonic() - since

    async def commit(self) -> None:
        """Make all that is pending durable. Any failure ends the process."""
        async with self._committing:
            if not self._rows and not self._offsets:
                return
            started = time.monotonic()
            try:
                rows, offsets, append_ms = self._snapshot()
                async with asyncio.timeout(self._timeout_s):
                    await self._writer.write(rows, offsets)
            except Exception as error:  # whatever it is, the commit is in doubt
                die(f"commit of {self.name} failed: {self._why(error)}", error)
            self._writing_since = None
            self._metrics.commit_seconds.labels(self._stage).observe(time.monotonic() - started)
            if append_ms:
                latency_s = max(0.0, time.time() - append_ms / 1000)
                self._metrics.latency_seconds.labels(self._stage).observe(latency_s)

    def _why(self, error: Exception) -> str:
        if isinstance(error, TimeoutError):
            return (
                f"the broker did not take it within LEIMO_COMMIT_TIMEOUT_S={self._timeout_s:g}; "
                "see whether it is up and has its replicas, or raise that setting"
            )
        return f"{type(error).__name__}: {error}"

    async def close(self) -> None:
        """Commit what is pending, then let go of the writer."""
        if self._loop_task is not None:
            self._loop_task.cancel()
            await asyncio.gather(self._loop_task, return_exceptions=True)
        await self.commit()
        await self._writer.stop()

    async def abandon(self) -> None:
        """Let go of the writer without a commit: nothing was taken yet."""
        await self._writer.stop()

    def _snapshot(self) -> tuple[list[Row], dict[TopicPartition, int], int]:
        rows, self._rows = self._rows, []
        if self._state_rows is not None:
            rows.extend(self._state_rows())
        offsets, self._offsets = self._offsets, {}
        append_ms, self._newest_append_ms = self._newest_append_ms, 0
        self._writing_since, self._waiting_since = self._waiting_since, None
        self._has_space.set()
        return rows, offsets, append_ms

    async def _commit_loop(self) -> None:
        while True:
            for _ in range(PATIENCE):
                await asyncio.sleep(self._interval_s)
                if not self._is_behind() or not self._has_space.is_set():
                    break
            # Shielded: a commit that is cut in half could have become durable or not.
            await asyncio.shield(self.commit())
