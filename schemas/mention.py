"""What `analyse` sends to `mentions`: a brand in a post, or a tick of event time."""

from enum import StrEnum

import msgspec


class Polarity(StrEnum):
    POSITIVE = "positive"
    NEUTRAL = "neutral"
    NEGATIVE = "negative"


class Channel(StrEnum):
    """Whose voice: the brand's own accounts, marked advertising, or everybody else."""

    OWNED = "owned"
    PAID = "paid"
    EARNED = "earned"


class Span(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Where an alias stands in the text of the post: code points, end exclusive."""

    start: int
    end: int
    alias: str


class Mention(msgspec.Struct, frozen=True, tag="mention", gc=False, omit_defaults=True):
    """One brand in one post. (brand, partition, offset) is unique: that is its identity.

    `partition` and `offset` are those of the post in `posts.raw`.
    """

    brand: str
    partition: int
    offset: int
    event_time_ms: int
    polarity: Polarity = Polarity.NEUTRAL
    sentiment_milli: int = 0
    """Sentiment towards the brand in thousandths, -1000 to 1000: whole, so that sums are exact."""
    is_repost: bool = False
    channel: Channel = Channel.EARNED
    reach: int = 0
    """Followers of the author."""
    author: str = ""
    post: str = ""
    """Id of the post."""
    source: str = ""
    spans: tuple[Span, ...] = ()
    text: str = ""
    """The author's own words, at most 140 code points, for samples."""
    terms: tuple[str, ...] = ()
    """Content words and hashtags of the author's own words, each once, at most 12."""
    text_hash: int = 0
    """32 bits of the normalized own words: equal for copies."""


class Tick(msgspec.Struct, frozen=True, tag="tick", gc=False):
    """Event time as one worker sees it, sent in band into every partition of `mentions`.

    All mentions of the posts below a watermark stand before it in the partition.
    """

    sent_at_ms: int
    """Processing time of the worker."""
    partitions: int
    """How many partitions `posts.raw` has: nothing closes before all were heard of."""
    watermarks: dict[int, int]
    """Partition of `posts.raw` -> event time, ms, below which no more posts are expected."""
    idle: tuple[int, ...] = ()
    """Partitions that are read to their end and have been silent; absent from `watermarks`
    only where nothing was ever read."""


MentionOrTick = Mention | Tick
