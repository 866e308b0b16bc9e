"""Wait until the store holds what was written to a topic."""

import asyncio
from http import HTTPStatus

from center.api.problems import ApiProblem
from center.context import Center

_PATIENCE_S = 5.0
_AGAIN_S = 0.02


async def until_held(center: Center, topic: str, offset: int) -> None:
    """Return once the record at `offset` of partition 0 is in the store.

    Raises:
        ApiProblem: it takes too long. It is written all the same, and will be there.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _PATIENCE_S
    while (await asyncio.to_thread(center.store.offsets)).get((topic, 0), 0) <= offset:
        if loop.time() > deadline:
            raise ApiProblem(
                HTTPStatus.GATEWAY_TIMEOUT, "it is written, and not seen yet; look again soon"
            )
        await asyncio.sleep(_AGAIN_S)
