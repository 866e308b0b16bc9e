"""Ask a cluster about its topics, also while one of its brokers is away."""

import asyncio

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

_ANSWER_S = 30
_ASK_AGAIN_S = 0.1


async def partitions_by_topic(admin: AIOKafkaAdminClient) -> dict[str, int]:
    """Number of partitions of each topic of the cluster.

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
            return {topic["topic"]: len(topic["partitions"]) for topic in topics}
