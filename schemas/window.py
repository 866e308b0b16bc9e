"""One closed bucket of a brand, as published on `windows`."""

import msgspec

from schemas.mention import Objective


class Window(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Counts of one brand over `[start_ms, start_ms + size_ms)` of event time.

    An upsert by (brand, start_ms, size_ms): the highest `revision` is the truth. Only buckets
    with at least one post are published.
    """

    brand: str
    start_ms: int
    size_ms: int
    revision: int = 0
    """0 when the window closed; one more each time late posts changed it."""
    posts: int
    originals: int
    reposts: int
    exposures: int = 0
    """Posts that name the brand in a chain or a quoted original alone: volume without a mood."""
    addresses: int = 0
    """Posts whose own words name one of the brand's accounts as a handle."""
    products: int = 0
    """Posts that name only a product or sub-brand of the brand."""
    positive: int
    neutral: int
    negative: int
    """These three add up to `posts` - `exposures`."""
    sentiment_milli: int
    """Sum of the mentions' sentiment, in thousandths."""
    reach: int
    """Sum of the authors' followers."""
    authors: int
    """Distinct authors: exact up to the sketch's size, an estimate above."""
    texts: int
    """Distinct own texts: as `authors`."""
    owned: int
    paid: int
    earned: int
    spam: int = 0
    """Posts with a sign of spam: in `posts`, and left out by rules."""
    bursts: int = 0
    """Posts beyond an author's third within the minute, spam aside: exact up to the sketch's
    size, an estimate above."""
    edits: int = 0
    """Later versions of posts that were counted before: in none of the other counts."""
    intents: dict[Objective, int] = msgspec.field(default_factory=dict)
    """Objective -> posts; those without any are left out."""
    late: int = 0
    """Posts of the brand that came too late for any window since its last published one."""

    @property
    def key(self) -> bytes:
        """Key on the topic.

        >>> zero = dict.fromkeys(set(Window.__struct_fields__) - {"intents"}, 0)
        >>> Window(**zero | {"brand": "xiaomi", "start_ms": 60000, "size_ms": 60000}).key
        b'xiaomi|60000|60000'
        """
        return f"{self.brand}|{self.start_ms}|{self.size_ms}".encode()
