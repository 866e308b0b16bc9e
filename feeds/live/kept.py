"""Positions and gaps of feeds, as they are kept in Kafka."""

import time
from contextlib import suppress

import msgspec
from aiokafka.errors import KafkaError

from feeds.source import FeedError
from kafka_io.batches import BatchSender, Row
from kafka_io.compacted import read_compacted
from kafka_io.producers import started_producer
from kafka_io.settings import Settings
from schemas.feed import FeedGap, FeedPosition, FeedState
from schemas.topics import FEED_GAPS, FEED_POSITIONS

_position = msgspec.json.Decoder(FeedPosition).decode
_gap = msgspec.json.Decoder(FeedGap).decode


def position_row(position: FeedPosition) -> Row:
    """The record of `feed-positions`."""
    return Row(FEED_POSITIONS.name, 0, position.feed.encode(), msgspec.json.encode(position))


def gap_row(gap: FeedGap) -> Row:
    """The record of `feed-gaps`."""
    return Row(FEED_GAPS.name, 0, gap.key, msgspec.json.encode(gap))


async def kept_position(settings: Settings, feed: str) -> FeedPosition | None:
    """Where a feed stands; None: it never ran, or never came so far as to have a position.

    Raises:
        FeedError: there is a record that cannot be read: to begin anew would skip posts in silence.
        KafkaError: the broker cannot be asked.
    """
    value = (await read_compacted(settings, FEED_POSITIONS.name)).get(feed.encode())
    if value is None:
        return None
    try:
        kept = _position(value)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise FeedError(
            f"{FEED_POSITIONS.name}: the record of {feed!r} is no position ({error}); `leimo feed "
            f"forget {feed}` removes it: the feed then begins with what is live"
        ) from None
    return kept if kept.position or kept.event_time_ms else None


async def tell_failed(settings: Settings, feed: str, error: str) -> None:
    """Write down why a feed does not run any more; its position stays as it is.

    A broker that does not answer, or a record that cannot be read, is left alone: the log has it.
    """
    with suppress(KafkaError, FeedError, OSError):
        now_ms = time.time_ns() // 1_000_000
        kept = await kept_position(settings, feed) or FeedPosition(
            feed=feed, position="", event_time_ms=0, at_ms=now_ms, state=FeedState.FAILED
        )
        told = msgspec.structs.replace(
            kept, at_ms=now_ms, state=FeedState.FAILED, error=error[:1_000], posts_per_s=0.0
        )
        producer = await started_producer(settings)
        try:
            sender = BatchSender(producer)
            await sender.send([position_row(told)])
            await sender.flush()
        finally:
            await producer.stop()


async def all_positions(settings: Settings) -> list[FeedPosition]:
    """Every feed that ever ran, by name; records that cannot be read are left out."""
    held = await read_compacted(settings, FEED_POSITIONS.name)
    found = []
    for value in held.values():
        try:
            found.append(_position(value))
        except (msgspec.MsgspecError, UnicodeDecodeError):
            continue
    return sorted(found, key=lambda position: position.feed)


async def all_gaps(settings: Settings) -> list[FeedGap]:
    """Every gap that is kept, the oldest first; records that cannot be read are left out."""
    held = await read_compacted(settings, FEED_GAPS.name)
    found = []
    for value in held.values():
        try:
            found.append(_gap(value))
        except (msgspec.MsgspecError, UnicodeDecodeError):
            continue
    return sorted(found, key=lambda gap: (gap.from_ms, gap.feed))
