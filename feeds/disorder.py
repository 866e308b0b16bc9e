"""Put a stream out of order, by a bounded stretch of event time and always in the same way."""

from collections.abc import Iterable, Iterator
from heapq import heappop, heappush
from random import Random
from typing import TypeVar

Item = TypeVar("Item")


def shuffled_within(
    items: Iterable[tuple[int, Item]], within_ms: int, seed: int
) -> Iterator[tuple[int, Item]]:
    """Yield `(event_time_ms, item)` so that none comes after one that is `within_ms` newer.

    Each gets a place drawn between its own time and `within_ms` later. Time 0 (unknown) counts
    as the newest time so far. Memory: the items of `within_ms`.

        drawn place   a---->a'   b->b'   c------>c'       yields b, a, c

    >>> items = [(second * 1_000, second) for second in range(1, 9)]
    >>> [item for _, item in shuffled_within(items, within_ms=3_000, seed=2)]
    [3, 1, 4, 2, 5, 6, 8, 7]
    """
    draw = Random(seed).random
    waiting: list[tuple[float, int, int, Item]] = []
    newest_ms = 0
    for number, (event_time_ms, item) in enumerate(items):
        at_ms = event_time_ms or newest_ms
        newest_ms = max(newest_ms, at_ms)
        heappush(waiting, (at_ms + draw() * within_ms, number, event_time_ms, item))
        while waiting and waiting[0][0] <= newest_ms:
            _, _, ready_ms, ready = heappop(waiting)
            yield ready_ms, ready
    while waiting:
        _, _, ready_ms, ready = heappop(waiting)
        yield ready_ms, ready
