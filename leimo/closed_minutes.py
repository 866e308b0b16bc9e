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
from measures.watermarks import EventClock
from schemas.mention import MentionOrTick, Tick
from schemas.topics import MENTIONS

MINUTE_MS = 60_000
_FIRST_LOOK = 2_000
"""Records read from the end at first; each further look back takes four times as many."""

_decode = msgspec.json.Decoder(MentionOrTick).decode


def is_closed(clock: EventClock, start_ms: int, grace_ms: int) -> bool:
    """Whether nothing of the minute is open by what the clock has seen; without ticks it is.

    >>> clock = EventClock(partitions=1, newest={0: 150_000}, watermark_ms=150_000)
    >>> [is_closed(clock, start_ms, grace_ms=30_000) for start_ms in (60_000, 120_000)]
    [True, False]
    >>> clock.idle = {0}
    >>> is_closed(clock, 120_000, grace_ms=30_000)
    True
    """
    if not clock.is_complete or clock.is_idle or clock.watermark_ms is None:
        return True
    return start_ms + MINUTE_MS + grace_ms <= clock.watermark_ms


async def clocks(
    reader: PartitionReader, settings: Settings, taken: Mapping[TopicPartition, int]
) -> dict[int, EventClock]:
    """The clock of each partition of `mentions`, by the newest ticks that workers have taken."""
    topic = await reader.bounds((MENTIONS.name, p) for p in range(settings.partitions))
    bounds = before(taken, topic)
    return {
        source[1]: await _clock(reader, settings, source, *bound)
        for source, bound in bounds.items()
    }


async def _clock(
    reader: PartitionReader, settings: Settings, source: TopicPartition, first: int, end: int
) -> EventClock:
    """Read back until every partition of `posts.raw` was heard of."""
    look = _FIRST_LOOK
    while True:
        start = max(first, end - look)
        clock = EventClock()
        async for _, records in reader.read({source: (start, end)}):
            for tick in _ticks(records):
                clock.observe(tick, int(settings.disorder_s * 1000))
        if clock.is_complete or start == first:
            return clock
        look *= 4


def _ticks(records: list[Any]) -> Iterator[Tick]:
    for record in records:
        if record.key is None and record.value is not None:
            with suppress(msgspec.DecodeError):
                item = _decode(record.value)
                if isinstance(item, Tick):
                    yield item
