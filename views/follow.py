"""Follow the topics that the live view shows, from a little before their end. No group."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping
from types import TracebackType
from typing import Any, NamedTuple, Self

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaConnectionError

from kafka_io.admin import partitions_by_topic
from kafka_io.clients import client_options, stop_consumer
from kafka_io.diagnosis import why_unreachable
from kafka_io.settings import Settings
from kafka_io.topic_names import Names
from kafka_io.waiting import telling
from schemas.alert import Alert
from schemas.catalogue import Brand, Definition
from schemas.errors import OperatorError
from schemas.mention import Mention, MentionOrTick, Tick
from schemas.topics import ALERTS, CATALOGUE, MENTIONS, POSTS_RAW, WINDOWS
from schemas.window import Window
from views.scoreboard import Scoreboard

BATCH_RECORDS = 2000
"""Records between two yields to the event loop."""
_POLL_MS = 200
_REQUEST_TIMEOUT_MS = 10_000


class Reach(NamedTuple):
    """How far before its end a partition is read."""

    back_ms: int
    """So long ago, by the records' timestamps ..."""
    at_least: int
    """... but so many records ..."""
    at_most: int
    """... and no more than these. Also the backlog above which the view jumps to the end."""


REACHES: Mapping[str, Reach] = {
    WINDOWS.name: Reach(35 * 60_000, 500, 20_000),
    ALERTS.name: Reach(24 * 3_600_000, 500, 2000),
    MENTIONS.name: Reach(5 * 60_000, 100, 20_000),
}


class Follower:
    """Feeds a `Scoreboard` from the broker.

    Windows, alerts and the catalogue are read as committed; mentions as they are written, since
    their producers have no transactions. The catalogue is read whole: it names the brands.
    """

    def __init__(self, settings: Settings, board: Scoreboard, clock_ms: Callable[[], int]) -> None:
        self._clock_ms = clock_ms
        self._settings = settings
        self._names = Names(settings)
        self._board = board
        self._raw: list[TopicPartition] = []
        self._consumers: list[AIOKafkaConsumer] = []
        self._ends: dict[TopicPartition, int] = {}
        self.skipped = 0
        """Mentions that were jumped over because they came faster than they could be shown."""
        self.unreadable = 0
        """Records that are not of the expected shape."""

    async def __aenter__(self) -> Self:
        """Connect and place every partition.

        Raises:
            OperatorError: no broker answers at the address, or topics are missing there.
        """
        try:
            await self._start()
        except KafkaConnectionError:
            await self._stop()
            raise OperatorError(await why_unreachable(self._settings)) from None
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stop()

    def readers(self) -> list[Coroutine[Any, Any, None]]:
        """Works that read until cancelled; to be run side by side.

        They raise `KafkaError` where the broker refuses, not where it is away for a while.
        """
        return [self._read(consumer) for consumer in self._consumers]

    async def raw_end(self) -> int:
        """Records that `posts.raw` ever held: grows with the feed.

        Raises:
            KafkaError: the broker does not answer.
        """
        ends = await self._live.end_offsets(self._raw)
        return sum(ends.values())

    async def is_caught_up(self) -> bool:
        """Whether all that stood in the topics at the start has been read."""
        for consumer in self._consumers:
            for partition in consumer.assignment():
                if await consumer.position(partition) < self._ends[partition]:
                    return False
        return True

    async def _start(self) -> None:
        partitions = await _partitions_of(self._settings)
        self._live = await self._connect("read_uncommitted")
        committed = await self._connect("read_committed")
        self._raw = partitions[POSTS_RAW.name]
        await self._place(self._live, partitions[MENTIONS.name])
        names = (WINDOWS.name, ALERTS.name, CATALOGUE.name)
        await self._place(committed, [tp for name in names for tp in partitions[name]])

    async def _connect(self, isolation_level: str) -> AIOKafkaConsumer:
        consumer = _consumer(self._settings, isolation_level)
        self._consumers.append(consumer)
        await consumer.start()
        return consumer

    async def _stop(self) -> None:
        consumers, self._consumers = self._consumers, []
        # As tasks: where the broker is gone, aiokafka may raise that one of its own was cancelled.
        stops = (stop_consumer(consumer) for consumer in consumers)
        for done in await asyncio.gather(*stops, return_exceptions=True):
            if isinstance(done, Exception):
                raise done

    async def _place(self, consumer: AIOKafkaConsumer, partitions: list[TopicPartition]) -> None:
        consumer.assign(partitions)
        begins = await consumer.beginning_offsets(partitions)
        ends = await consumer.end_offsets(partitions)
        self._ends.update(ends)
        now_ms = self._clock_ms()
        since = await consumer.offsets_for_times(
            {
                partition: now_ms - reach.back_ms
                for partition in partitions
                if (reach := REACHES.get(self._topic(partition))) is not None
            }
        )
        for partition in partitions:
            reach, found = REACHES.get(self._topic(partition)), since.get(partition)
            begin, end = begins[partition], ends[partition]
            first = found.offset if found else None
            start = begin if reach is None else start_offset(begin, end, first, reach)
            consumer.seek(partition, start)

    def _topic(self, partition: TopicPartition) -> str:
        return self._names.source(partition)[0]

    async def _read(self, consumer: AIOKafkaConsumer) -> None:
        while True:
            fetched = await consumer.getmany(timeout_ms=_POLL_MS, max_records=BATCH_RECORDS)
            for partition, records in fetched.items():
                self._apply(self._topic(partition), records)
                await self._jump(consumer, partition)
            await asyncio.sleep(0)

    def _apply(self, topic: str, records: Iterable[Any]) -> None:
        apply = self._appliers[topic]
        for record in records:
            if record.value is None:
                continue
            try:
                apply(self, record.value)
            except msgspec.DecodeError:
                self.unreadable += 1

    async def _jump(self, consumer: AIOKafkaConsumer, partition: TopicPartition) -> None:
        """Go to the newest mentions where the backlog is too long to be worked off."""
        end = consumer.highwater(partition)
        if self._topic(partition) != MENTIONS.name or not end:
            return
        reach = REACHES[MENTIONS.name]
        position = await consumer.position(partition)
        if end - position > 2 * reach.at_most:
            target = end - reach.at_most // 2
            self.skipped += target - position
            consumer.seek(partition, target)

    def _apply_mention(self, value: bytes) -> None:
        record = _MENTION.decode(value)
        if isinstance(record, Mention):
            self._board.mention(record)
        elif isinstance(record, Tick):
            self._board.tick(record)

    def _apply_window(self, value: bytes) -> None:
        self._board.window(_WINDOW.decode(value))

    def _apply_alert(self, value: bytes) -> None:
        self._board.alert(_ALERT.decode(value))

    def _apply_definition(self, value: bytes) -> None:
        definition = _DEFINITION.decode(value)
        if isinstance(definition, Brand):
            self._board.name(definition.id, definition.name)

    _appliers: Mapping[str, Callable[["Follower", bytes], None]] = {
        MENTIONS.name: _apply_mention,
        WINDOWS.name: _apply_window,
        ALERTS.name: _apply_alert,
        CATALOGUE.name: _apply_definition,
    }


def start_offset(begin: int, end: int, since: int | None, reach: Reach) -> int:
    """Where to start in a partition of `[begin, end)` whose record of `back_ms` ago is `since`.

    >>> reach = Reach(back_ms=0, at_least=10, at_most=100)
    >>> [start_offset(0, 1000, since, reach) for since in (950, 500, 999, None)]
    [950, 900, 990, 990]
    >>> start_offset(995, 1000, None, reach)
    995
    """
    wanted = end if since is None else since
    return max(begin, end - reach.at_most, min(wanted, end - reach.at_least))


_MENTION = msgspec.json.Decoder(MentionOrTick)
_WINDOW = msgspec.json.Decoder(Window)
_ALERT = msgspec.json.Decoder(Alert)
_DEFINITION = msgspec.json.Decoder(Definition)


def _consumer(settings: Settings, isolation_level: str) -> AIOKafkaConsumer:
    return AIOKafkaConsumer(
        **client_options(settings),
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="latest",
        isolation_level=isolation_level,
        request_timeout_ms=_REQUEST_TIMEOUT_MS,
        max_partition_fetch_bytes=1 << 20,
        fetch_max_wait_ms=200,
    )


async def _partitions_of(settings: Settings) -> dict[str, list[TopicPartition]]:
    """Partitions on the broker of each followed topic, without creating one by asking for it."""
    admin = AIOKafkaAdminClient(**client_options(settings))
    with telling(settings.broker):
        await admin.start()
        try:
            found = await partitions_by_topic(admin)
        finally:
            await admin.close()
    followed = (POSTS_RAW, MENTIONS, WINDOWS, ALERTS, CATALOGUE)
    names = {topic.name: Names(settings).on_broker(topic.name) for topic in followed}
    missing = sorted(set(names.values()) - set(found))
    if missing:
        raise OperatorError(
            f"topics are missing at {settings.broker}: {', '.join(missing)}. "
            "Create them with `leimo topics apply`."
        )
    return {
        topic: [TopicPartition(name, partition) for partition in range(found[name])]
        for topic, name in names.items()
    }
