"""Posts from standard input, sent as soon as they are there."""

import asyncio
import logging
import threading
from collections.abc import Callable
from contextlib import suppress

from feeds.follow.forms import PostsOf, Rows, is_document, is_json
from feeds.lines import BrokenInput, Line, TooLong, read_batches
from feeds.positions import now_ms
from feeds.publish import Tally
from feeds.sinks import Sink
from feeds.source import DuePost, FeedError

log = logging.getLogger(__name__)

_COMMIT_S = 1.0
_Batch = list[Line] | FeedError | None
"""None: the end."""


class StandardInput:
    """Reads to the end. There is no position: what was read and not acknowledged, the writer of the
    pipe has to send again."""

    def __init__(self, posts_of: PostsOf) -> None:
        self._posts_of = posts_of
        self._rows: Rows | None = None
        self._is_first = True
        self._queue: asyncio.Queue[_Batch] | None = None

    async def run(self, sink: Sink, tally: Tally, stop: asyncio.Event) -> None:
        """Send what comes until it ends, or `stop` is set.

        Raises:
            FeedError: it cannot be read, or is a table without a mapping.
        """
        if self._queue is not None:
            raise FeedError(
                "the broker was away, and standard input cannot be read again: the last posts may "
                "be missing; use a file where they must not be"
            )
        self._queue = asyncio.Queue(maxsize=4)
        loop = asyncio.get_running_loop()
        pump = _pump(loop, self._queue)
        # A daemon: a read that waits for a writer must not hold up the end.
        threading.Thread(target=pump, daemon=True, name="standard-input").start()
        stopping = asyncio.create_task(stop.wait())
        next_s = loop.time() + _COMMIT_S
        try:
            while (batch := await _next(self._queue, stopping)) is not None:
                posts = self._posts(batch)
                if posts:
                    await sink.send(posts, now_ms())
                    tally.posts += len(posts)
                    tally.bytes += sum([len(post.value) for post in posts])
                    tally.newest_ms = max(tally.newest_ms, *[post.event_time_ms for post in posts])
                if self._queue.empty() or loop.time() >= next_s:
                    await sink.flush()
                    next_s = loop.time() + _COMMIT_S
            if self._rows is not None and (posts := self._rows.end(is_final=True)):
                await sink.send(posts, now_ms())
                tally.posts += len(posts)
        finally:
            stopping.cancel()
            await sink.flush()

    def _posts(self, batch: list[Line]) -> list[DuePost]:
        lines: list[bytes] = []
        for line in batch:
            if isinstance(line, TooLong):
                log.warning("standard input: a line of %d bytes was left out", line.bytes)
            else:
                lines.append(line)
        if self._is_first and lines:
            self._is_first = False
            self._look_at(lines[0])
        if self._rows is not None:
            return self._rows.feed(b"".join(line + b"\n" for line in lines))
        return [post for line in lines if line for post in self._posts_of.payload(line)]

    def _look_at(self, first: bytes) -> None:
        if is_document(first + b"\n"):
            raise FeedError(
                "standard input: one JSON document over many lines, or an array; send one post a "
                "line, such as with `jq -c '.[]'`"
            )
        if self._posts_of.columns is not None and not is_json(first):
            self._rows = Rows(
                self._posts_of, self._posts_of.columns, first, "", 0,
                lambda message: log.warning("standard input: %s", message),
            )  # fmt: skip


async def _next(
    queue: "asyncio.Queue[_Batch]", stopping: "asyncio.Task[bool]"
) -> list[Line] | None:
    getting = asyncio.create_task(queue.get())
    await asyncio.wait({getting, stopping}, return_when=asyncio.FIRST_COMPLETED)
    if not getting.done():
        getting.cancel()
        return None
    batch = getting.result()
    if isinstance(batch, FeedError):
        raise batch
    return batch


def _pump(loop: asyncio.AbstractEventLoop, queue: "asyncio.Queue[_Batch]") -> Callable[[], None]:
    """A function for a thread: reads, and waits while the queue is full."""

    def put(batch: _Batch) -> None:
        asyncio.run_coroutine_threadsafe(queue.put(batch), loop).result()

    def pump() -> None:
        with suppress(RuntimeError, asyncio.CancelledError):  # the loop has ended
            try:
                for batch in read_batches(None):
                    put(batch)
            except BrokenInput as error:
                put(FeedError(str(error)))
            else:
                put(None)

    return pump
