"""Follow compacted topics: brands and rules, and whatever else changes without a restart."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

import msgspec
from aiokafka import AIOKafkaConsumer

from kafka_io.clients import client_options, stop_consumer
from kafka_io.ledger import TopicPartition
from kafka_io.settings import Settings
from kafka_io.topic_names import Names
from kafka_io.waiting import telling
from schemas.catalogue import Catalogue, Definition, catalogue_of
from schemas.topics import CATALOGUE

log = logging.getLogger(__name__)

OnChange = Callable[[Catalogue], Awaitable[None]]
_decoder = msgspec.json.Decoder(Definition)


class TopicFollower:
    """Reads partitions from their beginning, and goes on with what is written to them."""

    def __init__(self, settings: Settings, partitions: Iterable[TopicPartition]) -> None:
        """`partitions`: as the product names them."""
        self._names = Names(settings)
        self._partitions = [self._names.partition(source) for source in partitions]
        self._broker = settings.broker
        self._consumer = AIOKafkaConsumer(
            **client_options(settings),
            group_id=None,
            enable_auto_commit=False,
            isolation_level="read_committed",
            fetch_max_wait_ms=200,
        )

    async def start(self) -> dict[TopicPartition, int]:
        """Go to the beginning; returns where the partitions end now."""
        with telling(self._broker):
            await self._consumer.start()
        self._consumer.assign(self._partitions)
        await self._consumer.seek_to_beginning(*self._partitions)
        ends = await self._consumer.end_offsets(self._partitions)
        return {self._names.source(at): end for at, end in ends.items()}

    async def is_at(self, ends: Mapping[TopicPartition, int]) -> bool:
        """Whether all that stands before these offsets was read."""
        at = [
            (await self._consumer.position(self._names.partition(source)), end)
            for source, end in ends.items()
        ]
        return all(position >= end for position, end in at)

    async def poll(self, most: int = 100_000) -> dict[TopicPartition, list[Any]]:
        """What has come, `most` records of it, waiting for at most a second."""
        fetched = await self._consumer.getmany(*self._partitions, timeout_ms=1000, max_records=most)
        return {self._names.source(at): records for at, records in fetched.items()}

    async def stop(self) -> None:
        await stop_consumer(self._consumer)


class CatalogueFollower:
    """Holds the definitions in force; calls back with all of them after each change."""

    def __init__(self, settings: Settings, on_change: OnChange) -> None:
        self._on_change = on_change
        self.topic = Names(settings).on_broker(CATALOGUE.name)
        """Its name on the broker."""
        self._follower = TopicFollower(settings, [(CATALOGUE.name, 0)])
        self._definitions: dict[bytes, Definition] = {}

    @property
    def catalogue(self) -> Catalogue:
        """The definitions in force, in the order of their keys."""
        return catalogue_of(self._definitions[key] for key in sorted(self._definitions))

    async def load(self) -> Catalogue:
        """Read the topic to its end; returns what stands there, perhaps nothing."""
        ends = await self._follower.start()
        while not await self._follower.is_at(ends):
            await self.poll()
        return self.catalogue

    async def follow(self) -> None:
        """Take over changes until cancelled."""
        while True:
            if await self.poll():
                catalogue = self.catalogue
                log.info(
                    "catalogue: %d brands, %d rules", len(catalogue.brands), len(catalogue.rules)
                )
                await self._on_change(catalogue)

    async def stop(self) -> None:
        await self._follower.stop()

    async def poll(self) -> bool:
        """Take over what has come, waiting for at most a second; True where something changed."""
        changed = 0
        for records in (await self._follower.poll()).values():
            changed += apply_records(self._definitions, records)
        return changed > 0


def apply_records(definitions: dict[bytes, Definition], records: Iterable[Any]) -> int:
    """Take records of `catalogue` into the definitions by key; returns how many changed.

    A record that is no definition is logged and skipped: the one before it stays in force.
    """
    changed = 0
    for record in records:
        if record.key is None:
            continue
        if record.value is None:
            changed += definitions.pop(record.key, None) is not None
            continue
        try:
            definition = _decoder.decode(record.value)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            log.error(
                "catalogue: %r at offset %d is no definition (%s); write it again with "
                "`leimo catalogue apply`",
                record.key,
                record.offset,
                error,
            )
            continue
        if definitions.get(record.key) != definition:
            definitions[record.key] = definition
            changed += 1
    return changed


async def wait_for_catalogue(follower: CatalogueFollower) -> Catalogue:
    """The catalogue once it holds a brand; says what is missing while it waits."""
    catalogue = await follower.load()
    if not catalogue.brands:
        log.warning(
            "the topic `%s` holds no brands yet; publish them with `leimo catalogue apply`",
            follower.topic,
        )
    while not catalogue.brands:
        await follower.poll()
        await asyncio.sleep(0)
        catalogue = follower.catalogue
    return catalogue
