"""Count distinct things in little space."""

import msgspec

SIZE = 128
_SPACE = 1 << 32


class Distinct(msgspec.Struct, array_like=True, gc=False):
    """Distinct 32-bit hashes: exact up to `SIZE`, an estimate above (about 9 % standard error).

    Of more than `SIZE` it keeps the smallest; n of them that reach up to h stand for (n - 1) / h of
    the hash space (Bar-Yossef et al. 2002; Beyer et al. 2007: KMV). The count depends on the set of
    hashes alone, not on their order or repetition.
    """

    hashes: set[int] = msgspec.field(default_factory=set)
    """All there were, or the smallest and up to as many more that wait for the next cut."""
    largest: int = 0
    """After a cut: the largest that was kept; none above it counts. 0: nothing was cut."""

    def add(self, hashed: int) -> None:
        """Take a hash into account; once or often is the same.

        >>> distinct = Distinct()
        >>> for number in (5, 7, 5):
        ...     distinct.add(number)
        >>> distinct.count()
        2
        """
        if not self.largest or hashed < self.largest:
            hashes = self.hashes
            hashes.add(hashed)
            if len(hashes) > 2 * SIZE:
                self.cut()

    def cut(self) -> None:
        """Forget what the count does not need."""
        if len(self.hashes) > SIZE:
            smallest = sorted(self.hashes)[:SIZE]
            self.hashes = set(smallest)
            self.largest = smallest[-1]

    def count(self) -> int:
        """How many different hashes were added."""
        self.cut()
        if not self.largest:
            return len(self.hashes)
        return round((SIZE - 1) * _SPACE / (self.largest + 1))
