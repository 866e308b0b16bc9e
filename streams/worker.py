"""Run the Faust app as this process, until it is told to stop."""

import asyncio
import logging
import signal

from streams.app import StreamApp
from streams.stop import die

log = logging.getLogger(__name__)


async def run_app(app: StreamApp, *, started: asyncio.Event | None = None) -> None:
    """Start the app, wait for SIGINT, SIGTERM or SIGHUP, stop it: what is held is committed first.

    A crash of the app ends the process with a code that is not zero.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
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
