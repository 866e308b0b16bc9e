"""How many records wait for the group, by what it has committed: also while no worker runs."""

import asyncio
import logging

from aiokafka import TopicPartition as OnBroker
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from prometheus_client import CollectorRegistry, Gauge, disable_created_metrics

from kafka_io.clients import client_options
from kafka_io.ledger import TopicPartition
from kafka_io.reading import PartitionReader
from kafka_io.settings import Settings
from kafka_io.topic_names import Names
from kafka_io.waiting import telling
from schemas.topics import MENTIONS, POSTS_RAW

log = logging.getLogger(__name__)

TOPICS_READ = (POSTS_RAW.name, MENTIONS.name)
_LOOK_AGAIN_S = 5
_ANSWER_S = 30
_ASK_AGAIN_S = 0.1


async def group_lag(settings: Settings) -> dict[TopicPartition, int]:
    """Records after the committed offset of each partition; without one, all that are kept.

    Raises:
        KafkaError: the broker cannot be reached, or refuses.
    """
    wanted = [(topic, at) for topic in TOPICS_READ for at in range(settings.partitions)]
    committed = await committed_offsets(settings)
    # Ends are read after the offsets, so that none is behind its offset.
    async with PartitionReader(settings) as reader:
        bounds = await reader.bounds(wanted)
    return {
        source: max(0, end - max(first, committed.get(source, first)))
        for source, (first, end) in bounds.items()
    }


async def committed_offsets(settings: Settings) -> dict[TopicPartition, int]:
    """What the group has committed: the next offset of each partition that it has read.

    Raises:
        KafkaError: the broker cannot be reached, or refuses.
    """
    names = Names(settings)
    wanted = {
        names.partition((topic, at)): (topic, at)
        for topic in TOPICS_READ
        for at in range(settings.partitions)
    }
    admin = AIOKafkaAdminClient(**client_options(settings))
    with telling(settings.broker):
        await admin.start()
        try:
            found = await _committed(admin, settings.group_id, list(wanted))
        finally:
            await admin.close()
    return {wanted[on_broker]: offset for on_broker, offset in found.items()}


def unreadable(group: str, error: KafkaError) -> str:
    """Why offsets cannot be read, for a person, with the mend."""
    return (
        f"group {group}: its offsets cannot be read ({error}); the user needs the right to "
        "describe the group and to read the topics"
    )


async def _committed(
    admin: AIOKafkaAdminClient, group: str, wanted: list[OnBroker]
) -> dict[OnBroker, int]:
    """Offsets of the group by partition on the broker; waits for up to 30 s for its coordinator,
    which a new or restarted broker does not have at once.

    Partitions are named: asked for all, the embedded broker's answer cannot be read.
    """
    deadline = asyncio.get_running_loop().time() + _ANSWER_S
    while True:
        try:
            found = await admin.list_consumer_group_offsets(group, partitions=wanted)
        except KafkaError as error:
            if not error.retriable or asyncio.get_running_loop().time() > deadline:
                raise
            await asyncio.sleep(_ASK_AGAIN_S)
        else:
            return {on_broker: at.offset for on_broker, at in found.items() if at.offset >= 0}


class GroupLag:
    """The lag of the group as a metric, looked at anew every few seconds."""

    def __init__(self, settings: Settings) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.settings = settings
        self.registry = CollectorRegistry()
        self.records = Gauge(
            "leimo_group_lag_records",
            "Records of a partition after the offset that the group has committed",
            ["topic", "partition"],
            registry=self.registry,
        )
        self.is_known = False

    async def follow(self) -> None:
        """Look until cancelled; while the broker cannot be asked there is no series, not an old
        one."""
        while True:
            try:
                lags = await group_lag(self.settings)
            except KafkaError as error:
                log.warning("the lag is not known, asking again: %s", error)
                lags = {}
            self.is_known = bool(lags)
            self.records.clear()
            for (topic, partition), lag in lags.items():
                self.records.labels(topic, str(partition)).set(lag)
            await asyncio.sleep(_LOOK_AGAIN_S)
