"""Posts from somebody's own topic: read, mapped, sent; offsets are committed after that."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError

from feeds.follow.forms import PostsOf
from feeds.positions import now_ms
from feeds.publish import Tally
from feeds.sinks import Sink
from feeds.source import DuePost, FeedError
from kafka_io.clients import client_options, stop_consumer
from kafka_io.settings import Settings
from kafka_io.waiting import telling

log = logging.getLogger(__name__)

_POLL_MS = 500
MOST_RECORDS = 5_000


class FromTopic:
    """What to read. `run` may be called again after a failure: it goes on at the group's offsets.

    Exactly the records behind the committed offsets were acknowledged in `posts.raw`. A crash
    between the two repeats at most `MOST_RECORDS`, which are dropped downstream.
    """

    def __init__(
        self,
        settings: Settings,
        topic: str,
        group: str,
        posts_of: PostsOf,
        *,
        from_end: bool,
        most_records: int = MOST_RECORDS,
    ) -> None:
        """`settings`: how to reach the broker that has the topic."""
        self._settings = settings
        self._topic = topic
        self._group = group
        self._posts_of = posts_of
        self._most_records = most_records
        self._start = "latest" if from_end else "earliest"

    async def run(self, sink: Sink, tally: Tally, stop: asyncio.Event) -> None:
        """Send until `stop` is set.

        Raises:
            FeedError: there is no such topic.
            KafkaError: one of the brokers does not do what it is asked.
        """
        consumer = AIOKafkaConsumer(
            **client_options(self._settings),
            group_id=self._group,
            enable_auto_commit=False,
            auto_offset_reset=self._start,
            isolation_level="read_committed",
            max_partition_fetch_bytes=8 << 20,
        )
        try:
            with telling(self._settings.broker):
                await consumer.start()
            if self._topic not in await consumer.topics():
                raise FeedError(
                    f"--from {self._topic}: no such topic on {self._settings.broker}; name one "
                    "that exists, or its broker with --from-broker"
                )
            consumer.subscribe([self._topic])
            while not stop.is_set():
                fetched = await consumer.getmany(
                    timeout_ms=_POLL_MS, max_records=self._most_records
                )
                if fetched:
                    await self._send(consumer, fetched, sink, tally)
        finally:
            await stop_consumer(consumer)

    async def _send(
        self,
        consumer: AIOKafkaConsumer,
        fetched: Mapping[TopicPartition, list[Any]],
        sink: Sink,
        tally: Tally,
    ) -> None:
        posts: list[DuePost] = []
        for records in fetched.values():
            for record in records:
                if record.value is not None:
                    posts += self._posts_of.payload(record.value)
        if posts:
            await sink.send(posts, now_ms())
            await sink.flush()
            tally.posts += len(posts)
            tally.bytes += sum([len(post.value) for post in posts])
            tally.newest_ms = max(tally.newest_ms, *[post.event_time_ms for post in posts])
        offsets = {at: records[-1].offset + 1 for at, records in fetched.items()}
        try:
            await consumer.commit(offsets)
        except (CommitFailedError, IllegalStateError) as error:
            # The partitions went to another process, which sends these posts again.
            log.warning("%s: the group was rebalanced: %s", self._topic, error)
