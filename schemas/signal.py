"""That an alert has begun, told to all partitions of `mentions`: it makes incidents of alerts."""

import msgspec


class Signal(msgspec.Struct, frozen=True, kw_only=True, tag="signal", gc=False, omit_defaults=True):
    """The begin of one alert, and a sample of the posts behind it.

    Each partition sees the signals of all others, and so finds the same incidents.
    """

    alert: str
    """Id of the alert."""
    brand: str
    parent: str = ""
    kind: str
    """Kind of the rule."""
    started_at_ms: int
    severity: int
    is_silenced: bool = False
    posts: dict[int, int] = msgspec.field(default_factory=dict)
    """Number of a post -> number of its thread, see `measures.post_samples`: a sample, or all."""
    terms: dict[str, float] = msgspec.field(default_factory=dict)
    """Term -> share of the sampled posts that have it: those in a quarter of them and more."""
    is_single: bool = False
    """It is about this one post."""
    is_whole: bool = True
    """`posts` are all."""
