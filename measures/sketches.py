"""Count distinct things in little space."""

import msgspec

SIZE = 128
_SPACE = 1 << 32


class Distinct(msgspec.Struct, array_like=True, gc=False):
    """Distinct 32-bit hashes: exact up to `SIZE`, an estimate above (about 9 % standard error).

    Keeps the smallest `SIZE` different hashes; n of them that reach up to h stand for
    (n - 1) / h of the hash space (Bar-Yossef et al. 2002; Beyer et al. 2007: KMV). The content
    depends on the set of hashes alone, not on their order, and merging is a union.
    """

    hashes: set[int] = msgspec.field(default_factory=set)
    largest: int = 0
    """Largest kept hash, once there are `SIZE`."""

    def add(self, hashed: int) -> None:
        """Take a hash into account; once or often is the same.

        >>> distinct = Distinct()
        >>> for number in (5, 7, 5):
        ...     distinct.add(number)
        >>> distinct.count()
        2
        """
        hashes = self.hashes
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
        if len(self.hashes) <= SIZE:
            return len(self.hashes)
        return round(SIZE * _SPACE / (max(self.hashes) + 1))
