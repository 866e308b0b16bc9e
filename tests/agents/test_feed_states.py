"""What `measure` is told of feeds: their gaps, and those that are away."""

import asyncio
from collections.abc import Sequence
from typing import cast

import pytest

from agents.feed_states import LONGEST_AWAY_MS, STALE_MS, FeedStateFollower, away_since_ms
from agents.measure import MeasureStage
from feeds.live.kept import gap_row, position_row
from kafka_io.batches import Row
from kafka_io.settings import Settings
from schemas.feed import FeedGap, FeedPosition, FeedState, GapReason
from schemas.topics import FEED_GAPS
from tests.kafka_io.broker_log import append

NOW_MS = 1_790_000_000_000


def position(state: FeedState, *, age_ms: int = 1_000, behind_ms: int = 0) -> FeedPosition:
    return FeedPosition(
        feed="x",
        position="7",
        event_time_ms=NOW_MS - age_ms - behind_ms,
        at_ms=NOW_MS - age_ms,
        state=state,
    )


@pytest.mark.parametrize(
    ("held", "since_ms"),
    [
        (position(FeedState.LIVE), None),
        (position(FeedState.LIVE, behind_ms=9_000_000), None),  # nothing is written there
        (position(FeedState.LIVE, age_ms=STALE_MS + 1), NOW_MS - STALE_MS - 1),  # killed
        (position(FeedState.RECONNECTING, behind_ms=5_000), NOW_MS - 6_000),
        (position(FeedState.STOPPED), NOW_MS - 1_000),
        (position(FeedState.STOPPED, age_ms=LONGEST_AWAY_MS), None),  # it is not coming back
    ],
)
def test_a_feed_is_away(held: FeedPosition, since_ms: int | None) -> None:
    assert away_since_ms([held], NOW_MS) == since_ms


class Told:
    """In place of the stage: what it was told last."""

    def __init__(self) -> None:
        self.gaps: list[tuple[int, int]] = []
        self.away: int | None = None

    def note_feeds(self, gaps: Sequence[tuple[int, int]], away_since_ms: int | None) -> None:
        self.gaps, self.away = list(gaps), away_since_ms


async def test_the_stage_is_told(settings: Settings) -> None:
    told = Told()
    gap = FeedGap(feed="x", from_ms=1, to_ms=2, reason=GapReason.NO_RESUME)
    broken = Row(FEED_GAPS.name, 0, b"y|1", b"{")
    await append(settings, gap_row(gap), broken, position_row(position(FeedState.LIVE)))
    watch = FeedStateFollower(settings, lambda: NOW_MS)
    task = asyncio.create_task(watch.follow(cast("MeasureStage", told)))
    try:
        async with asyncio.timeout(60):
            while told.gaps != [(1, 2)]:
                await asyncio.sleep(0.1)
            assert told.away is None
            await append(settings, position_row(position(FeedState.STOPPED)))
            while told.away != NOW_MS - 1_000:
                await asyncio.sleep(0.1)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await watch.stop()
