"""Producers promise as much as the broker can."""

import logging

import pytest
from aiokafka.errors import NotControllerError, UnknownError

from kafka_io.brokers import ApacheKafka, Broker
from kafka_io.producers import started_producer, without_refused_ids
from kafka_io.writers import has_transactions
from schemas.topics import WINDOWS
from tests.conftest import create_topics
from tests.kafka_io import words


async def test_a_producer_starts_on_every_broker_and_is_idempotent_where_it_can(
    broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    """The embedded broker gives no producer ids."""
    await create_topics(broker)

    settings = words.settings(broker.address, "unused")
    producer = await started_producer(settings)
    sent = await producer.send_and_wait(WINDOWS.name, b"value", b"key", partition=0)
    is_idempotent = producer._txn_manager is not None and producer._txn_manager.has_pid()
    await producer.stop()

    assert sent.offset == 0
    assert is_idempotent == isinstance(broker, ApacheKafka)
    assert await has_transactions(settings) == isinstance(broker, ApacheKafka)
    assert [one for one in caplog.records if one.levelno >= logging.ERROR] == []


def test_other_errors_of_the_library_are_told(caplog: pytest.LogCaptureFixture) -> None:
    log = logging.getLogger("aiokafka.producer.sender")
    told = "Unexpected error during InitProducerIdRequest: %s"
    with without_refused_ids():
        log.error(told, UnknownError)
        log.error(told, NotControllerError)
        log.error("Could not end transaction due to unexpected error: %s", UnknownError)
    log.error(told, UnknownError)
    assert [one.args for one in caplog.records] == [
        (NotControllerError,), (UnknownError,), (UnknownError,),
    ]  # fmt: skip
