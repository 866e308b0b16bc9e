"""What waits for a group, on each of the brokers."""

from aiokafka import AIOKafkaConsumer

from kafka_io.batches import Row
from kafka_io.clients import client_options
from kafka_io.group_lag import TOPICS_READ, committed_offsets, group_lag
from kafka_io.settings import Settings
from kafka_io.topic_names import Names
from schemas.topics import POSTS_RAW
from tests.kafka_io.broker_log import append


async def test_lag_counts_from_what_is_committed(settings: Settings) -> None:
    await append(settings, *(Row(POSTS_RAW.name, number % 4, b"u", b"{}") for number in range(8)))
    assert await committed_offsets(settings) == {}
    assert sum((await group_lag(settings)).values()) == 8

    on_broker = Names(settings).partition((POSTS_RAW.name, 1))
    async with AIOKafkaConsumer(
        **client_options(settings), group_id=settings.group_id, enable_auto_commit=False
    ) as consumer:
        consumer.assign([on_broker])
        await consumer.commit({on_broker: 2})

    assert await committed_offsets(settings) == {(POSTS_RAW.name, 1): 2}
    expected = {(topic, at): 0 for topic in TOPICS_READ for at in range(settings.partitions)}
    expected |= {(POSTS_RAW.name, at): 2 for at in (0, 2, 3)}
    assert await group_lag(settings) == expected
