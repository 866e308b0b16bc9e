"""Recognize posts that the source sent again, by offset distance.

Feeds deliver at least once, so a post can stand in `posts.raw` twice. Its records share the key,
hence the partition. A record is a repeat when the same identity stands among the `distance`
records before it: a verdict that is the same at every replay, since it depends on offsets alone.
"""

from collections import deque


class Repeats:
    """Identities of the last `distance` offsets of one partition.

    About 110 bytes an identity.
    """

    def __init__(self, distance: int) -> None:
        self._distance = distance
        self._latest: dict[int, int] = {}
        self._order: deque[tuple[int, int]] = deque()

    def __len__(self) -> int:
        return len(self._latest)

    def seen(self, identity: int, offset: int) -> bool:
        """Note the record; True where the same identity stands at most `distance` before it.

        Offsets must rise from call to call.

        >>> repeats = Repeats(distance=10)
        >>> [repeats.seen(7, offset) for offset in (0, 10, 21)]
        [False, True, False]
        """
        latest, order = self._latest, self._order
        oldest = offset - self._distance
        while order and order[0][0] < oldest:
            gone_offset, gone = order.popleft()
            if latest.get(gone) == gone_offset:
                del latest[gone]
        is_repeat = identity in latest
        latest[identity] = offset
        order.append((offset, identity))
        return is_repeat
