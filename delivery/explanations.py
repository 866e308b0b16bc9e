"""Reasons in words. Pure."""

from collections.abc import Mapping

from schemas.delivery import Delivery, Outcome, Reason

IN_WORDS: Mapping[Reason, str] = {
    Reason.OTHER_BRAND: "it is about another brand than those of `brands`",
    Reason.OTHER_GROUP: "it is about another group than those of `groups`",
    Reason.OTHER_KIND: "its kind is not in `kinds`",
    Reason.OTHER_INTENT: "no post behind it has one of `intents`",
    Reason.OTHER_DEPARTMENT: "its department is not in `departments`",
    Reason.TOO_MILD: "it is milder than `min_severity`",
    Reason.DIGESTS_ONLY: "it gets digests and no alerts (`digests_only`)",
    Reason.MATCHED: "it matches today, and did not when it was read, or nobody delivered then",
    Reason.SILENCED: "it is silenced: see `leimo silence list`",
    Reason.NEVER_TOLD: "it is over, and its beginning was not told",
    Reason.OUTSIDE_HOURS: "it waits for `hours` and `days`",
    Reason.MUTED: "the subscriber is muted: see `leimo subscribers list`",
    Reason.IN_INCIDENT: "another alert of its incident was told, or is about to be",
    Reason.UNDER_PARENT: "the same about the brand whose product it is was told",
    Reason.ACKNOWLEDGED: "somebody sees to it: no repeats, no escalation",
    Reason.ESCALATION: "it is told when nobody has acknowledged it by then (`escalate_to`)",
    Reason.WAITING: "it waits for `wait_s` or `interval_min`",
    Reason.OVER_BEFORE_TOLD: "it was over before `wait_s` was",
    Reason.DUPLICATE: "this state was told",
    Reason.LIMIT: "the receiver takes no more messages this minute",
    Reason.DUE: "it is due, as soon as the receiver and its limit allow",
    Reason.SENT: "the receiver took it",
    Reason.THROTTLED: "the receiver asked to wait",
    Reason.FAILED: "the receiver failed; it is tried again",
    Reason.MISCONFIGURED: "address, key or settings are wrong; it is tried again, mend them",
    Reason.REFUSED: "the receiver refused this message for good",
    Reason.GONE: "the receiver answered 410: it wants no more at this address",
    Reason.EXPIRED: "the receiver did not take it for three days",
    Reason.GAVE_UP: "it failed again and again while others were taken",
    Reason.UNSUBSCRIBED: "the subscriber was removed from the catalogue",
}

_OUTCOMES: Mapping[Outcome, str] = {
    Outcome.HELD: "waits",
    Outcome.SENDING: "is being sent",
    Outcome.SENT: "sent",
    Outcome.DEAD: "given up",
    Outcome.NOT_SENT: "not sent",
}


def in_words(delivery: Delivery) -> str:
    """Where a delivery stands and why.

    >>> from schemas.catalogue import ReceivingChannel as Channel
    >>> in_words(Delivery(subscriber="ops", channel=Channel.SLACK, alert="a", brand="b", revision=0,
    ...     outcome=Outcome.NOT_SENT, reason=Reason.SILENCED, at_ms=0, matched_at_ms=0))
    'not sent: it is silenced: see `leimo silence list`'
    """
    repeats = f"; {delivery.repeats} may have arrived twice" if delivery.repeats else ""
    return f"{_OUTCOMES[delivery.outcome]}: {IN_WORDS[delivery.reason]}{repeats}"
