"""What people's actions add up to. Pure: the records, in the order of the topic."""

from collections.abc import Iterable
from typing import NamedTuple

from schemas.action import Action, ActionKind


class AlertDoings(NamedTuple):
    """Who looks after an alert."""

    acknowledged_by: str = ""
    assignee: str = ""
    is_false_alarm: bool = False


class PostDoings(NamedTuple):
    """Who answers a post."""

    state: str = "open"
    """`open`, `taken`, `answered` or `none`."""
    who: str = ""
    at_ms: int | None = None
    department: str = ""


def of_alert(actions: Iterable[Action]) -> AlertDoings:
    """The latest of each kind holds, until it is taken back."""
    found = AlertDoings()
    for one in actions:
        match one.kind:
            case ActionKind.ACKNOWLEDGED:
                found = found._replace(acknowledged_by=one.who)
            case ActionKind.ASSIGNED:
                found = found._replace(assignee=one.assignee)
            case ActionKind.FALSE_ALARM:
                found = found._replace(is_false_alarm=True)
            case ActionKind.RELEASED:
                found = AlertDoings()
    return found


def of_post(actions: Iterable[Action]) -> PostDoings:
    """Who took it first has it, until it is released or answered.

    >>> from schemas.action import ActionSubject
    >>> def act(number, who, kind):
    ...     return Action(id=str(number), at_ms=number, who=who, kind=kind,
    ...                   on=ActionSubject.POST, subject="weibo/1")
    >>> taken = act(1, "li", ActionKind.TAKEN), act(2, "wu", ActionKind.TAKEN)
    >>> of_post(taken).who, of_post((*taken, act(3, "li", ActionKind.RELEASED))).state
    ('li', 'open')
    """
    found = PostDoings()
    for one in actions:
        match one.kind:
            case ActionKind.TAKEN:
                if found.state == "open":
                    found = PostDoings("taken", one.who, one.at_ms, one.department)
            case ActionKind.ASSIGNED:
                found = PostDoings("taken", one.assignee, one.at_ms, one.department)
            case ActionKind.ANSWERED:
                department = one.department or found.department
                found = PostDoings("answered", one.who, one.at_ms, department)
            case ActionKind.NO_ANSWER_NEEDED:
                found = PostDoings("none", one.who, one.at_ms, one.department)
            case ActionKind.RELEASED:
                found = PostDoings()
    return found
