"""What happens: campaigns, crises, spam waves and posts of influencers, drawn in advance."""

from collections.abc import Iterator
from enum import StrEnum
from random import Random

import msgspec

from feeds.simulate.brands import BRANDS, SimulatedBrand


class EventKind(StrEnum):
    CAMPAIGN = "campaign"
    CRISIS = "crisis"
    SPAM = "spam"
    INFLUENCER = "influencer"


class Event(msgspec.Struct, frozen=True):
    """Additional posts about a brand over a stretch of event time."""

    kind: EventKind
    brand: SimulatedBrand
    start_ms: int
    end_ms: int
    posts_per_s: float
    """At its height, which is soon after the start; it fades towards the end."""

    def rate(self, time_ms: int) -> float:
        """Posts a second at this moment."""
        if not self.start_ms <= time_ms < self.end_ms:
            return 0.0
        gone = (time_ms - self.start_ms) / (self.end_ms - self.start_ms)
        rise = min(1.0, gone / 0.1)
        return float(self.posts_per_s * rise * (1 - gone) ** 1.5)


_SECOND_MS = 1000


def schedule(
    rnd: Random,
    start_ms: int,
    rate: float,
    *,
    mean_gap_s: float,
    first_s: float,
    least: float = 1.0,
) -> Iterator[Event]:
    """Events in order of their start, without end; `rate` is the feed's posts a second, and `least`
    what an event has at its height."""
    at_ms = start_ms + int(first_s * _SECOND_MS)
    kinds = [EventKind.CRISIS, EventKind.CAMPAIGN, EventKind.SPAM, EventKind.INFLUENCER]
    first = True
    while True:
        kind = EventKind.CRISIS if first else rnd.choice(kinds)
        brand = rnd.choice(BRANDS)
        length_s = rnd.uniform(0.5, 1.5) * (2 * mean_gap_s if first else mean_gap_s)
        share = {EventKind.CRISIS: 0.12, EventKind.CAMPAIGN: 0.08}.get(kind, 0.04)
        yield Event(
            kind,
            brand,
            at_ms,
            at_ms + int(length_s * _SECOND_MS),
            max(least, rate * share * rnd.uniform(0.6, 1.6)),
        )
        first = False
        at_ms += int(rnd.expovariate(1 / mean_gap_s) * _SECOND_MS) + _SECOND_MS
