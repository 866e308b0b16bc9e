"""Questions about topics find a broker that lives."""

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from kafka_io.admin import partitions_by_topic
from kafka_io.brokers import ApacheKafka


@pytest.mark.kafka
@pytest.mark.slow
async def test_a_broker_that_has_died_is_asked_in_vain_and_another_answers(
    kafka_process: ApacheKafka,
) -> None:
    async with ApacheKafka.start(brokers=3) as cluster:
        admin = AIOKafkaAdminClient(bootstrap_servers=cluster.address)
        await admin.start()
        try:
            await admin.create_topics([NewTopic("words", 2, 3)])
            cluster.nodes[0].kill()

            # The dead one is among those asked with near certainty: 2 in 3 to miss it, 24 times.
            for _ in range(24):
                assert (await partitions_by_topic(admin))["words"] == 2
        finally:
            await admin.close()
