"""The event loop that commands run on: uvloop, which ends its TLS connections before it closes.

A TLS connection closes in two steps: we say that nothing more comes, and the other side says so
too. aiokafka does not wait for the second where it gives a connection up: the one it began with, or
one whose password was refused. A command that is over by then would close the loop under it, and
uvloop logs "Event loop is closed" from the middle of the answer, after the command's own message.
"""

import asyncio
from typing import Any

import uvloop

GOODBYE_S = 1.0
"""For so long a connection that was closed waits for the other side's goodbye.

uvloop would wait for 30 s, and a broker may not answer: a worker took partitions over that much
later.
"""


class Loop(uvloop.Loop):
    """Aborts the TLS connections that still wait for the other side's goodbye, then closes.

    Nothing is lost by it: they were closed by their owners, who did not wait for them.
    """

    def __init__(self) -> None:
        super().__init__()
        self._with_tls: list[asyncio.Transport] = []

    async def create_connection(  # type: ignore[override]
        self, protocol_factory: Any, *address: Any, **options: Any
    ) -> tuple[asyncio.Transport, asyncio.BaseProtocol]:
        """As uvloop's, whose arguments it takes; remembers the connections with TLS."""
        if options.get("ssl"):
            options.setdefault("ssl_shutdown_timeout", GOODBYE_S)
        transport: Any  # uvloop's stub takes it for a protocol
        transport, protocol = await super().create_connection(protocol_factory, *address, **options)
        if options.get("ssl"):
            self._with_tls = [known for known in self._with_tls if not _is_gone(known)]
            self._with_tls.append(transport)
        return transport, protocol

    def close(self) -> None:
        """End what was left half closed, then the loop; may be called again."""
        closing = [known for known in self._with_tls if known.is_closing() and not _is_gone(known)]
        if closing and not self.is_running():
            self.run_until_complete(_abort(closing))
        super().close()
        self._with_tls.clear()


class LoopPolicy(uvloop.EventLoopPolicy):  # type: ignore[misc]
    """Makes each loop of the process one of these, also Faust's own for its consumer thread."""

    def new_event_loop(self) -> Loop:
        return Loop()


def _is_gone(connection: asyncio.Transport) -> bool:
    return connection.get_extra_info("socket") is None


async def _abort(connections: list[asyncio.Transport]) -> None:
    for connection in connections:
        connection.abort()
    await asyncio.sleep(0)  # the sockets are lost
    await asyncio.sleep(0)  # and their protocols were told
