"""Alerts, as published on `alerts`."""

from enum import StrEnum

import msgspec


class AlertState(StrEnum):
    FIRING = "firing"
    RESOLVED = "resolved"


class Term(msgspec.Struct, frozen=True, gc=False):
    term: str
    count: int


class Sample(msgspec.Struct, frozen=True, gc=False):
    """A post that drove the alert."""

    post: str
    source: str
    author: str
    text: str
    reach: int
    sentiment_milli: int
    event_time_ms: int


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """One state of one alert. Consumers upsert by `id` and keep the highest `revision`.

    `fingerprint` names what is wrong (rule and brand) and is the topic's key; `id` names one
    occurrence of it (fingerprint and `started_at_ms`). Both are derived, never random, so an
    alert that is sent twice is the same alert.
    """

    id: str
    fingerprint: str
    rule: str
    kind: str
    """Kind of the rule: `spike`, `sentiment`, `crisis`, ..."""
    brand: str
    state: AlertState
    revision: int = 0
    """0 at firing; one more with every update; the resolved state is the last."""
    severity: int
    """1 (worth a look) to 10 (all hands)."""
    started_at_ms: int
    """Event time: start of the bucket in which the condition first held."""
    updated_at_ms: int
    """Event time of the newest bucket that was looked at."""
    ended_at_ms: int | None = None
    """Event time at which the condition had been gone long enough; None while firing."""
    seen: float
    """What was measured at the alert's peak, in `unit`."""
    expected: float
    """What the baseline expected then, in `unit`."""
    unit: str = "posts"
    reason: str
    """One sentence for a person."""
    department: str = ""
    """Where the alert is routed to: as the rule says, else the brand, else the objective that most
    posts of the last hour have."""
    terms: tuple[Term, ...] = ()
    samples: tuple[Sample, ...] = ()
