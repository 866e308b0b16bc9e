"""A Faust table whose changelog the outbox writes, and whose recovery reads in bulk."""

import logging
from typing import Any

import faust
from faust.tables.manager import TableManager
from faust.tables.recovery import RebalanceAgain, Recovery, ServiceStopped
from mode import Service

from streams.ownership import OffsetError, StateError
from streams.stop import die

log = logging.getLogger(__name__)


class StateTable(faust.Table):  # type: ignore[misc]
    """Live values by key; remembers which keys changed, by partition, for the next commit.

    Faust would send one changelog message for each write, through a buffer that can be committed
    past. Here a key is written once per commit, whole, by `streams.outbox`.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._changed: dict[int, set[bytes]] = {}

    def on_key_set(self, key: bytes, value: Any) -> None:
        """Called by Faust on `table[key] = value`, within an agent."""
        self._changed.setdefault(self.partition_for_key(key), set()).add(key)

    def on_key_del(self, key: bytes) -> None:
        """Called by Faust on `del table[key]`, within an agent."""
        self._changed.setdefault(self.partition_for_key(key), set()).add(key)

    def changed_keys(self, partition: int) -> set[bytes]:
        """Keys that changed since the last call."""
        return self._changed.pop(partition, set())

    def forget(self) -> None:
        """Drop all values: Faust's memory store keeps those of revoked partitions."""
        self._changed.clear()
        self.data.clear()


class Restoration(Recovery):  # type: ignore[misc]
    """Faust's recovery with our own order of take-over in place of its reading.

    Faust's own reads a changelog at about 10,000 records a second, never ends where the changelog
    ends with a transaction marker, and swallows errors.
    """

    @Service.task  # type: ignore[untyped-decorator]
    async def _restart_recovery(self) -> None:
        while not self.should_stop:
            if await self.wait_for_stopped(self.signal_recovery_start):
                return
            self.signal_recovery_start.clear()
            generation_id = self._generation_id
            try:
                self._set_recovery_started()
                assigned = self.app.consumer.assignment()
                await self._wait(self.app.take_over(assigned))
                await self._wait(self.on_recovery_completed(generation_id))
            except RebalanceAgain:
                log.info("another rebalance began during the take-over")
            except ServiceStopped:
                return
            except (OffsetError, StateError) as error:
                die(str(error))
            except Exception as error:  # Faust would go on without partitions
                die(f"taking over partitions failed: {error}", error)

    @Service.task  # type: ignore[untyped-decorator]
    async def _slurp_changelogs(self) -> None:
        """Nothing: `streams.ownership` reads the changelogs."""

    @Service.task  # type: ignore[untyped-decorator]
    async def _publish_stats(self) -> None:
        """Nothing: `leimo_recovery_remaining_records` tells."""

    def flush_buffers(self) -> None:
        """Nothing is buffered."""


class StateTableManager(TableManager):  # type: ignore[misc]
    """Faust's table manager with the restoration above."""

    _recovery: Restoration | None

    @property
    def recovery(self) -> Restoration:
        if self._recovery is None:
            self._recovery = Restoration(self.app, self, beacon=self.beacon, loop=self.loop)
        return self._recovery
