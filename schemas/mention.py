"""What `analyse` sends to `mentions`: a brand or a group of rivals in a post, or a tick."""

from enum import StrEnum
from typing import ClassVar, final

import msgspec

from schemas.signal import Signal

GROUP_PREFIX = "~"
"""Begins the key of a group of rivals, see `group_key`: no brand's id does."""


def group_key(rule: str) -> str:
    """Key of a group of rivals, by the id of its rule of kind `share`.

    >>> group_key("phones")
    '~phones'
    """
    return GROUP_PREFIX + rule


class Polarity(StrEnum):
    POSITIVE = "positive"
    NEUTRAL = "neutral"
    NEGATIVE = "negative"


class Channel(StrEnum):
    """Whose voice: the brand's own accounts, marked advertising, or everybody else."""

    OWNED = "owned"
    PAID = "paid"
    EARNED = "earned"


class Place(StrEnum):
    """Where in a post a brand is named: the place that is nearest to its author."""

    OWN = "own"
    """In the author's own words, or by a handle in them."""
    CHAIN = "chain"
    """Only in the words of those who passed the post on before."""
    CARD = "card"
    """Only beside the text: in the title of a link, what is said of an image, or a warning."""
    QUOTED = "quoted"
    """Only in the original that the post quotes."""


class Objective(StrEnum):
    """What a post means to a company: the seven social business objectives (CIC & Sina, 2011)."""

    BRAND_BUILDING = "brand-building"
    """Praise, and stories about the brand."""
    CLIENT_MANAGEMENT = "client-management"
    """A complaint, or a question to the brand."""
    MARKETING_OPTIMIZATION = "marketing-optimization"
    """Talk about a campaign, an advertisement, a spokesperson."""
    STRATEGIC_RESEARCH = "strategic-research"
    """A comparison with competitors, or talk about the market."""
    ACCELERATED_INNOVATION = "accelerated-innovation"
    """A wish for a feature or a product, or an idea for one."""
    SOCIAL_SALES = "social-sales"
    """A wish to buy, or a question about price and shops."""
    TALENT_OPTIMIZATION = "talent-optimization"
    """Jobs, applications, what it is like to work there."""


class SpamSign(StrEnum):
    """What makes a post doubtful. Such posts are counted, and counted apart."""

    GIVEAWAY = "giveaway"
    """Asks for reposts or follows in return for prizes, or passes such a post on."""
    PITCH = "pitch"
    """Sells something: contact numbers, agents wanted, orders taken."""
    FLOOD = "flood"
    """More handles, hashtags or links than words."""
    BOT = "bot"
    """Written by a program: by the client's name, or declared by the source."""
    FILLER = "filler"
    """Written as spam accounts fill their pages: mixed sentences, borrowed mottos, alien tags."""


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
    """32 bits of the normalized own words: equal for copies, which may differ in links, handles,
    emoticons, punctuation, digits and traditional characters."""
    place: Place = Place.OWN
    confidence_milli: int = 1000
    """How sure it is, in thousandths, that the name means the brand."""
    is_address: bool = False
    """The own words name one of the brand's accounts as a handle: the post is addressed to it."""
    is_edit: bool = False
    """A later version of a post that was counted before."""
    product: str = ""
    """Id of the brand whose `parent` this one is, where the post names only that."""
    intents: tuple[Objective, ...] = ()
    """What the own words want, in the order of `Objective`."""
    spam: tuple[SpamSign, ...] = ()
    language: str = ""
    """Of the own words: `zh`, `en`, `ja`, `ko`; empty where it cannot be told."""
    original_author: str = ""
    """Of a repost: who wrote the original."""
    is_newcomer: bool = False
    """The author has hardly written before, where the source tells."""
    region: str = ""
    """Province of the author, where the source tells."""
    original: str = ""
    """Of a repost: id of the original, by which the posts of a cascade are known."""
    depth: int = 0
    """Levels of `//@`: how many passed the post on before, as far as the text shows."""
    url: str = ""
    """Link to the post, where the source gives one; otherwise `schemas.links.link_to` tells it."""
    original_text: str = ""
    """Of a repost without words of its own: those of the original, at most 140 code points."""


@final
class GroupMention(msgspec.Struct, frozen=True, tag="group_mention", gc=False, omit_defaults=True):
    """The brands of one group of rivals in one post: (group, partition, offset) is unique.

    What is not about the group is as in `Mention`.
    """

    group: str
    """Id of a rule of kind `share`."""
    brands: tuple[str, ...]
    """Ids of those of its brands that the post names, each once."""
    partition: int
    offset: int
    event_time_ms: int
    polarity: Polarity = Polarity.NEUTRAL
    """Towards the first of the brands; so are `place`, `channel` and `is_address`."""
    is_repost: bool = False
    channel: Channel = Channel.EARNED
    reach: int = 0
    author: str = ""
    text_hash: int = 0
    place: Place = Place.OWN
    is_address: bool = False
    is_edit: bool = False
    intents: tuple[Objective, ...] = ()
    spam: tuple[SpamSign, ...] = ()
    is_newcomer: bool = False
    region: str = ""
    sentiment_milli: ClassVar[int] = 0
    """A group has no mean mood ..."""
    product: ClassVar[str] = ""
    """... and no product: what counts mentions need not ask which of the two it is."""


AnyMention = Mention | GroupMention


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


MentionOrTick = Mention | GroupMention | Tick | Signal
"""What stands in `mentions`."""
