"""What people do, back to the topics."""

import msgspec

from kafka_io.producers import Producer, started_producer
from kafka_io.settings import Settings
from schemas.action import Action
from schemas.topics import ACTIONS, CATALOGUE


class KafkaTopics:
    """Appends to `actions` and `catalogue`; what it returns is acknowledged."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._producer: Producer | None = None

    async def start(self) -> None:
        """Connect."""
        self._producer = await started_producer(self._settings)

    async def stop(self) -> None:
        """Send what is under way, and disconnect."""
        if self._producer is not None:
            await self._producer.stop()

    async def act(self, action: Action) -> int:
        """Append to `actions`; returns its offset."""
        return await self._send(ACTIONS.name, action.key, msgspec.json.encode(action))

    async def define(self, key: str, value: bytes | None) -> int:
        """Put a definition into force, or remove one; returns the record's offset."""
        return await self._send(CATALOGUE.name, key.encode(), value)

    async def _send(self, topic: str, key: bytes, value: bytes | None) -> int:
        if self._producer is None:
            raise RuntimeError("not started")
        acknowledged = await self._producer.send(topic, value, key, partition=0)
        return int((await acknowledged).offset)
