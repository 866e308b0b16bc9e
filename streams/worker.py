"""Run the Faust app as this process, until it is told to stop."""

import asyncio
import logging
import signal
from collections.abc import Coroutine
from typing import Any, TypeVar

from streams.app import StreamApp
from streams.stop import die

log = logging.getLogger(__name__)
T = TypeVar("T")


def stop_on_signals() -> asyncio.Event:
    """Set by SIGINT, SIGTERM and SIGHUP; by the last one not under `nohup`, which ignores it."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            loop.add_signal_handler(number, stop.set)
    return stop


async def unless_stopped(work: Coroutine[Any, Any, T], stop: asyncio.Event) -> T | None:
    """The result of the work; None where `stop` came first, and the work was given up."""
    working = asyncio.create_task(work)
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else None
    finally:
        working.cancel()
        stopping.cancel()
        await asyncio.gather(working, stopping, return_exceptions=True)


async def run_app(
    app: StreamApp, stop: asyncio.Event, *, started: asyncio.Event | None = None
) -> None:
    """Start the app, wait for `stop`, stop it: what is pending is committed first.

    A crash of the app ends the process with a code that is not zero.
    """
    app.finalize()
    await app.start()
    if started is not None:
        started.set()
    crash = asyncio.create_task(app.wait_until_stopped())
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({crash, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if crash.done() or app.crashed:
        die("the Faust app crashed", app.crash_reason)
    await app.stop()
    crash.cancel()
