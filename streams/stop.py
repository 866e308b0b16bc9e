"""How a process ends: when it is told to, and when going on could cost counts."""

import asyncio
import logging
import os
import sys
from collections.abc import Coroutine
from typing import Any, NoReturn, TypeVar

EXIT_FATAL = 70
"""`EX_SOFTWARE`: the next owner takes over from the last commit."""

log = logging.getLogger(__name__)
T = TypeVar("T")


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


def die(reason: str, error: BaseException | None = None) -> NoReturn:
    """End the process at once, without committing anything: the last commit is the truth.

    The reason is the last line of the log, after the traceback of the error.
    """
    if error is not None:
        log.error("what went wrong:", exc_info=error)
    log.critical("%s; the process ends, and the next one goes on from the last commit", reason)
    logging.shutdown()
    sys.stderr.flush()
    os._exit(EXIT_FATAL)
