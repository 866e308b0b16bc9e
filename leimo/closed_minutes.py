"""Which minutes the workers have closed, by the ticks in `mentions`.

A published window does not tell that of the others of its minute: while the whole feed is silent,
all open minutes are closed early, and a post that still comes opens its brand's minute again.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

import msgspec

from kafka_io.ledger import TopicPartition
from kafka_io.reading import PartitionReader
from kafka_io.settings import Settings
from leimo.taken import before
from measures.watermarks import EventTime
from schemas.mention import MentionOrTick, Tick
from schemas.topics import MENTIONS

MINUTE_MS = 60_000
_FIRST_LOOK = 2_000
"""Records read from the end at first; each further look back takes four times as many."""

_decode = msgspec.json.Decoder(MentionOrTick).decode


def is_closed(event_time: EventTime, start_ms: int, grace_ms: int) -> bool:
    """Whether nothing of the minute is open, by event time; without ticks it is.

    >>> event_time = EventTime(partitions=1, newest={0: 150_000}, watermark_ms=150_000)
    >>> [is_closed(event_time, start_ms, grace_ms=30_000) for start_ms in (60_000, 120_000)]
    [True, False]
    >>> event_time.idle = {0}
    >>> is_closed(event_time, 120_000, grace_ms=30_000)
    True
    """
    if not event_time.is_complete or event_time.is_idle or event_time.watermark_ms is None:
        return True
    return start_ms + MINUTE_MS + grace_ms <= event_time.watermark_ms


async def clocks(
    reader: PartitionReader, settings: Settings, taken: Mapping[TopicPartition, int]
) -> dict[int, EventTime]:
    """Event time of each partition of `mentions`, by the newest ticks that workers have taken."""
    topic = await reader.bounds((MENTIONS.name, p) for p in range(settings.partitions))
    bounds = before(taken, topic)
    return {
        source[1]: await _event_time(reader, settings, source, *bound)
        for source, bound in bounds.items()
    }


async def _event_time(
    reader: PartitionReader, settings: Settings, source: TopicPartition, first: int, end: int
) -> EventTime:
    """Read back until every partition of `posts.raw` was heard of."""
    look = _FIRST_LOOK
    while True:
        start = max(first, end - look)
        event_time = EventTime()
        async for _, records in reader.read({source: (start, end)}):
            for tick in _ticks(records):
                event_time.observe(tick, int(settings.disorder_s * 1000))
        if event_time.is_complete or start == first:
            return event_time
        look *= 4


def _ticks(records: list[Any]) -> Iterator[Tick]:
    for record in records:
        if record.key is None and record.value is not None:
            with suppress(msgspec.DecodeError):
                item = _decode(record.value)
                if isinstance(item, Tick):
                    yield item
