"""Count distinct things in little space."""

from array import array
from collections.abc import Iterable
from itertools import chain

import msgspec

SIZE = 128
_SPACE = 1 << 32
_HASH = "I"
_HASH_BYTES = 4


def _estimate(largest: int) -> int:
    """How many hashes there are, by the largest of the smallest `SIZE` + 1."""
    return round(SIZE * _SPACE / (largest + 1))


class Distinct(msgspec.Struct, array_like=True, gc=False):
    """Distinct 32-bit hashes: exact up to `SIZE`, an estimate above (about 9 % standard error).

    Keeps the smallest `SIZE` + 1 different hashes; n of them that reach up to h stand for
    (n - 1) / h of the hash space (Bar-Yossef et al. 2002; Beyer et al. 2007: KMV). The content
    depends on the set of hashes alone, not on their order, and merging is a union.
    """

    hashes: set[int] | bytes = b""
    """Bytes where it rests: four a hash, as `pack` left them."""
    largest: int = 0
    """Largest kept hash, once there are more than `SIZE`."""

    def add(self, hashed: int) -> None:
        """Take a hash into account; once or often is the same.

        >>> distinct = Distinct()
        >>> for number in (5, 7, 5):
        ...     distinct.add(number)
        >>> distinct.count()
        2
        """
        hashes = self.hashes
        if isinstance(hashes, bytes):
            if not hashes:
                self.hashes = {hashed}
                return
            hashes = self.hashes = set(array(_HASH, hashes))
        if hashed in hashes:
            return
        if len(hashes) <= SIZE:
            hashes.add(hashed)
        elif hashed < self.largest or not self.largest:
            hashes.add(hashed)
            hashes.discard(max(hashes))
            self.largest = max(hashes)

    def count(self) -> int:
        """How many different hashes were added."""
        hashes = self.hashes
        size = len(hashes) // _HASH_BYTES if isinstance(hashes, bytes) else len(hashes)
        if size <= SIZE:
            return size
        return _estimate(max(array(_HASH, hashes) if isinstance(hashes, bytes) else hashes))

    def pack(self) -> int:
        """Rest in a tenth of the space, until the next hash comes; returns what `count` does.

        >>> distinct = Distinct()
        >>> distinct.add(7)
        >>> distinct.pack(), len(distinct.hashes)
        (1, 4)
        """
        hashes = self.hashes
        if isinstance(hashes, bytes):
            return self.count()
        ordered = sorted(hashes)
        self.hashes = array(_HASH, ordered).tobytes()
        size = len(ordered)
        return size if size <= SIZE else _estimate(ordered[-1])


PER_AUTHOR = 3
"""Posts of one author in one bucket that count in full; what comes after is a burst."""


class Authors(msgspec.Struct, array_like=True, gc=False):
    """Distinct authors, and how many of their posts are bursts of one account.

    The smallest `SIZE` + 1 hashes with a count each. A hash that is among the smallest in the end
    was among them from its first post on, so its count is exact, whatever the order.
    """

    counts: dict[int, int] | bytes = b""
    """Hash -> posts. Bytes where it rests, as `pack` left them: eight an author."""
    largest: int = 0
    """Largest kept hash, once there are more than `SIZE`."""
    over: int = 0
    """Posts beyond `PER_AUTHOR` of the kept authors."""

    def add(self, hashed: int, *, is_counted: bool = True) -> None:
        """Take a post of an author into account; `is_counted`: towards bursts, too.

        >>> authors = Authors()
        >>> for author in (5, 7, 5, 5, 5, 5):
        ...     authors.add(author)
        >>> authors.count(), authors.bursts()
        (2, 2)
        """
        counts = self.counts
        if isinstance(counts, bytes):
            if not counts:
                self.counts = {hashed: int(is_counted)}
                return
            counts = self.counts = _unpacked(counts)
        if hashed in counts:
            if is_counted:
                posts = counts[hashed]
                counts[hashed] = posts + 1
                self.over += posts >= PER_AUTHOR
            return
        if len(counts) > SIZE:
            if self.largest and hashed > self.largest:
                return
            counts[hashed] = int(is_counted)
            self.over -= max(counts.pop(max(counts)) - PER_AUTHOR, 0)
            self.largest = max(counts)
            return
        counts[hashed] = int(is_counted)

    def count(self) -> int:
        """How many different authors there are: as `Distinct.count`."""
        counts = self.counts
        size = len(counts) // (2 * _HASH_BYTES) if isinstance(counts, bytes) else len(counts)
        return size if size <= SIZE else _estimate(self._largest())

    def bursts(self) -> int:
        """Posts beyond an author's third: exact while all authors are kept, else an estimate."""
        if not self.over:
            return 0
        size = self._size()
        if size <= SIZE:
            return self.over
        return round(self.over * self.count() / size)

    def kept(self) -> Iterable[tuple[int, int]]:
        """Hashes and posts that count, of the kept authors: of all, up to `SIZE`."""
        counts = self.counts
        return _pairs(counts) if isinstance(counts, bytes) else counts.items()

    def pack(self) -> int:
        """Rest in a tenth of the space, until the next author comes; returns what `count` does."""
        counts = self.counts
        if isinstance(counts, bytes):
            return self.count()
        size = len(counts)
        ordered = sorted(counts.items()) if size > 1 else counts.items()
        self.counts = array(_HASH, [*chain.from_iterable(ordered)]).tobytes()
        return size if size <= SIZE else _estimate(max(counts))

    def _size(self) -> int:
        counts = self.counts
        return len(counts) // (2 * _HASH_BYTES) if isinstance(counts, bytes) else len(counts)

    def _largest(self) -> int:
        return max(_unpacked(self.counts) if isinstance(self.counts, bytes) else self.counts)


def _unpacked(packed: bytes) -> dict[int, int]:
    return dict(_pairs(packed))


def _pairs(packed: bytes) -> Iterable[tuple[int, int]]:
    numbers = array(_HASH, packed)
    return zip(numbers[::2], numbers[1::2], strict=True)
