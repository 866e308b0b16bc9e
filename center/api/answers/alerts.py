"""Alerts, and what people did."""

from center.api.answers.base import Answer
from schemas.action import ActionKind, ActionSubject
from schemas.alert import AlertState
from schemas.mention import Objective


class TermCount(Answer):
    term: str
    count: int


class SampleAnswer(Answer):
    post: str
    source: str
    author: str
    text: str
    reach: int
    sentiment_milli: int
    event_time_ms: int
    url: str
    """Link to it; empty where none is known."""
    is_deleted: bool


class EvidenceAnswer(Answer):
    horizon_min: int
    posts: int
    authors: int
    reach: int
    probability: float
    reposts: int
    copies: int
    newcomers: int
    spam: int
    bursts: int
    owned: int
    paid: int
    earned: int
    intents: dict[Objective, int]
    regions: dict[str, int]
    negative_before: float | None
    negative_now: float | None
    positive_before: float | None
    positive_now: float | None
    expected_burst: str
    """Id of the day of big sales on which it began."""


class ActionAnswer(Answer):
    id: str
    at_ms: int
    who: str
    kind: ActionKind
    on: ActionSubject
    subject: str
    via: str
    brand: str
    assignee: str
    department: str
    until_ms: int | None
    note: str
    before: str
    """Of a definition that was changed or removed: what it was, as `PUT` takes it; `null`: there
    was none; empty: it was not kept."""


class AlertAnswer(Answer):
    id: str
    fingerprint: str
    rule: str
    kind: str
    brand: str
    brand_name: str
    state: AlertState
    revision: int
    severity: int
    started_at_ms: int
    updated_at_ms: int
    ended_at_ms: int | None
    seen: float
    expected: float
    unit: str
    reason: str
    reason_zh: str
    """The same in Chinese; for kinds of rules of your own, as in `reason`."""
    department: str
    parent: str
    incident: str
    silenced_by: str
    evidence: EvidenceAnswer
    terms: list[TermCount]
    samples: list[SampleAnswer]
    acknowledged_by: str
    assignee: str
    is_false_alarm: bool


class Alerts(Answer):
    items: list[AlertAnswer]
    next: str | None


class AlertPage(AlertAnswer):
    """One alert, with all that was done about it and the others of its incident."""

    actions: list[ActionAnswer]
    others: list[AlertAnswer]


class Incident(Answer):
    """Alerts that tell of one event, under the alert that is their head."""

    id: str
    head: AlertAnswer
    alerts: int
    brands: list[str]
    severity: int
    state: AlertState
    started_at_ms: int
    ended_at_ms: int | None
    acknowledged_by: str
    assignee: str
    actions: list[ActionAnswer]


class Incidents(Answer):
    items: list[Incident]
    next: str | None
