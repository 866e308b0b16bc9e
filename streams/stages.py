"""What the transport asks of a stage: read a topic, keep state, write rows."""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from schemas.topics import Topic
from streams.batches import Row


class Stage(Protocol):
    """One stage of the pipeline, within one worker. All of it is synchronous.

    The life of a partition: `open` → `recall` (if `lookback`) → `restore` (if `changelog`) →
    `step` … → `drop`.
    """

    name: str
    topic: Topic
    """What it reads."""
    changelog: Topic | None
    """Where its state is kept; None: it has none, and its partitions share one writer."""
    lookback: int
    """How many records before its start it wants to see again."""

    def open(self, partition: int) -> None:
        """This worker owns the partition now."""

    def recall(self, partition: int, records: Sequence[Any]) -> None:
        """Records just before the start, in order: seen before, not to be counted."""

    def restore(self, partition: int, entries: Iterable[tuple[bytes, bytes]]) -> None:
        """Latest value of each key of the changelog."""

    def step(self, partition: int, records: Sequence[Any]) -> list[Row]:
        """Take records into the state; returns what is to be written."""

    def state_rows(self, partition: int) -> list[Row]:
        """Changelog rows of the keys that changed since the last call."""

    def drop(self) -> None:
        """No partition is owned any more: forget all state."""
