"""Run the Faust app as this process, until it is told to stop."""

import asyncio
import logging

from streams.app import StreamApp
from streams.stop import die

log = logging.getLogger(__name__)


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
