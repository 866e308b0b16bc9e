"""A center over a store, without Kafka: what is written to topics is taken in at once."""

import msgspec

from center.api.stream import Hub
from center.board import Board
from center.context import Authenticate, Center, everybody_is_local
from center.store.opening import SqlStore
from center.store.protocol import Offsets, Record
from kafka_io.settings import Settings
from schemas.action import Action
from schemas.catalogue import Definition
from schemas.topics import ACTIONS, CATALOGUE
from tests.center.records import START_MS


class DirectTopics:
    """Writes what people do straight into the store, as the ingest would."""

    def __init__(self, store: SqlStore) -> None:
        self._store = store
        self.told: list[Record] = []

    async def act(self, action: Action) -> int:
        return self._take_in(ACTIONS.name, action.key.decode(), action)

    async def define(self, key: str, value: bytes | None) -> int:
        decoded = None if value is None else msgspec.json.decode(value, type=Definition)
        return self._take_in(CATALOGUE.name, key, decoded)

    def _take_in(self, topic: str, key: str, value: object) -> int:
        offset = self._store.offsets().get((topic, 0), 0)
        record = Record(topic, 0, offset, key, value)
        self.told.append(record)
        self._store.apply([record], {(topic, 0): offset + 1})
        return offset


def center_over(
    store: SqlStore, now_ms: int = START_MS, authenticate: Authenticate = everybody_is_local
) -> Center:
    """Everything but the ingest and the server."""
    offsets: Offsets = store.offsets()
    return Center(
        store=store,
        settings=Settings(),
        topics=DirectTopics(store),
        clock_ms=lambda: now_ms,
        hub=Hub(offsets),
        board=Board(store),
        authenticate=authenticate,
    )
