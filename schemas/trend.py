"""What is talked about with a brand, and who is heard, as published on `trends`."""

import msgspec


class TrendTerm(msgspec.Struct, frozen=True, gc=False):
    """A content word or hashtag (with its `#`) beside a brand."""

    term: str
    count: float
    """Posts with it, of those counted, older ones for less: half after 15 minutes with posts."""
    usual: float
    """The same over a day: half after a day of minutes with posts, the recent ones left out."""
    score: float
    """How surely its share rose: log-likelihood ratio (Dunning 1993); below 0 where it fell."""


class Influencer(msgspec.Struct, frozen=True, gc=False):
    """An account that is heard when it names the brand, or whose posts about it are passed on."""

    author: str
    reach: int
    """Most followers that were seen of it; 0 where only reposts of it were."""
    posts: float
    """Posts that name the brand, older ones for less, as `TrendTerm.count`."""
    reposts: float
    """Reposts of its posts that name the brand: the reposts that it caused."""


class Trend(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The latest state of a brand's talk: an upsert by brand, every ten minutes with ten posts.

    Read it as a picture, not as accounts: at most 20 posts of a minute are counted, and only the
    terms and accounts that matter are kept.
    """

    brand: str
    at_ms: int
    """Event time: end of the minute that had closed; later posts that had come count too."""
    counted: float
    """Terms counted, in the weights of `TrendTerm.count`."""
    usually_counted: float
    top: tuple[TrendTerm, ...]
    """Most frequent first."""
    rising: tuple[TrendTerm, ...]
    """Highest score first; only those that rise surely."""
    influencers: tuple[Influencer, ...]
    """By reposts caused, then by reach."""

    @property
    def key(self) -> bytes:
        """Key on the topic."""
        return self.brand.encode()
