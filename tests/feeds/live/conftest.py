"""Fixtures of the tests of live feeds."""

import pytest

from kafka_io.brokers import EmbeddedBroker
from kafka_io.settings import Settings
from kafka_io.topic_admin import apply_topics


@pytest.fixture
async def settings(embedded_broker: EmbeddedBroker) -> Settings:
    """Settings for a broker with every topic new and empty."""
    settings = Settings(broker=embedded_broker.address, partitions=2, metrics_address="")
    await apply_topics(settings)
    return settings
