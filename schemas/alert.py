"""Alerts, as published on `alerts`."""

from enum import StrEnum

import msgspec

from schemas.mention import Objective

EVERY_BRAND = "*"
"""Brand of an alert about the whole feed or about many brands at once."""


class AlertState(StrEnum):
    FIRING = "firing"
    RESOLVED = "resolved"


class SuppressedReason(StrEnum):
    """Why what a rule found is told to nobody: where several hold, the first of these is named.

    Label of a metric; a record that is published in spite of it says so in `silenced_by`.
    """

    OUTSIDE_ACTIVE_HOURS = "outside_active_hours"
    """The rule does not look at this time of the day: the finding counts as none."""
    PLATFORM_WIDE_BURST = "platform_wide_burst"
    """All brands burst, and one alert tells of that (inhibition): the finding counts as none."""
    ALREADY_FIRING = "already_firing"
    """Its alert fires, and it has not grown enough since the last record."""
    PENDING = "pending"
    """The condition has not held for `pending_min`."""
    COOL_DOWN = "cool_down"
    """So soon after the last alert, and not much worse than that."""
    SILENCE = "silence"
    """A silence covers it. The alert lives and is published, for screens and not for receivers."""


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
    url: str = ""
    """Link to it; empty where none is known."""


class Evidence(msgspec.Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """What stands behind an alert, over the `horizon_min` minutes up to `updated_at_ms`."""

    horizon_min: int = 0
    posts: int = 0
    authors: int = 0
    """Distinct authors of each minute, added up: an upper bound."""
    reach: int = 0
    """Sum of the authors' followers."""
    probability: float = 1.0
    """Of as much or more in a usual stretch of this length, by the brand's own baseline."""
    reposts: int = 0
    copies: int = 0
    """Posts whose own text another post of the same minute has: reposts without words, mostly."""
    newcomers: int = 0
    """Posts by accounts that have hardly written before, where the source tells."""
    spam: int = 0
    """Posts with a sign of spam, which rules leave out."""
    bursts: int = 0
    """Posts beyond an author's third of a minute, which rules leave out."""
    owned: int = 0
    paid: int = 0
    earned: int = 0
    intents: dict[Objective, int] = msgspec.field(default_factory=dict)
    regions: dict[str, int] = msgspec.field(default_factory=dict)
    """Posts without spam of the five provinces with the most, where the source tells."""
    negative_before: float | None = None
    """The brand's usual share of negative posts, 0 to 1; None: not yet known."""
    negative_now: float | None = None
    """Share of negative posts among those with a mood of their own; None: there are none."""
    positive_before: float | None = None
    positive_now: float | None = None
    expected_burst: str = ""
    """Id of the day of big sales in the catalogue on which it began."""


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
    """Id of the brand; `*` where all of them are meant."""
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
    parent: str = ""
    """Id of the brand whose product line the brand is."""
    incident: str = ""
    """Id of the event that it tells of, which several alerts may share: the id of the alert that is
    its head. A person is told of the head; programs see all."""
    silenced_by: str = ""
    """Id of the silence that covers it: to be shown, not to be told."""
    evidence: Evidence = Evidence()
    terms: tuple[Term, ...] = ()
    samples: tuple[Sample, ...] = ()
