"""Where posts go: the topic `posts.raw`, or a file."""

import asyncio
import gzip
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Protocol, Self
from zlib import crc32

import zstandard
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError, KafkaError

from feeds.partitioning import partitions_of
from feeds.source import DuePost, FeedError
from kafka_io.batches import BatchSender, Row
from kafka_io.diagnosis import why_unreachable
from kafka_io.producers import started_producer
from kafka_io.settings import Settings
from kafka_io.topic_admin import topic_states
from kafka_io.topic_names import Names
from schemas.post import Source
from schemas.topics import MIB, POSTS_RAW, Topic

MAX_UNACKNOWLEDGED_POSTS = 50_000
MAX_UNACKNOWLEDGED_BYTES = 64 * MIB
_STOP_S = 1.0
"""A producer that is stopped after a failure gets so long for its goodbye."""


class Sink(Protocol):
    """Takes posts. Nothing is safe before `flush` has returned."""

    @property
    def unacknowledged_posts(self) -> int: ...
    async def send(self, posts: Sequence[DuePost], received_at_ms: int) -> None: ...
    async def flush(self) -> None: ...


class TopicSink:
    """Sends posts to `posts.raw`, in order for each author.

    Keeps at most `MAX_UNACKNOWLEDGED_POSTS` posts (and as many bytes, plus one call's) that the
    broker has not acknowledged: half of them on the way, half being gathered.
    """

    def __init__(self, sender: BatchSender, source: Source, partitions: int) -> None:
        self._sender = sender
        self._source = source.value.encode()
        self._partitions = partitions
        self._flushing: asyncio.Task[None] | None = None
        self._posts = 0
        self._bytes = 0

    async def send(self, posts: Sequence[DuePost], received_at_ms: int) -> None:
        """Hand posts over; waits while too many are unacknowledged."""
        size = sum([len(post.value) for post in posts])
        self._posts += len(posts)
        self._bytes += size
        if self._posts * 2 > MAX_UNACKNOWLEDGED_POSTS or self._bytes * 2 > MAX_UNACKNOWLEDGED_BYTES:
            await self._wait_for_half()
            self._posts, self._bytes = len(posts), size
        await self._sender.send(self._rows(posts, received_at_ms))

    @property
    def unacknowledged_posts(self) -> int:
        """Posts handed over that may not have arrived."""
        return self._sender.unacknowledged_rows

    async def flush(self) -> None:
        """Wait until all posts are safe; raises where one is not."""
        if self._flushing is not None:
            flushing, self._flushing = self._flushing, None
            await flushing
        await self._sender.flush()
        self._posts = self._bytes = 0

    async def _wait_for_half(self) -> None:
        if self._flushing is not None:
            await self._flushing
        self._flushing = asyncio.create_task(self._sender.flush())

    def _rows(self, posts: Sequence[DuePost], received_at_ms: int) -> list[Row]:
        headers = [("source", self._source), ("received_at", b"%d" % received_at_ms)]
        topic = POSTS_RAW.name
        partitions = self._partitions
        targets = partitions_of([post.key for post in posts], partitions)
        rows = []
        for post, target in zip(posts, targets, strict=True):
            key = post.key
            if key:
                rows.append(Row(topic, target, key, post.value, headers, received_at_ms))
            else:
                # No key: repeats still meet, by their bytes.
                by_bytes = crc32(post.value) % partitions
                rows.append(Row(topic, by_bytes, None, post.value, headers, received_at_ms))
        return rows


class BrokerAway(FeedError):  # noqa: N818 - named for what it is
    """The broker did not answer when it was connected to."""


class Connection:
    """A producer of its own and the sink that writes through it.

    Entering raises `FeedError` where the broker does not answer or a topic is missing: `posts.raw`
    or one of `topics`.
    """

    def __init__(self, settings: Settings, source: Source, topics: Sequence[Topic] = ()) -> None:
        self._settings = settings
        self._source = source
        self._topics = (POSTS_RAW, *topics)
        self._producer: AIOKafkaProducer | None = None

    async def __aenter__(self) -> TopicSink:
        try:
            partitions = await self._raw_partitions()
            self._producer = await started_producer(self._settings)
        except KafkaConnectionError as error:
            raise BrokerAway(await why_unreachable(self._settings)) from error
        except KafkaError as error:
            raise BrokerAway(
                f"broker {self._settings.broker}: {error or type(error).__name__}; start it, or "
                "name another with --broker or LEIMO_BROKER"
            ) from error
        self.sender = BatchSender(self._producer)
        """Writes to other topics; its `flush` waits for the posts too."""
        return TopicSink(self.sender, self._source, partitions)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._producer is not None:
            with suppress(TimeoutError):  # it waits for a broker that may be gone
                async with asyncio.timeout(None if kind is None else _STOP_S):
                    await self._producer.stop()

    async def _raw_partitions(self) -> int:
        found = {state.topic: state.found or 0 for state in await topic_states(self._settings)}
        for topic in self._topics:
            if not found[topic]:
                name = Names(self._settings).on_broker(topic.name)
                raise FeedError(f"{name}: no such topic; create it with `leimo topics apply`")
        return found[POSTS_RAW]


class FileSink:
    """Writes posts as lines; the name's ending says how: `.gz`, `.zst`, or plain."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[bytes] | None = None

    async def __aenter__(self) -> Self:
        try:
            self._file = open_for_writing(self._path)
        except OSError as error:
            raise FeedError(f"{self._path}: cannot be written: {error.strerror}") from error
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._file is not None:
            self._file.close()

    async def send(self, posts: Sequence[DuePost], received_at_ms: int) -> None:
        if self._file is not None:
            self._file.write(b"".join([post.value + b"\n" for post in posts]))

    unacknowledged_posts = 0

    async def flush(self) -> None:
        """All of a file is safe when it is closed."""


def open_for_writing(path: Path) -> IO[bytes]:
    """A file to write bytes to, compressed as its name's ending says; always the same bytes."""
    if path.suffix == ".gz":
        return gzip.GzipFile(path, "wb", compresslevel=5, mtime=0)  # type: ignore[return-value]
    if path.suffix == ".zst":
        packed: IO[bytes] = zstandard.open(path, "wb", cctx=zstandard.ZstdCompressor(level=3))
        return packed
    return path.open("wb")
