"""Count distinct things in little space."""

from array import array

import msgspec

SIZE = 128
_SPACE = 1 << 32
_HASH = "I"
_HASH_BYTES = 4


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
            hashes = self.hashes = set(array(_HASH, hashes)) if hashes else set()
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
        held = self.hashes
        size = len(held) // _HASH_BYTES if isinstance(held, bytes) else len(held)
        if size <= SIZE:
            return size
        largest = max(array(_HASH, held) if isinstance(held, bytes) else held)
        return round(SIZE * _SPACE / (largest + 1))

    def pack(self) -> None:
        """Rest in a tenth of the space, until the next hash comes.

        >>> distinct = Distinct()
        >>> distinct.add(7)
        >>> distinct.pack()
        >>> len(distinct.hashes), distinct.count()
        (4, 1)
        """
        if isinstance(self.hashes, set):
            self.hashes = array(_HASH, sorted(self.hashes)).tobytes()
