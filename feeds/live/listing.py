"""What is known of live feeds, and what they could not give: `leimo feed list` and `gaps`."""

from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import msgspec

from feeds.live.kept import all_gaps, all_positions
from kafka_io.batches import BatchSender, Row
from kafka_io.compacted import read_compacted
from kafka_io.producers import started_producer
from kafka_io.settings import Settings
from kafka_io.topic_admin import refuse_missing, topic_states
from schemas.catalogue import Definition, Feed
from schemas.feed import FeedGap, FeedPosition, FeedState
from schemas.topics import CATALOGUE, FEED_GAPS, FEED_POSITIONS

SILENT_MS = 35_000
"""A feed writes every ten seconds; one that did not for so long does not run, or has no broker."""


def state_of(position: FeedPosition, now_ms: int, definition: Feed | None = None) -> str:
    """How a feed fares, for people: its own word, unless it is too old, or never was said.

    >>> position = FeedPosition(feed="a", position="", event_time_ms=0, at_ms=0, state="live")
    >>> state_of(position, 10_000), state_of(position, 60_000)
    ('live', 'gone')
    """
    if definition is not None and not position.at_ms:
        return "defined" if definition.enabled else "off"
    has_ended = position.state in (FeedState.STOPPED, FeedState.FAILED)
    if not has_ended and now_ms - position.at_ms > SILENT_MS:
        return "gone"
    if has_ended and definition is not None and not definition.enabled:
        return "off"
    return str(position.state)


def lag_s(position: FeedPosition) -> float | None:
    """How old its newest post was when it last wrote; None: it had none yet."""
    if not position.event_time_ms:
        return None
    return round(max(0, position.at_ms - position.event_time_ms) / 1_000, 1)


def gap_ms(gaps: Iterable[FeedGap], feed: str, since_ms: int) -> int:
    """How much event time a feed could not give since a moment; overlapping gaps count once.

    >>> gap = FeedGap(feed="a", from_ms=1_000, to_ms=5_000, reason="no_resume")
    >>> other = FeedGap(feed="a", from_ms=4_000, to_ms=6_000, reason="no_resume")
    >>> gap_ms([gap, other], "a", 2_000), gap_ms([gap], "b", 0)
    (4000, 0)
    """
    total, done_ms = 0, since_ms
    for gap in sorted(gaps, key=lambda gap: gap.from_ms):
        if gap.feed == feed and gap.to_ms > done_ms:
            total += gap.to_ms - max(gap.from_ms, done_ms)
            done_ms = gap.to_ms
    return total


async def feed_rows(settings: Settings, now_ms: int, gaps_since_ms: int) -> list[dict[str, Any]]:
    """A row for each feed that ever ran, or is defined: state, lag, gaps, rate.

    Raises:
        TopicError: the topics of feeds are missing.
    """
    await _refuse_missing(settings)
    gaps = await all_gaps(settings)
    positions = {position.feed: position for position in await all_positions(settings)}
    defined = await _defined(settings)
    for name in defined:
        unknown = FeedPosition(
            feed=name, position="", event_time_ms=0, at_ms=0, state=FeedState.STOPPED
        )
        positions.setdefault(name, unknown)
    return [
        {
            "feed": position.feed,
            "state": state_of(position, now_ms, defined.get(position.feed)),
            "lag_s": lag_s(position),
            "gap_s": round(gap_ms(gaps, position.feed, gaps_since_ms) / 1_000, 1),
            "posts_per_s": position.posts_per_s,
            "posts": position.posts,
            "sample": position.sample,
            "error": position.error,
            "event_time_ms": position.event_time_ms,
            "at_ms": position.at_ms,
            "started_at_ms": position.started_at_ms,
            "endpoint": position.endpoint,
            "position": position.position,
        }
        for _, position in sorted(positions.items())
    ]


async def found_gaps(settings: Settings, feed: str | None, since_ms: int) -> list[FeedGap]:
    """Gaps that reach beyond `since_ms`, of one feed or of all, the oldest first.

    Raises:
        TopicError: the topics of feeds are missing.
    """
    await _refuse_missing(settings)
    return [
        gap
        for gap in await all_gaps(settings)
        if gap.to_ms >= since_ms and feed in (None, gap.feed)
    ]


async def forget(settings: Settings, feed: str) -> None:
    """Remove the position of a feed: it begins anew with what is live.

    Raises:
        TopicError: the topics of feeds are missing.
    """
    await _refuse_missing(settings)
    producer = await started_producer(settings)
    try:
        sender = BatchSender(producer)
        await sender.send([Row(FEED_POSITIONS.name, 0, feed.encode(), None)])
        await sender.flush()
    finally:
        await producer.stop()


async def _defined(settings: Settings) -> dict[str, Feed]:
    """The feeds that the catalogue defines, by name; what cannot be read is left out."""
    found = {}
    for value in (await read_compacted(settings, CATALOGUE.name)).values():
        with suppress(msgspec.MsgspecError, UnicodeDecodeError):
            definition = msgspec.json.decode(value, type=Definition)
            if isinstance(definition, Feed):
                found[definition.id] = definition
    return found


async def _refuse_missing(settings: Settings) -> None:
    states = await topic_states(settings)
    needed = (FEED_POSITIONS, FEED_GAPS, CATALOGUE)
    refuse_missing(state for state in states if state.topic in needed)
