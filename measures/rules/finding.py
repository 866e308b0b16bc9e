"""What a rule found."""

from typing import NamedTuple


class Finding(NamedTuple):
    """The condition holds."""

    seen: float
    expected: float
    severity: int
    """1 to 10."""
    cause: str
    """What happened, for the reason of the alert."""
    unit: str = "posts"


def severity_of(seen: float, threshold: float) -> int:
    """1 at the threshold, one more with each 1.5-fold, at most 10.

    >>> [severity_of(seen, 100) for seen in (100, 150, 1000, 1e9)]
    [1, 2, 6, 10]
    """
    severity = 1
    while severity < 10 and seen >= threshold * 1.5**severity:
        severity += 1
    return severity
