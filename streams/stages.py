"""What the transport asks of a stage: read a topic, keep state, write rows."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from kafka_io.batches import Row
from kafka_io.ledger import TopicPartition
from schemas.topics import Topic


class EntryError(ValueError):
    """A stage cannot read an entry of its changelog."""

    def __init__(self, key: bytes, why: object) -> None:
        super().__init__(why)
        self.key = key


class Stage(Protocol):
    """One stage of the pipeline, within one worker. All of it is synchronous.

    The life of its partitions: `open` → `restore` (if `changelog`) → `recall_from` → `recall` (if
    it needs to) → `step` … → `drop`.
    """

    name: str
    topic: Topic
    """What it reads."""
    changelog: Topic | None
    """Where its state is kept; None: it has none, and its partitions share one writer."""
    notes: Topic | None
    """Where its steps note the identities of what they read, see `streams.seen_posts`."""

    def open(self, partitions: Collection[int]) -> None:
        """This worker owns these partitions now, and no others."""

    def recall_from(self, partition: int, start: int) -> int:
        """It goes on at `start`: from where on it has to know what was read before that."""

    def recall(self, partition: int, posts: Sequence[tuple[int, int]]) -> None:
        """Offset and identity of what stands just before the start, in order."""

    def identities(self, records: Sequence[Any]) -> list[tuple[int, int]]:
        """Offset and identity of the posts among records; where the notes do not go far enough."""

    def restore(self, partition: int, entries: Iterable[tuple[bytes, bytes]]) -> None:
        """Latest value of each key of the changelog.

        Raises:
            EntryError: one of them is none of this build's.
        """

    def step(self, partition: int, records: Sequence[Any]) -> list[Row]:
        """Take records of its topic into the state; returns what is to be written."""

    def append_ms(self, records: Sequence[Any]) -> int:
        """When the newest post among records was appended to `posts.raw`, in epoch ms; 0: none."""

    def state_rows(self, partition: int) -> list[Row]:
        """Changelog rows of the keys that changed since the last call."""

    def drop(self) -> None:
        """No partition is owned any more: forget all state that others may change."""


@runtime_checkable
class RemembersOffsets(Protocol):
    """A stage whose state tells repeats by offsets: it is worth nothing beside another topic."""

    def counted_to(self) -> Mapping[TopicPartition, int]:
        """After `restore`: the offset after the last that was counted, by where it came from."""
