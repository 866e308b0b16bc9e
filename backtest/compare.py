"""Which alerts two catalogues raise both, and which one alone."""

from collections import defaultdict
from typing import Literal, NamedTuple

from backtest.history import MINUTE_MS
from backtest.on_history import Fired


class Pair(NamedTuple):
    """An alert of one outcome or of both."""

    either: Fired
    """Ours, where it is in both."""
    found_in: Literal["both", "this", "other"]


def compare(ours: list[Fired], theirs: list[Fired]) -> list[Pair]:
    """Pair alerts of the same rule and brand that fire at the same time; each at most once.

    Another knob moves an alert's begin by minutes: it is still the same alert.
    """
    left: defaultdict[str, list[Fired]] = defaultdict(list)
    for each in theirs:
        left[each.first.fingerprint].append(each)
    pairs = []
    for each in ours:
        others = left[each.first.fingerprint]
        same = next((other for other in others if _overlap(each, other)), None)
        if same is not None:
            others.remove(same)
        pairs.append(Pair(each, "this" if same is None else "both"))
    pairs += [Pair(other, "other") for others in left.values() for other in others]
    return sorted(pairs, key=lambda pair: pair.either.first.started_at_ms)


def _overlap(one: Fired, other: Fired) -> bool:
    return one.first.started_at_ms <= _end_ms(other) and other.first.started_at_ms <= _end_ms(one)


def _end_ms(fired: Fired) -> int:
    """Until when no other alert of this rule and brand could begin: until it was resolved."""
    ended_ms = fired.last.ended_at_ms
    return fired.true_ms + MINUTE_MS if ended_ms is None else ended_ms
