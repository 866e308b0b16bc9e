"""A share of what a source gives, chosen by author. Pure.

By author, so that a post, its edits and its deletion are taken together or not at all, and what
counts authors is a sample of authors. It is the same authors in every process.
"""

from xxhash import xxh3_64_intdigest

_WHOLE = 1 << 64
ALL = 1.0


def is_sampled(key: bytes, share: float) -> bool:
    """Whether the posts of an author are taken; 0 < `share` <= 1.

    >>> [name for name in (b"a", b"b", b"c", b"d", b"e") if is_sampled(name, 0.5)]
    [b'b', b'd']
    >>> is_sampled(b"anybody", ALL)
    True
    """
    return share >= ALL or xxh3_64_intdigest(key) < share * _WHOLE
