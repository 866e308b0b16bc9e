"""The stream behind the screen: the followed topics, their rates, and what is wrong with them."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiokafka.errors import KafkaError

from kafka_io.settings import Settings
from schemas.counted import noun_of
from schemas.errors import OperatorError
from views import figures
from views.follow import Follower
from views.rates import Rate
from views.scoreboard import Scoreboard
from views.status import Status
from views.view import View

_SAMPLE_S = 1.0
_ANSWER_S = 3.0
"""A broker that takes longer to say its offsets is not answering."""
_TICK_MS = 10_000
"""Workers tick once a second: none for so long means that none runs."""
_SKIP_SHOWN_MS = 30_000


def wall_clock_ms() -> int:
    """Now, in ms since 1970."""
    return time.time_ns() // 1_000_000


class Stream:
    """A scoreboard that is kept up to date, and the state of what feeds it."""

    def __init__(self, settings: Settings, board: Scoreboard, follower: Follower) -> None:
        self.board = board
        self._settings = settings
        self._follower = follower
        self._started_ms = wall_clock_ms()
        self._answered_ms = self._started_ms
        self._feed = Rate()
        self._mentions = Rate()
        self._is_caught_up = False
        self._skipped = 0
        self._skipped_ms = 0

    def status(self, view: View) -> Status:
        """The state now."""
        now_ms = wall_clock_ms()
        return Status(
            broker=self._settings.broker,
            now_ms=now_ms,
            feed_per_s=self._feed.per_s,
            feed_course=self._feed.course,
            mentions_per_s=self._mentions.per_s,
            problems=tuple(self._problems(view, now_ms)),
        )

    async def catch_up(self, timeout_s: float) -> None:
        """Return when all that stood in the topics is read, or after `timeout_s`."""
        deadline_ms = wall_clock_ms() + 1000 * timeout_s
        while wall_clock_ms() < deadline_ms:
            if self._mentions.per_s is not None:
                return
            await asyncio.sleep(0.05)

    async def sample(self) -> None:
        """Measure rates until cancelled."""
        while True:
            try:
                # Not `wait_for`: before Python 3.12 it can swallow the cancelling that ends this.
                async with asyncio.timeout(_ANSWER_S):
                    end = await self._follower.raw_end()
            except (KafkaError, TimeoutError):
                pass
            else:
                self._answered_ms = wall_clock_ms()
                self._feed.sample(end, self._answered_ms)
            now_ms = wall_clock_ms()
            # Before that, the rate would be that of reading, not that of the stream.
            self._is_caught_up = self._is_caught_up or await self._follower.is_caught_up()
            if self._is_caught_up:
                self._mentions.sample(self.board.mentions_total, now_ms)
            if self._follower.skipped > self._skipped:
                self._skipped, self._skipped_ms = self._follower.skipped, now_ms
            await asyncio.sleep(_SAMPLE_S)

    def _problems(self, view: View, now_ms: int) -> list[str]:
        problems = []
        silent_ms = now_ms - self._answered_ms
        if silent_ms > 1000 * (_ANSWER_S + _SAMPLE_S):
            problems.append(
                f"The broker at {self._settings.broker} has not answered for "
                f"{figures.duration(silent_ms)}."
            )
        ticked_ms = view.tick_sent_at_ms
        if now_ms - max(ticked_ms or 0, self._started_ms) > _TICK_MS:
            since = "" if ticked_ms is None else f" for {figures.duration(now_ms - ticked_ms)}"
            problems.append(f"No worker has ticked{since}: start one with `leimo worker`.")
        if self._skipped and now_ms - self._skipped_ms < _SKIP_SHOWN_MS:
            problems.append(
                f"{figures.count(self._skipped)} mentions came faster than they can be shown; "
                "closed windows make up for them."
            )
        if unreadable := self._follower.unreadable:
            problems.append(
                f"{figures.count(unreadable)} {noun_of(unreadable, 'record')} could not be read: "
                "is another version of leimo writing them?"
            )
        return problems


@asynccontextmanager
async def open_stream(
    settings: Settings, names: Mapping[str, str], only: frozenset[str] = frozenset()
) -> AsyncIterator[Stream]:
    """Follow the topics while inside.

    Raises:
        OperatorError: no broker answers there, topics are missing, or the broker refuses.
    """
    board = Scoreboard(names, only=only)
    async with Follower(settings, board, wall_clock_ms) as follower:
        stream = Stream(settings, board, follower)
        try:
            async with _beside([*follower.readers(), stream.sample()]):
                yield stream
        except ExceptionGroup as errors:
            refused, others = errors.split(KafkaError)
            if refused is None or others is not None:
                raise
            raise OperatorError(
                f"the broker at {settings.broker} ended the view: {refused.exceptions[0]!r}"
            ) from None


@asynccontextmanager
async def _beside(works: Sequence[Coroutine[Any, Any, None]]) -> AsyncIterator[None]:
    """Run `works` beside what stands inside; where one fails, all end.

    What fails inside is raised as it is; what fails beside it, as a group.
    """
    failed: Exception | None = None
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(work) for work in works]
        try:
            yield
        except Exception as error:
            failed = error
        finally:
            for task in tasks:
                task.cancel()
    if failed is not None:
        raise failed


ExtraLines = Callable[[], Sequence[str]]
"""More lines for the head of the screen, asked for at each drawing."""
