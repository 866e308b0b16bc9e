"""Posts, and what is read from them."""

from enum import StrEnum

from center.api.answers.base import Answer
from schemas.mention import Channel, Objective, Place, Polarity, SpamSign


class MentionAnswer(Answer):
    id: str
    """Brand, `~`, partition, `~`, offset."""
    brand: str
    at_ms: int
    polarity: Polarity
    sentiment_milli: int
    is_repost: bool
    channel: Channel
    reach: int
    author: str
    post: str
    source: str
    subject: str
    """What actions on this post are about: source, `/`, id."""
    url: str | None
    """Where the post stands, as far as the source's ids tell."""
    text: str
    is_deleted: bool
    """Taken back by its author: it counts, and that is all."""
    terms: list[str]
    place: Place
    confidence_milli: int
    is_address: bool
    is_edit: bool
    product: str
    intents: list[Objective]
    spam: list[SpamSign]
    language: str
    original_author: str
    is_newcomer: bool
    region: str


class Difference(StrEnum):
    """Why a list of posts and the count of them differ."""

    DROPPED = "dropped"
    OPEN = "open"
    LATE = "late"
    BEFORE = "before"


class Mentions(Answer):
    items: list[MentionAnswer]
    next: str | None
    total: int
    """Of mentions that match, up to 100,000."""
    total_is_exact: bool
    counted: int | None
    """What windows count for the same brands, span, channel, polarity or objective; null: windows
    cannot tell."""
    difference: Difference | None
    """Where `total` and `counted` differ: why, as one word."""
    why: str
    """The same as a sentence; empty where they do not differ."""


class TermLine(Answer):
    term: str
    posts: float
    usual: float | None
    score: float | None
    """How surely its share rose; null: not known for this span."""
    negative: int | None


class Terms(Answer):
    top: list[TermLine]
    rising: list[TermLine]
    rising_at_ms: int | None
    """Until when `rising` tells: it is of the newest hours, whatever span was asked for."""
    of_posts: int
    """So many of the newest posts of the span were looked at for `top`."""


class AuthorLine(Answer):
    author: str
    source: str
    posts: int
    reach: int
    reposts_caused: int
    negative: int


class Authors(Answer):
    items: list[AuthorLine]


class RegionLine(Answer):
    region: str
    """Province, as the source writes it; empty: not told."""
    posts: int
    positive: int
    negative: int


class Regions(Answer):
    items: list[RegionLine]


class Repost(Answer):
    author: str
    at_ms: int
    reach: int
    post: str
    text: str
    polarity: Polarity
    original: str
    """Id of the post that was passed on, where the source tells."""
    depth: int
    """How many passed it on before, as far as the text shows; 0: from the original."""


class Cascade(Answer):
    """Who passed on what an account wrote. Texts show how many passed it on before, and sources do
    not tell whose repost was passed on: reposts have a level, and no parent."""

    source: str
    original: str
    """The account."""
    reach: int
    reposts: list[Repost]
    total: int
