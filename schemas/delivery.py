"""What each subscriber was told, as kept on `deliveries`."""

from enum import StrEnum

import msgspec

from schemas.alert import Alert, AlertState
from schemas.catalogue import ReceivingChannel


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
    MATCHED = "matched"
    # silenced
    SILENCED = "silenced"
    NEVER_TOLD = "never_told"
    """A resolve of what this subscriber was not told of."""
    # hours, group
    OUTSIDE_HOURS = "outside_hours"
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


class Delivery(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="delivery", tag_field="type"
):
    """One alert at one subscriber: what was told, and what waits to be told."""

    subscriber: str
    channel: ReceivingChannel
    alert: str
    """Id of the alert."""
    brand: str
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
        return f"{self.subscriber}~{self.alert}".encode()


class Receiver(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="receiver", tag_field="type"
):
    """What holds for a subscriber as a whole: it asked for no more."""

    subscriber: str
    gone_at_ms: int = 0
    gone_address: str = ""
    """Fingerprint of the address that was gone; with another one it is tried again."""

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

    @property
    def key(self) -> bytes:
        """Key on the topic; no id of a subscriber begins so."""
        return f"~{self.partition}".encode()


DeliveryRecord = Delivery | Receiver | Progress
"""What a record of `deliveries` holds."""
