"""What every Kafka client of leimo shares: its options, and how a consumer ends."""

import asyncio
from typing import Any

from aiokafka import AIOKafkaConsumer

from kafka_io.security import security_options
from kafka_io.settings import Settings


def client_options(settings: Settings) -> dict[str, Any]:
    """Keyword arguments for aiokafka's consumer, producer and admin client."""
    return {
        "bootstrap_servers": settings.broker,
        "client_id": settings.instance or "leimo",
        **security_options(settings),
    }


async def stop_consumer(consumer: AIOKafkaConsumer) -> None:
    """Leave the group and close.

    Without a broker, aiokafka awaits fetches that it has cancelled itself: that is no cancellation
    of ours, and what else has to be closed goes on.
    """
    try:
        await consumer.stop()
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
