"""Say what is waited for, while a broker does not answer."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager

log = logging.getLogger(__name__)

_FIRST_S = 1.5
_AGAIN_S = 5


@contextmanager
def telling(broker: str, what: str = "waiting for the broker at") -> Iterator[None]:
    """While the block takes long, log what it waits for and since when; in a running loop.

    A frozen broker takes connections and never answers: our clients give it 40 s, and a person who
    sees nothing for so long does not know what hangs.
    """
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    lines: list[asyncio.TimerHandle] = []

    def tell() -> None:
        log.warning("%s %s, %.0f s", what, broker, loop.time() - began_s)
        lines[:] = [loop.call_later(_AGAIN_S, tell)]

    lines.append(loop.call_later(_FIRST_S, tell))
    try:
        yield
    finally:
        lines[0].cancel()
