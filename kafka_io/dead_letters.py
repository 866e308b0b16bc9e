"""Put records aside that are no posts, with the reason, and stop when they are too many."""

from collections.abc import Mapping
from typing import Any

from kafka_io.batches import Row, TopicPartition
from schemas.dead_letter import DeadLetter, DropReason
from schemas.topics import POSTS_DEAD, POSTS_RAW


class TooManyDeadLettersError(RuntimeError):
    """The share of dead letters passed the limit: something is wrong with the feed."""


def dead_letter_row(source: TopicPartition, record: Any, reason: DropReason, detail: str) -> Row:
    """Row for `posts.dead`: the raw bytes, and where they came from in headers."""
    headers = [
        ("reason", reason.value.encode()),
        ("topic", source[0].encode()),
        ("partition", b"%d" % source[1]),
        ("offset", str(record.offset).encode()),
        ("detail", detail[:200].encode("utf-8", "replace")),
        *((name, value) for name, value in record.headers if name in ("source", "received_at")),
    ]
    return Row(POSTS_DEAD.name, 0, record.key, record.value or b"", headers)


def origin_of(record: Any) -> tuple[int, int] | None:
    """Partition and offset of the raw post that a record of `posts.dead` holds; None: another."""
    headers: Mapping[str, bytes] = dict(record.headers)
    if headers.get("topic") != POSTS_RAW.name.encode():
        return None
    return int(headers["partition"]), int(headers["offset"])


def read_dead_letter(record: Any) -> DeadLetter:
    """The record of `posts.dead` as a `DeadLetter`."""
    headers: Mapping[str, bytes] = dict(record.headers)
    return DeadLetter(
        reason=DropReason(headers["reason"].decode()),
        topic=headers["topic"].decode(),
        partition=int(headers["partition"]),
        offset=int(headers["offset"]),
        detail=headers["detail"].decode(),
        value=record.value,
    )


class DeadShare:
    """Share of dead letters among the last `span` posts, in two halves."""

    def __init__(self, limit: float, span: int = 10_000) -> None:
        self._limit = limit
        self._half = span // 2
        self._posts = self._dead = 0
        self._posts_before = self._dead_before = 0

    def add(self, posts: int, dead: int) -> None:
        """Count a batch.

        Raises:
            TooManyDeadLettersError: the share is above the limit.

        >>> share = DeadShare(limit=0.5, span=100)
        >>> share.add(60, 10)
        >>> share.add(60, 60)
        Traceback (most recent call last):
        kafka_io.dead_letters.TooManyDeadLettersError: 70 of the last 120 records were no posts, ...
        """
        self._posts += posts
        self._dead += dead
        seen = self._posts + self._posts_before
        dead_seen = self._dead + self._dead_before
        if seen >= 2 * self._half and dead_seen > self._limit * seen:
            raise TooManyDeadLettersError(
                f"{dead_seen} of the last {seen} records were no posts, more than "
                f"LEIMO_DEAD_SHARE_LIMIT={self._limit} allows. Look at `{POSTS_DEAD.name}`, mend "
                "the feed, and start the worker again, or raise the limit."
            )
        if self._posts >= self._half:
            self._posts_before, self._dead_before = self._posts, self._dead
            self._posts = self._dead = 0
