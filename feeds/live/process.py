"""Run live feeds in this process until a signal comes."""

import asyncio
from contextlib import AsyncExitStack
from typing import NamedTuple

from aiokafka.errors import KafkaError
from rich.console import Console

from feeds.live.group import Group
from feeds.progress import shown
from feeds.publish import Tally
from feeds.run import END_S, stop_signals
from feeds.source import FeedError
from kafka_io.settings import Settings
from streams.metrics import FeedMetrics
from streams.monitoring import serve_monitoring


class LiveOutcome(NamedTuple):
    """How a run of live feeds ended."""

    tally: Tally
    signal: int
    """The signal that stopped it; 0: none."""
    error: str
    """Why it ended otherwise; empty: it did not."""
    is_given_up: bool = False
    """The broker did not answer; its client goes on for a while when it is asked to end."""

    @property
    def exit_code(self) -> int:
        """As a shell says it."""
        return 128 + self.signal if self.signal else int(bool(self.error))


async def run_live(
    group: Group,
    settings: Settings,
    metrics: FeedMetrics,
    console: Console,
    *,
    quiet: bool = False,
) -> LiveOutcome:
    """Feed until SIGINT or SIGTERM, or until the group ends.

    `/metrics` and `/health` are served where the settings say; healthy is: all are connected.

    Raises:
        MonitoringError: the address of the metrics cannot be listened on.
    """
    stop, limit = asyncio.Event(), asyncio.timeout(None)
    total = Tally()
    error = ""
    with stop_signals(stop) as received:
        try:
            async with limit, AsyncExitStack() as stack:
                served = await serve_monitoring(
                    settings, metrics.registry, lambda: group.is_healthy
                )
                if served is not None:
                    stack.push_async_callback(served.cleanup)
                await stack.enter_async_context(shown(total, console, quiet=quiet))
                for work in (_add_up(group, total), _limit(stop, limit)):
                    stack.callback(asyncio.create_task(work).cancel)
                await group.run(stop)
        except* FeedError as failures:
            error = "; ".join(str(failure) for failure in _flat(failures))
        except* KafkaError as failures:
            names_of = {str(failure) or type(failure).__name__ for failure in _flat(failures)}
            error = f"the broker did not take the posts: {', '.join(sorted(names_of))}"
        except* TimeoutError:
            error = (
                f"the broker did not answer within {END_S:g} s of the signal; nothing is lost: "
                "positions are those of posts that it has"
            )
    _add(group, total)
    return LiveOutcome(total, received[0] if received else 0, error, limit.expired())


async def _limit(stop: asyncio.Event, limit: asyncio.Timeout) -> None:
    await stop.wait()
    limit.reschedule(asyncio.get_running_loop().time() + END_S)


async def _add_up(group: Group, total: Tally) -> None:
    while True:
        _add(group, total)
        await asyncio.sleep(0.2)


def _add(group: Group, total: Tally) -> None:
    tallies = group.tallies()
    total.posts = sum(tally.posts for tally in tallies)
    total.bytes = sum(tally.bytes for tally in tallies)
    total.newest_ms = max(tally.newest_ms for tally in tallies)


def _flat(group: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    found: list[BaseException] = []
    for error in group.exceptions:
        found += _flat(error) if isinstance(error, BaseExceptionGroup) else [error]
    return found
