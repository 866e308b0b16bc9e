"""Follow the compacted topic `catalogue`: brands and rules change without a restart."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import msgspec
from aiokafka import AIOKafkaConsumer

from kafka_io.clients import client_options
from kafka_io.settings import Settings
from kafka_io.topic_names import Names
from kafka_io.waiting import telling
from schemas.catalogue import Catalogue, Definition, catalogue_of
from schemas.topics import CATALOGUE

log = logging.getLogger(__name__)

OnChange = Callable[[Catalogue], Awaitable[None]]
_decoder = msgspec.json.Decoder(Definition)


class CatalogueFollower:
    """Holds the definitions in force; calls back with all of them after each change."""

    def __init__(self, settings: Settings, on_change: OnChange) -> None:
        self._on_change = on_change
        self._partition = Names(settings).partition((CATALOGUE.name, 0))
        self._broker = settings.broker
        self._definitions: dict[bytes, Definition] = {}
        self._consumer = AIOKafkaConsumer(
            **client_options(settings),
            group_id=None,
            enable_auto_commit=False,
            isolation_level="read_committed",
            fetch_max_wait_ms=200,
        )

    @property
    def topic(self) -> str:
        """Its name on the broker."""
        return str(self._partition.topic)

    @property
    def catalogue(self) -> Catalogue:
        """The definitions in force, in the order of their keys."""
        return catalogue_of(self._definitions[key] for key in sorted(self._definitions))

    async def load(self) -> Catalogue:
        """Read the topic to its end; returns what stands there, perhaps nothing."""
        with telling(self._broker):
            await self._consumer.start()
        self._consumer.assign([self._partition])
        await self._consumer.seek_to_beginning(self._partition)
        end = (await self._consumer.end_offsets([self._partition]))[self._partition]
        while await self._consumer.position(self._partition) < end:
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
        await self._consumer.stop()

    async def poll(self) -> bool:
        """Take over what has come, waiting for at most a second; True where something changed."""
        fetched = await self._consumer.getmany(
            self._partition, timeout_ms=1000, max_records=100_000
        )
        records = fetched.get(self._partition, [])
        return apply_records(self._definitions, records) > 0


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
