"""Run the push server in this process until a signal comes."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack

from feeds.push.server import PushServer
from feeds.run import stop_signals
from kafka_io.settings import Settings
from schemas.post import Source
from streams.monitoring import serve_monitoring
from streams.push_metrics import PushMetrics


async def run_push(
    settings: Settings, source: Source, on_listening: Callable[[PushServer], None]
) -> tuple[PushServer, int]:
    """Take posts until SIGINT or SIGTERM; gives the server and the signal.

    Raises:
        FeedError, MonitoringError: an address cannot be listened on.
    """
    metrics = PushMetrics()
    server = PushServer(settings, metrics, source)
    stop = asyncio.Event()
    with stop_signals(stop) as received:
        async with AsyncExitStack() as stack:
            served = await serve_monitoring(settings, metrics.registry, lambda: server.is_up)
            if served is not None:
                stack.push_async_callback(served.cleanup)
            await stack.enter_async_context(server.serving())
            on_listening(server)
            waits = [asyncio.create_task(stop.wait()), asyncio.create_task(server.failed())]
            try:
                done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
            finally:
                for task in waits:
                    task.cancel()
    return server, received[0] if received else 0
