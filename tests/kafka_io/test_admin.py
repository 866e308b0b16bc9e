"""Questions about topics find a broker that lives."""

import asyncio

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.metadata import MetadataRequest

from kafka_io.admin import partitions_by_topic
from kafka_io.brokers import ApacheKafka

DEADLINE_S = 60


async def wait_until_every_node_knows(topic: str, cluster: ApacheKafka) -> None:
    """Kafka's controller answers before the nodes know of a new topic."""
    client = AIOKafkaClient(bootstrap_servers=cluster.address)
    await client.bootstrap()
    try:
        async with asyncio.timeout(DEADLINE_S):
            for node in client.cluster.brokers():
                while topic not in await _known_to(client, node.nodeId):
                    await asyncio.sleep(0.01)
    finally:
        await client.close()


async def _known_to(client: AIOKafkaClient, node: int) -> set[str]:
    answer = (await client.send(node, MetadataRequest(None))).to_object()
    return {topic["topic"] for topic in answer["topics"]}


@pytest.mark.kafka
@pytest.mark.slow
async def test_a_broker_that_has_died_is_asked_in_vain_and_another_answers(
    kafka_process: ApacheKafka,
) -> None:
    async with ApacheKafka.start(brokers=3) as cluster:
        admin = AIOKafkaAdminClient(bootstrap_servers=cluster.address)
        await admin.start()
        try:
            created = await admin.create_topics([NewTopic("words", 2, 3)])
            assert [code for _, code, *_ in created.topic_errors] == [0]
            await wait_until_every_node_knows("words", cluster)
            cluster.nodes[0].kill()

            # The dead one is among those asked with near certainty: 2 in 3 to miss it, 24 times.
            for _ in range(24):
                assert (await partitions_by_topic(admin))["words"] == 2
        finally:
            await admin.close()
