"""From requests to Kafka: the posts of many requests travel together, and each hears of its own."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import NamedTuple

from aiokafka.errors import KafkaError

from feeds.sinks import Connection, TopicSink
from feeds.source import DuePost, FeedError
from kafka_io.settings import Settings
from schemas.post import Source

log = logging.getLogger(__name__)

ACKNOWLEDGE_S = 10.0
"""A request waits so long for the broker; a lane whose flush takes longer takes nothing more."""
_FIRST_PAUSE_S = 0.2
_LONGEST_PAUSE_S = 5.0
_MOST_POSTS = 20_000
"""Of one flush: many more would let the first request wait for the last."""


class BrokerAway(Exception):  # noqa: N818 - named for what it is
    """The broker does not take posts now; whether it has these is not known."""


class _Load(NamedTuple):
    posts: Sequence[DuePost]
    received_at_ms: int
    done: "asyncio.Future[None]"


class Lane:
    """The way of one source's posts into `posts.raw`: one producer, and one flush after another.

    A sink knows only that all it was given is safe, so requests do not share it directly: while
    one flush is under way, the next load gathers.
    """

    def __init__(self, settings: Settings, source: Source) -> None:
        self._settings = settings
        self._source = source
        self._waiting: list[_Load] = []
        self._wake = asyncio.Event()
        self._stopping = False
        self._is_connected = False
        self._flushing_since_s: float | None = None
        self.has_tried = False
        """Whether a connection was made or refused: before that requests wait for it."""
        self.error = "not connected yet"
        """Why it is not up."""

    @property
    def is_up(self) -> bool:
        """Whether the broker takes posts, as far as is known."""
        since_s = self._flushing_since_s
        return self._is_connected and (
            since_s is None or asyncio.get_running_loop().time() - since_s < ACKNOWLEDGE_S
        )

    async def send(self, posts: Sequence[DuePost], received_at_ms: int) -> None:
        """Return once the broker has acknowledged all posts.

        Raises:
            BrokerAway: it did not; it may have some of them.
        """
        done = asyncio.get_running_loop().create_future()
        self._waiting.append(_Load(posts, received_at_ms, done))
        self._wake.set()
        await done

    async def run(self) -> None:
        """Connect, send, and connect again after a failure, until `stop` is called."""
        pause_s = _FIRST_PAUSE_S
        while not self._stopping:
            try:
                async with AsyncExitStack() as stack:
                    sink = await stack.enter_async_context(Connection(self._settings, self._source))
                    self._is_connected, self.has_tried, self.error = True, True, ""
                    pause_s = _FIRST_PAUSE_S
                    await self._serve(sink)
            except (FeedError, KafkaError, OSError) as error:
                self._is_connected, self.has_tried = False, True
                self.error = str(error) or type(error).__name__
                log.error("%s: %s; again in %.1f s", self._source.value, self.error, pause_s)
                self._refuse_waiting()
                await self._pause(pause_s)
                pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
        self._refuse_waiting()

    def stop(self) -> None:
        """What waits is sent first."""
        self._stopping = True
        self._wake.set()

    async def _serve(self, sink: TopicSink) -> None:
        while True:
            if not self._waiting:
                if self._stopping:
                    return
                self._wake.clear()
                await self._wake.wait()
                continue
            loads = self._next_loads()
            self._flushing_since_s = asyncio.get_running_loop().time()
            try:
                for load in loads:
                    await sink.send(load.posts, load.received_at_ms)
                await sink.flush()
            except BaseException as error:
                for load in loads:
                    _fail(load, error)
                raise
            finally:
                self._flushing_since_s = None
            for load in loads:
                if not load.done.done():
                    load.done.set_result(None)

    def _next_loads(self) -> list[_Load]:
        count = 0
        for number, load in enumerate(self._waiting, start=1):
            count += len(load.posts)
            if count >= _MOST_POSTS:
                loads, self._waiting = self._waiting[:number], self._waiting[number:]
                return loads
        loads, self._waiting = self._waiting, []
        return loads

    def _refuse_waiting(self) -> None:
        waiting, self._waiting = self._waiting, []
        for load in waiting:
            _fail(load, BrokerAway(self.error))

    async def _pause(self, seconds: float) -> None:
        """Requests that come meanwhile hear at once that the broker is away."""
        loop = asyncio.get_running_loop()
        until_s = loop.time() + seconds
        while not self._stopping and (left_s := until_s - loop.time()) > 0:
            self._wake.clear()
            try:
                async with asyncio.timeout(left_s):
                    await self._wake.wait()
            except TimeoutError:
                return
            self._refuse_waiting()


def _fail(load: _Load, error: BaseException) -> None:
    if not load.done.done():
        load.done.set_exception(BrokerAway(str(error) or type(error).__name__))
