"""What somebody did about an alert, told to the others who were told of it. Pure."""

from msgspec.structs import replace

from delivery.stages import is_program, severity_of
from schemas.action import Action, ActionKind
from schemas.alert import AlertState
from schemas.catalogue import Subscriber
from schemas.delivery import Delivery, Notice, Outcome, Reason

TOLD = frozenset(
    {
        ActionKind.ACKNOWLEDGED,
        ActionKind.ASSIGNED,
        ActionKind.FALSE_ALARM,
        ActionKind.RELEASED,
    }
)
PREFIX = "taken/"


def concerns(delivery: Delivery, action: Action) -> bool:
    """Whether an action is about the alert, or the incident, of a delivery."""
    return not delivery.item and action.subject in (delivery.alert, delivery.incident)


def notice(
    subscriber: Subscriber, delivery: Delivery, action: Action, now_ms: int
) -> Delivery | None:
    """What is told of an action to a subscriber who was told that the alert fires; None: nothing.

    Whoever did it is not told, nor are programs: they read `actions`.
    """
    if action.kind not in TOLD or action.who == subscriber.id or is_program(subscriber):
        return None
    if delivery.told_state is not AlertState.FIRING:
        return None
    who = action.who
    if action.kind is ActionKind.ASSIGNED:
        who = action.assignee or action.department or who
    return Delivery(
        subscriber=subscriber.id,
        channel=subscriber.channel,
        alert=delivery.alert,
        item=f"{PREFIX}{action.id}",
        about=Notice(action.kind, who, action.at_ms, action.note),
        brand=delivery.brand,
        kind=delivery.kind,
        revision=delivery.told_revision,
        outcome=Outcome.HELD,
        reason=Reason.DUE,
        at_ms=now_ms,
        matched_at_ms=now_ms,
        is_over=True,
        told_severity=severity_of(delivery),
        message=delivery.message,
    )


def outdated(delivery: Delivery, now_ms: int) -> Delivery:
    """A notice that waits while a newer one came: that one alone is told."""
    return replace(delivery, outcome=Outcome.NOT_SENT, reason=Reason.DUPLICATE, at_ms=now_ms)
