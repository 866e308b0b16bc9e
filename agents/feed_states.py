"""Gaps of live feeds, and feeds that are away, as `measure` has to know them.

What a feed could not give is no silence of a brand. The record of a gap comes when the feed is
back; until then its position tells that it is away.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import TypeVar

import msgspec

from agents.measure import MeasureStage
from kafka_io.followers import TopicFollower
from kafka_io.settings import Settings
from schemas.feed import FeedGap, FeedPosition, FeedState
from schemas.topics import FEED_GAPS, FEED_POSITIONS

log = logging.getLogger(__name__)

STALE_MS = 2 * 60_000
"""A feed writes its position every ten seconds; one that has not for so long is away."""
LONGEST_AWAY_MS = 6 * 3_600_000
"""A feed that is away for longer will not come back: brands are watched without it."""
_EVERY_S = 5.0

T = TypeVar("T")


class FeedStateFollower:
    """Follows `feed-gaps` and `feed-positions` in a worker."""

    def __init__(self, settings: Settings, now_ms: Callable[[], int]) -> None:
        self._follower = TopicFollower(settings, [(FEED_GAPS.name, 0), (FEED_POSITIONS.name, 0)])
        self._now_ms = now_ms
        self._gaps: dict[bytes, FeedGap] = {}
        self._positions: dict[bytes, FeedPosition] = {}

    async def follow(self, measure: MeasureStage) -> None:
        """Tell the stage, every few seconds, until cancelled."""
        ends = await self._follower.start()
        while not await self._follower.is_at(ends):
            await self._poll()
        while True:
            gaps = [(gap.from_ms, gap.to_ms) for gap in self._gaps.values()]
            measure.note_feeds(gaps, away_since_ms(self._positions.values(), self._now_ms()))
            await self._poll()
            await asyncio.sleep(_EVERY_S)

    async def stop(self) -> None:
        await self._follower.stop()

    async def _poll(self) -> None:
        for (topic, _), records in (await self._follower.poll()).items():
            for record in records:
                if topic == FEED_GAPS.name:
                    _take(self._gaps, record.key, record.value, FeedGap)
                else:
                    _take(self._positions, record.key, record.value, FeedPosition)


def away_since_ms(positions: Iterable[FeedPosition], now_ms: int) -> int | None:
    """Event time since which a feed is away that was there a moment ago; None: all are there.

    >>> stopped = FeedPosition(feed="x", position="7", event_time_ms=40_000, at_ms=50_000,
    ...                        state=FeedState.STOPPED)
    >>> away_since_ms([stopped], 60_000), away_since_ms([stopped], 90_000_000)
    (40000, None)
    """
    since = [
        position.event_time_ms
        for position in positions
        if (position.state is not FeedState.LIVE or position.at_ms < now_ms - STALE_MS)
        and position.at_ms > now_ms - LONGEST_AWAY_MS
        and position.event_time_ms
    ]
    return min(since, default=None)


def _take(kept: dict[bytes, T], key: bytes, value: bytes | None, kind: type[T]) -> None:
    if value is None:
        kept.pop(key, None)
        return
    try:
        kept[key] = msgspec.json.decode(value, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        log.error("%r is no record of a feed: %s", key, error)
