"""One minute of one brand, and the window that is published of it."""

import zlib

import msgspec

from measures.sketches import Distinct
from schemas.mention import Channel, Mention, Polarity
from schemas.window import Window

BUCKET_MS = 60_000
UNPUBLISHED = -1
_HIT_AUTHORS = 64
_SPREAD = 2_654_435_761
"""Odd, so that the product modulo 2**32 keeps different hashes different (Knuth, multiplicative
hashing). CRCs of numbers that follow each other are not spread evenly, which the sketch needs."""
_MASK = 0xFFFF_FFFF
# Looking members up in an enum costs more than counting.
_POSITIVE = Polarity.POSITIVE
_NEGATIVE = Polarity.NEGATIVE
_EARNED = Channel.EARNED
_OWNED = Channel.OWNED


def bucket_start_ms(event_time_ms: int) -> int:
    """Start of the minute.

    >>> bucket_start_ms(119_999)
    60000
    """
    return event_time_ms - event_time_ms % BUCKET_MS


def author_hash(author: str) -> int:
    """32 bits of an author's id, the same everywhere and always."""
    return zlib.crc32(author.encode()) * _SPREAD & _MASK


class Hits(msgspec.Struct, array_like=True, gc=False):
    """Posts of a minute with a word of one crisis rule."""

    posts: int = 0
    authors: set[int] = msgspec.field(default_factory=set)
    """Hashes of their authors: some, where they are many."""

    def add(self, author: str) -> None:
        self.posts += 1
        if len(self.authors) < _HIT_AUTHORS:
            self.authors.add(author_hash(author))


class Bucket(msgspec.Struct, array_like=True, gc=False):
    """Counts of one brand over one minute of event time."""

    posts: int = 0
    reposts: int = 0
    positive: int = 0
    negative: int = 0
    sentiment_milli: int = 0
    reach: int = 0
    owned: int = 0
    paid: int = 0
    authors: Distinct = msgspec.field(default_factory=Distinct)
    texts: Distinct = msgspec.field(default_factory=Distinct)
    hits: dict[str, Hits] = msgspec.field(default_factory=dict)
    """Crisis rule -> posts with one of its words."""
    revision: int = UNPUBLISHED
    known_posts: int = 0
    """Posts that the hour and the baseline know of."""
    known_negative: int = 0

    def add(self, mention: Mention) -> None:
        """Count a mention."""
        self.posts += 1
        if mention.is_repost:
            self.reposts += 1
        polarity = mention.polarity
        if polarity is _POSITIVE:
            self.positive += 1
        elif polarity is _NEGATIVE:
            self.negative += 1
        self.sentiment_milli += mention.sentiment_milli
        self.reach += mention.reach
        channel = mention.channel
        if channel is not _EARNED:
            if channel is _OWNED:
                self.owned += 1
            else:
                self.paid += 1
        self.authors.add(zlib.crc32(mention.author.encode()) * _SPREAD & _MASK)
        self.texts.add(mention.text_hash)

    def publish(self, brand: str, start_ms: int, late: int) -> Window:
        """The next revision of the window."""
        self.revision += 1
        return Window(
            brand=brand,
            start_ms=start_ms,
            size_ms=BUCKET_MS,
            revision=self.revision,
            posts=self.posts,
            originals=self.posts - self.reposts,
            reposts=self.reposts,
            positive=self.positive,
            negative=self.negative,
            neutral=self.posts - self.positive - self.negative,
            sentiment_milli=self.sentiment_milli,
            reach=self.reach,
            authors=self.authors.count(),
            texts=self.texts.count(),
            owned=self.owned,
            paid=self.paid,
            earned=self.posts - self.owned - self.paid,
            late=late,
        )


freeze = msgspec.msgpack.Encoder().encode
"""A published bucket as bytes: a tenth of its memory, and nothing for the garbage collector."""
thaw = msgspec.msgpack.Decoder(Bucket).decode
"""The bucket of such bytes."""
