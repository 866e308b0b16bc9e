"""Recognize posts that the source sent again, by offset distance.

Feeds deliver at least once, so a post can stand in `posts.raw` twice. Its records share the key,
hence the partition. A record is a repeat when the same identity stands among the `distance`
records before it: a verdict that is the same at every replay, since it depends on offsets alone.
"""

from collections import deque
from collections.abc import Callable, Sequence


class Repeats:
    """Identities of the last `distance` offsets of one partition.

    About 110 bytes an identity.
    """

    def __init__(self, distance: int) -> None:
        self.distance = distance
        self._latest: dict[int, int] = {}
        self._order: deque[tuple[int, int]] = deque()
        self._next_offset = 0

    def __len__(self) -> int:
        return len(self._latest)

    @property
    def latest(self) -> Callable[[int], int | None]:
        """Tells the offset at which an identity stood last, if it did, now and later."""
        return self._latest.get

    def seen(self, identity: int, offset: int) -> bool:
        """Note the record; True where the same identity stands at most `distance` before it.

        Offsets must rise from call to call.

        >>> repeats = Repeats(distance=10)
        >>> [repeats.seen(7, offset) for offset in (0, 10, 21)]
        [False, True, False]
        """
        is_repeat = self.knows(identity, offset)
        self.note([(offset, identity)])
        return is_repeat

    def note(self, posts: Sequence[tuple[int, int]]) -> None:
        """Note records, as offset and identity, whose offsets go on rising."""
        if not posts:
            return
        latest, order = self._latest, self._order
        latest.update([(identity, offset) for offset, identity in posts])
        order.extend(posts)
        newest = posts[-1][0]
        oldest = newest - self.distance
        while order[0][0] < oldest:
            gone_offset, gone = order.popleft()
            if latest.get(gone) == gone_offset:
                del latest[gone]
        self._next_offset = newest + 1

    def knows(self, identity: int, offset: int) -> bool:
        """What `seen` would say of the record, without noting it.

        >>> repeats = Repeats(distance=10)
        >>> repeats.seen(7, 0)
        False
        >>> repeats.knows(7, 10), repeats.knows(7, 11), repeats.knows(8, 10)
        (True, False, False)
        """
        latest = self._latest.get(identity)
        return latest is not None and latest >= offset - self.distance

    def resume(self, start: int) -> int:
        """Get ready to go on at `start`; returns from where on records have to be noted before.

        What is remembered stays, so that a worker that gets a partition back need not read all of
        it again. It is forgotten where it goes beyond the start: those records are still to come,
        and must not be taken for repeats of themselves.

        >>> repeats = Repeats(distance=10)
        >>> repeats.resume(100)
        90
        >>> repeats.seen(7, 99)
        False
        >>> repeats.resume(105), repeats.resume(99)
        (100, 89)
        """
        if self._next_offset > start:
            self._latest.clear()
            self._order.clear()
            self._next_offset = 0
        return max(self._next_offset, start - self.distance, 0)


class Draft:
    """Records that may still be given up: told from what was seen, and noted there at the end.

    >>> repeats = Repeats(distance=10)
    >>> draft = Draft(repeats)
    >>> draft.seen(7, 0), draft.seen(7, 1), repeats.knows(7, 2)
    (False, True, False)
    >>> draft.keep()
    >>> repeats.knows(7, 2)
    True
    """

    def __init__(self, repeats: Repeats) -> None:
        self._repeats = repeats
        self._distance = repeats.distance
        self._before = repeats.latest
        self._fresh: dict[int, int] = {}
        self.noted: list[tuple[int, int]] = []
        """Offset and identity, in order."""

    def seen(self, identity: int, offset: int) -> bool:
        """As `Repeats.seen`."""
        fresh = self._fresh
        latest = fresh.get(identity)
        fresh[identity] = offset
        self.noted.append((offset, identity))
        if latest is None:
            latest = self._before(identity)
        return latest is not None and latest >= offset - self._distance

    def keep(self) -> None:
        """Note them all."""
        self._repeats.note(self.noted)
