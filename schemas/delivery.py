"""What each subscriber was told, as kept on `deliveries`."""

from enum import StrEnum

import msgspec

from schemas.action import ActionKind
from schemas.alert import Alert, AlertState
from schemas.catalogue import DigestSpan, ReceivingChannel


class Outcome(StrEnum):
    """Where a delivery stands."""

    HELD = "held"
    """It waits: for the hours, its turn, a receiver that is down."""
    SENDING = "sending"
    """Written before a send: where this stands after a kill, the send may have arrived."""
    SENT = "sent"
    DEAD = "dead"
    """Given up: the reason says why."""
    NOT_SENT = "not_sent"
    """It matched, and was not to be told."""


class Reason(StrEnum):
    """Why a delivery stands where it stands: each stage has its own."""

    # match
    OTHER_BRAND = "other_brand"
    OTHER_GROUP = "other_group"
    OTHER_KIND = "other_kind"
    OTHER_INTENT = "other_intent"
    OTHER_DEPARTMENT = "other_department"
    TOO_MILD = "too_mild"
    DIGESTS_ONLY = "digests_only"
    MATCHED = "matched"
    # silenced
    SILENCED = "silenced"
    NEVER_TOLD = "never_told"
    """A resolve of what this subscriber was not told of."""
    # muted, hours, folding, escalation, group
    MUTED = "muted"
    OUTSIDE_HOURS = "outside_hours"
    IN_INCIDENT = "in_incident"
    """Another alert of its incident was told, or is about to be."""
    UNDER_PARENT = "under_parent"
    """The same of the brand whose product it is about was."""
    ACKNOWLEDGED = "acknowledged"
    """Somebody has it: no repeats, no escalation."""
    ESCALATION = "escalation"
    """It is told when nobody has acknowledged it by then."""
    WAITING = "waiting"
    """The group's wait or interval is not over."""
    OVER_BEFORE_TOLD = "over_before_told"
    # duplicate
    DUPLICATE = "duplicate"
    # limit, send
    LIMIT = "limit"
    DUE = "due"
    SENT = "sent"
    # retry, record
    THROTTLED = "throttled"
    FAILED = "failed"
    MISCONFIGURED = "misconfigured"
    REFUSED = "refused"
    """The receiver will never take this message."""
    GONE = "gone"
    """The receiver asked for no more (410)."""
    EXPIRED = "expired"
    """Not taken for three days."""
    GAVE_UP = "gave_up"
    """Tried often, while the receiver took others."""
    UNSUBSCRIBED = "unsubscribed"


class Attempt(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """One send of one part."""

    at_ms: int
    """When it ended: limits count from there."""
    status: int = 0
    """HTTP or SMTP; 0: no answer."""
    reason: Reason = Reason.SENT
    detail: str = ""
    """The answer, in short; nothing of addresses and secrets."""
    part: int = 0


class Notice(msgspec.Struct, frozen=True, omit_defaults=True, tag="notice", tag_field="type"):
    """What somebody did about an alert, for the others who were told of it."""

    kind: ActionKind
    who: str
    """Who has it now."""
    at_ms: int
    note: str = ""


class Digest(msgspec.Struct, frozen=True, omit_defaults=True, tag="digest", tag_field="type"):
    """A look back on `[from_ms, to_ms)` of event time."""

    span: DigestSpan
    from_ms: int
    to_ms: int


class Delivery(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="delivery", tag_field="type"
):
    """One alert at one subscriber: what was told, and what waits to be told.

    Or, with `item`, something else that is told once: who has the alert now, or a digest.
    """

    subscriber: str
    channel: ReceivingChannel
    alert: str
    """Id of the alert; empty for a digest."""
    item: str = ""
    """`taken/` and the id of an action; `day/` or `week/` and its first day."""
    about: Notice | Digest | None = None
    """What a delivery with `item` tells."""
    brand: str
    kind: str = ""
    """Kind of the alert's rule."""
    incident: str = ""
    """Id of the alert's incident."""
    escalated_from: str = ""
    """Id of the subscriber who has not acknowledged it by `escalates_at_ms`."""
    escalates_at_ms: int = 0
    revision: int
    """Of the alert's state that this is about."""
    outcome: Outcome
    reason: Reason
    at_ms: int
    """When this was written."""
    matched_at_ms: int
    """When the state that waits, or was told last, was read from `alerts`."""
    is_over: bool = False
    """Whether the alert had ended in that state."""
    pending: Alert | None = None
    """What waits to be told."""
    due_ms: int = 0
    """`held`: not to be looked at before."""
    parts_sent: int = 0
    """Of a message of several parts."""
    failures: int = 0
    """Sends of what waits that failed."""
    failing_since_ms: int = 0
    """When the first of them did."""
    told_revision: int = -1
    """The newest state that was told; -1: none was."""
    told_state: AlertState | None = None
    told_severity: int = 0
    told_at_ms: int = 0
    told: Alert | None = None
    """What an Alertmanager has to be told again and again."""
    message: str = ""
    """The channel's id of the first message, where it gives one."""
    beside: str = ""
    """Name of the delivery in whose message it is told."""
    repeats: int = 0
    """Sends that may have arrived twice, since a kill cut them."""
    attempts: tuple[Attempt, ...] = ()
    """The newest."""

    @property
    def key(self) -> bytes:
        """Key on the topic.

        >>> from schemas.catalogue import ReceivingChannel as Channel
        >>> Delivery(subscriber="ops", channel=Channel.SLACK, alert="a", brand="b", revision=0,
        ...     outcome=Outcome.HELD, reason=Reason.DUE, at_ms=0, matched_at_ms=0).key
        b'ops~a'
        """
        return f"{self.subscriber}~{self.name}".encode()

    @property
    def name(self) -> str:
        """What tells it from the others of its subscriber."""
        return f"{self.alert}~{self.item}" if self.item else self.alert

    @property
    def waits(self) -> bool:
        """Whether something is still to be told."""
        return self.pending is not None or (
            self.about is not None and self.outcome in (Outcome.HELD, Outcome.SENDING)
        )


class Receiver(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="receiver", tag_field="type"
):
    """What holds for a subscriber as a whole: it asked for no more; its last digests."""

    subscriber: str
    gone_at_ms: int = 0
    gone_address: str = ""
    """Fingerprint of the address that was gone; with another one it is tried again."""
    digested: dict[DigestSpan, str] = msgspec.field(default_factory=dict)
    """First day of the newest digest of each span that was begun, as ISO 8601."""

    @property
    def key(self) -> bytes:
        """Key on the topic."""
        return self.subscriber.encode()


class Progress(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="progress", tag_field="type"
):
    """How far `alerts` was taken in for the subscribers of one partition of `deliveries`."""

    partition: int
    offsets: dict[int, int] = msgspec.field(default_factory=dict)
    """The next offset to read of each partition of `alerts`."""
    actions_offset: int = -1
    """The next offset of `actions` of which something is to come; -1: from the end on."""

    @property
    def key(self) -> bytes:
        """Key on the topic; no id of a subscriber begins so."""
        return f"~{self.partition}".encode()


DeliveryRecord = Delivery | Receiver | Progress
"""What a record of `deliveries` holds."""
