"""Run a feed that goes on for good: connect, show, wait for a broker that is away, end on a signal.

What was sent and not acknowledged is read again from the position that is kept: it may stand twice
in `posts.raw`, and nothing is skipped.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from aiokafka.errors import KafkaError
from rich.console import Console

from feeds.positions import TopicPositions
from feeds.progress import shown
from feeds.publish import Tally
from feeds.run import END_S, Outcome, limited_by, stop_signals
from feeds.sinks import Connection, TopicSink
from feeds.source import FeedError
from kafka_io.settings import Settings
from schemas.post import Source
from schemas.topics import FEED_POSITIONS

log = logging.getLogger(__name__)

_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 30.0

Work = Callable[[TopicSink, Tally, asyncio.Event], Awaitable[None]]
"""Sends until it is done or the event is set. It begins at the position that is kept."""


async def run_steadily(
    work: Work,
    settings: Settings,
    source: Source,
    console: Console,
    *,
    quiet: bool,
    positions: TopicPositions | None = None,
) -> Outcome:
    """Work until it ends, or a signal comes. A broker that goes away is waited for.

    `positions` is told each new connection.
    """
    tally, stop, limit = Tally(), asyncio.Event(), asyncio.timeout(None)
    error = ""
    started_s = time.monotonic()
    with stop_signals(stop) as received:
        try:
            async with (
                limit,
                limited_by(stop, limit),
                shown(tally, console, quiet=quiet),
            ):
                await _again_and_again(work, settings, source, tally, stop, positions)
        except FeedError as failure:
            error = str(failure)
        except KafkaError as failure:
            error = f"the broker did not take the posts: {failure or type(failure).__name__}"
        except OSError as failure:
            error = f"cannot go on: {failure}"
            if limit.expired():
                error = (
                    f"the broker did not answer within {END_S:g} s of the signal; nothing is lost: "
                    "positions are those of posts that it has"
                )
    number = received[0] if received else 0
    return Outcome(tally, time.monotonic() - started_s, number, error, limit.expired())


async def _again_and_again(
    work: Work,
    settings: Settings,
    source: Source,
    tally: Tally,
    stop: asyncio.Event,
    positions: TopicPositions | None,
) -> None:
    pause_s = _FIRST_PAUSE_S
    has_begun = False
    while True:
        connection = Connection(settings, source, () if positions is None else (FEED_POSITIONS,))
        try:
            sink = await connection.__aenter__()
        except FeedError as error:
            if not has_begun:
                raise
            failure: Exception = error
        else:
            has_begun, pause_s = True, _FIRST_PAUSE_S
            if positions is not None:
                positions.connected(connection.sender)
            try:
                await work(sink, tally, stop)
            except KafkaError as error:
                await connection.__aexit__(type(error), error, None)
                failure = error
            except BaseException as error:
                await connection.__aexit__(type(error), error, None)
                raise
            else:
                await connection.__aexit__(None, None, None)
                return
        if stop.is_set():
            raise failure
        log.error("%s; again in %.1f s", failure or type(failure).__name__, pause_s)
        try:
            async with asyncio.timeout(pause_s):
                await stop.wait()
        except TimeoutError:
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
        else:
            return
