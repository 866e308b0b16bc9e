"""Which posts stand behind a minute: a sample of them, by which alerts see that they share posts.

A post has the same number for each brand that it names, and a sample keeps those with the
smallest numbers. So samples of two brands agree about the posts that both have, in whatever order
they came, and merging them is a union (a bottom-k sketch: Cohen and Kaplan, 2007). A post is kept
with its thread, which the reposts of an original share, and with its first terms.
"""

import zlib
from collections.abc import Iterable, Mapping

from schemas.mention import Mention

SIZE = 24
"""Posts of one sample."""
TERMS = 3
"""Terms that are kept of each."""
_GOLDEN = 0x9E3779B1
_MASK = 0xFFFFFFFF

Kept = tuple[int, tuple[str, ...]]
"""Thread and terms of a post."""
Sample = dict[int, Kept]
"""Number of a post -> what is kept of it."""


def number_of(mention: Mention) -> int:
    """32 bits that stand for the post: the same for each brand that it names."""
    return ((mention.partition * _GOLDEN + mention.offset) * _GOLDEN) & _MASK


def kept_of(mention: Mention) -> Kept:
    """32 bits that the reposts of an original share with it, and the first terms."""
    return zlib.crc32((mention.original or mention.post).encode()), mention.terms[:TERMS]


def keep(sample: Sample, number: int, kept: Kept) -> int:
    """Take a post into a sample; returns the largest number in it, once it is full, else 0.

    >>> sample: Sample = {}
    >>> for offset in range(100):
    ...     post = Mention("x", 0, offset, 0, post=str(offset))
    ...     largest = keep(sample, number_of(post), kept_of(post))
    >>> len(sample), largest == max(sample) < (1 << 32) / 3
    (24, True)
    """
    sample[number] = kept
    size = len(sample)
    if size < SIZE:
        return 0
    if size > SIZE:
        del sample[max(sample)]
    return max(sample)


def merged(samples: Iterable[Mapping[int, Kept]]) -> Sample:
    """The sample of all posts together.

    >>> merged([{7: (1, ())}, {5: (1, ("fire",))}])
    {5: (1, ('fire',)), 7: (1, ())}
    """
    every: Sample = {}
    for sample in samples:
        every.update(sample)
    return {number: every[number] for number in sorted(every)[:SIZE]}
