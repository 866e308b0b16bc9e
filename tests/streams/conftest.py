"""Fixtures of the tests of `streams`."""

import gc

import pytest

from kafka_io.brokers import ApacheKafka, Broker
from kafka_io.settings import Settings
from kafka_io.topic_admin import apply_topics
from tests.kafka_io import words


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that takes `kafka_topics` needs Kafka."""
    for item in items:
        if "kafka_topics" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.kafka)


def pytest_collection_finish() -> None:
    """What is imported lives to the end: `client_leaks` need not look at it after each test."""
    gc.collect()
    gc.freeze()


async def create_topics(broker: Broker) -> None:
    """Every topic of leimo, with as many partitions as `words.settings` says, ready for use."""
    await apply_topics(words.settings(broker.address, "unused"))


@pytest.fixture
async def kafka_topics(kafka_broker: ApacheKafka) -> str:
    """Address of Apache Kafka with every topic new and empty, 4 partitions where they scale."""
    await create_topics(kafka_broker)
    return kafka_broker.address


@pytest.fixture
async def topics(broker: Broker) -> str:
    """As `kafka_topics`, on each of the brokers."""
    await create_topics(broker)
    return broker.address


@pytest.fixture
def settings(topics: str, request: pytest.FixtureRequest) -> Settings:
    """Settings for the brokers of `topics`, with a group of the test's own."""
    return words.settings(topics, request.node.name)


@pytest.fixture
def kafka_settings(kafka_topics: str, request: pytest.FixtureRequest) -> Settings:
    """Settings for the broker of `kafka_topics`, with a group of the test's own."""
    return words.settings(kafka_topics, request.node.name)
