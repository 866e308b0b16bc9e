"""Producers promise as much as the broker can."""

from kafka_io.brokers import ApacheKafka, Broker
from kafka_io.producers import started_producer
from schemas.topics import WINDOWS
from tests.conftest import create_topics
from tests.kafka_io import words


async def test_a_producer_starts_on_every_broker_and_is_idempotent_where_it_can(
    broker: Broker,
) -> None:
    """The embedded broker gives no producer ids."""
    await create_topics(broker)

    producer = await started_producer(words.settings(broker.address, "unused"))
    sent = await producer.send_and_wait(WINDOWS.name, b"value", b"key", partition=0)
    is_idempotent = producer._txn_manager is not None and producer._txn_manager.has_pid()
    await producer.stop()

    assert sent.offset == 0
    assert is_idempotent == isinstance(broker, ApacheKafka)
