"""What a rule found."""

from typing import NamedTuple

from measures.post_samples import Kept


class Finding(NamedTuple):
    """The condition holds."""

    seen: float
    expected: float
    severity: int
    """1 to 10."""
    cause: str
    """What happened, for the reason of the alert."""
    unit: str = "posts"
    horizon_min: int = 60
    probability: float = 1.0
    """Of this or more in a usual stretch; 1 where the rule knows none."""
    entry_thresholds: tuple[float, ...] = ()
    """For each horizon the excess at which the alert began: what counts as its end and growth."""
    about: str = ""
    """Id of the brand it is about, where that is not the one that was asked about."""
    post: tuple[int, Kept] | None = None
    """Where it is about one post: its number, and what is kept of it."""


def severity_of(seen: float, threshold: float) -> int:
    """1 at the threshold, one more with each 1.5-fold, at most 10.

    >>> [severity_of(seen, 100) for seen in (100, 150, 1000, 1e9)]
    [1, 2, 6, 10]
    """
    severity = 1
    while severity < 10 and seen >= threshold * 1.5**severity:
        severity += 1
    return severity
