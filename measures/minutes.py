"""Minutes that wait for their turn."""

from collections.abc import Iterable, Iterator
from heapq import heappop, heappush


class Minutes:
    """Starts of minutes, taken in the order of event time, in whatever order they came.

    However many wait, what is taken costs no look at the others.

    >>> waiting = Minutes([180_000, 60_000])
    >>> waiting.add(120_000)
    >>> list(waiting.take(120_000)), list(waiting.take(120_000))
    ([60000, 120000], [])
    """

    def __init__(self, starts: Iterable[int] = ()) -> None:
        self._heap = sorted(starts)

    def add(self, start_ms: int) -> None:
        """One more; each has to be added once."""
        heappush(self._heap, start_ms)

    def take(self, last_ms: float) -> Iterator[int]:
        """Those up to `last_ms`, which wait no longer."""
        heap = self._heap
        while heap and heap[0] <= last_ms:
            yield heappop(heap)
