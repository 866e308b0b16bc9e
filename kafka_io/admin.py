"""Ask a cluster about its topics, also while one of its brokers is away."""

import asyncio
from collections.abc import Iterable
from typing import Any, NamedTuple

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError

_ANSWER_S = 30
_ASK_AGAIN_S = 0.1


class TopicShape(NamedTuple):
    partitions: int
    replicas: int
    """Of the partition that has the fewest."""


async def partitions_by_topic(admin: AIOKafkaAdminClient) -> dict[str, int]:
    """Number of partitions of each topic of the cluster; raises as `shapes_by_topic`."""
    return {name: shape.partitions for name, shape in (await shapes_by_topic(admin)).items()}


async def shapes_by_topic(admin: AIOKafkaAdminClient) -> dict[str, TopicShape]:
    """Partitions and replicas of each topic of the cluster.

    aiokafka asks a broker at random, also one that has just died, and gives up at once: so ask
    again, and another, for up to 30 s.

    Raises:
        KafkaError: nobody answered, or the answer was a refusal.
    """
    deadline = asyncio.get_running_loop().time() + _ANSWER_S
    while True:
        try:
            topics = await admin.describe_topics()
        except KafkaError as error:
            if not error.retriable or asyncio.get_running_loop().time() > deadline:
                raise
            await asyncio.sleep(_ASK_AGAIN_S)
        else:
            return {topic["topic"]: _shape(topic["partitions"]) for topic in topics}


def _shape(partitions: list[dict[str, Any]]) -> TopicShape:
    replicas = (len(partition["replicas"]) for partition in partitions)
    return TopicShape(len(partitions), min(replicas, default=0))


async def configs_by_topic(
    admin: AIOKafkaAdminClient, names: Iterable[str]
) -> dict[str, dict[str, str]]:
    """Settings of topics that exist; those that the broker does not tell are left out.

    It tells them to users with the right to describe configurations only.
    """
    wanted = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    answers = await admin.describe_configs(wanted) if wanted else []
    return {
        name: {entry[0]: entry[1] for entry in entries if entry[1] is not None}
        for answer in answers
        for code, _, _, name, entries in answer.resources
        if not code
    }
