"""Fixtures that every test may use."""

import asyncio
import gc
import os
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from kafka_io.brokers import ApacheKafka, Broker, BrokerMissing, EmbeddedBroker
from kafka_io.settings import Settings
from kafka_io.topic_admin import apply_topics
from tests.kafka_io import words

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of the real public data beside the checkout; skips where it is absent."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(
            "needs the public data sets in ../shared/data, which are not part of the project"
        )
    return folder


@pytest.fixture
def client_leaks() -> Iterator[None]:
    """Collects what aiokafka left behind, before it can fail a later test.

    A client that is stopped while it connects forgets the connection; the warning about it would
    come at the next collection, in a test that has nothing to do with it.
    """
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture
def embedded_broker(client_leaks: None) -> Iterator[EmbeddedBroker]:
    """The embedded broker, new and empty (it is up in some 100 ms)."""
    with EmbeddedBroker.start() as broker:
        yield broker


@pytest.fixture(scope="session")
def kafka_process() -> Iterator[ApacheKafka]:
    """One Apache Kafka for the session (it takes seconds to start); use `kafka_broker`."""
    try:
        with ApacheKafka.start() as broker:
            yield broker
    except BrokerMissing as missing:
        if os.environ.get("REQUIRE_KAFKA"):
            raise
        pytest.skip(str(missing))


@pytest.fixture
def kafka_broker(kafka_process: ApacheKafka, client_leaks: None) -> ApacheKafka:
    """Apache Kafka without topics, and running whatever the test before did to it.

    It remembers consumer groups and transactional ids: use group names of the test's own.
    """
    with ThreadPoolExecutor(1) as thread:  # a loop may be running in this one
        thread.submit(asyncio.run, _make_empty(kafka_process)).result()
    return kafka_process


@pytest.fixture(
    params=[
        pytest.param("embedded_broker", marks=pytest.mark.embedded),
        pytest.param("kafka_broker", marks=pytest.mark.kafka),
    ]
)
def broker(request: pytest.FixtureRequest) -> Broker:
    """Each of the brokers, empty."""
    found = request.getfixturevalue(request.param)
    assert isinstance(found, Broker)
    return found


async def _make_empty(broker: ApacheKafka) -> None:
    broker.resume()
    if not broker.is_running:
        await broker.restart()
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.address)
    await admin.start()
    try:
        while topics := [
            topic for topic in await admin.list_topics() if not topic.startswith("__")
        ]:
            await admin.delete_topics(topics)
    finally:
        await admin.close()


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
