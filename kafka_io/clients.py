"""Options that every Kafka client of leimo shares."""

from typing import Any

from kafka_io.security import security_options
from kafka_io.settings import Settings


def client_options(settings: Settings) -> dict[str, Any]:
    """Keyword arguments for aiokafka's consumer, producer and admin client."""
    return {
        "bootstrap_servers": settings.broker,
        "client_id": settings.instance or "leimo",
        **security_options(settings),
    }
