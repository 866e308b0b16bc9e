"""What people did about an alert, an incident, a post or a definition: who has it. Pure.

A state is folded from the records of `actions` in the order of the topic.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from schemas.action import Action, ActionKind, ActionSubject

KEPT_NOTES = 20


class PostState(StrEnum):
    """Where a post that asks for an answer stands."""

    OPEN = "open"
    TAKEN = "taken"
    ANSWERED = "answered"
    NONE = "none"
    """Needs no answer."""


class Note(msgspec.Struct, frozen=True):
    """What somebody wrote down."""

    id: str
    at_ms: int
    who: str
    text: str


class Doing(msgspec.Struct, frozen=True):
    """Where a subject stands after all that was done to it."""

    holder: str = ""
    """Who has it: the last who acknowledged it or was given it, the first who took it; empty:
    nobody."""
    acknowledged_by: str = ""
    """The last who said so, until it is released."""
    assignee: str = ""
    """To whom it was given, until another one has it."""
    department: str = ""
    """Whose post it is, as whoever took, answered or gave it said."""
    since_ms: int = 0
    """When that began."""
    is_taken: bool = False
    """By the first who asked, or a post was given to somebody: nobody else may take it."""
    false_alarm_by: str = ""
    answered_by: str = ""
    """Who answered the post, or said that it needs none."""
    needs_answer: bool = True
    until_ms: int = 0
    """When a silence, or a mute, ends."""
    notes: tuple[Note, ...] = ()
    """The newest."""
    last: str = ""
    """Id of the newest action."""

    @property
    def is_seen_to(self) -> bool:
        """Whether somebody has it, or called it a false alarm."""
        return bool(self.holder or self.false_alarm_by)

    @property
    def post_state(self) -> PostState:
        """Where a post stands."""
        if self.answered_by:
            return PostState.ANSWERED if self.needs_answer else PostState.NONE
        return PostState.TAKEN if self.is_taken else PostState.OPEN


NOTHING_DONE = Doing()


def after_action(doing: Doing, action: Action) -> Doing:
    """The state after one more action, which stands behind the others in the topic.

    Taking holds for the first who did; everything else for the last. The same action again, as
    after a crash of its writer, changes nothing.

    >>> def did(kind, who, **more): return Action(id=who + kind, at_ms=7, who=who, kind=kind,
    ...     on=ActionSubject.POST, subject="weibo/1", **more)
    >>> first = after_action(NOTHING_DONE, did(ActionKind.TAKEN, "li"))
    >>> after_action(first, did(ActionKind.TAKEN, "wang")).holder
    'li'
    >>> free = after_action(first, did(ActionKind.RELEASED, "li"))
    >>> free.holder, after_action(free, did(ActionKind.ASSIGNED, "li", assignee="wu")).holder
    ('', 'wu')
    """
    if action.id == doing.last:
        return doing
    if action.note:
        doing = _noted(doing, action)
    doing = replace(doing, last=action.id)
    changed = doing
    match action.kind:
        case ActionKind.RELEASED:
            changed = Doing(notes=doing.notes, last=doing.last)
        case ActionKind.ACKNOWLEDGED | ActionKind.ASSIGNED | ActionKind.TAKEN:
            changed = _held(doing, action)
        case ActionKind.ANSWERED | ActionKind.NO_ANSWER_NEEDED:
            changed = _answered(doing, action)
        case ActionKind.FALSE_ALARM:
            changed = replace(doing, false_alarm_by=action.who)
        case ActionKind.SILENCED:
            changed = replace(doing, until_ms=action.until_ms or 0)
    return changed


def _held(doing: Doing, action: Action) -> Doing:
    since_ms = action.at_ms
    match action.kind:
        case ActionKind.TAKEN:
            if doing.is_taken or doing.answered_by:
                return doing
            return replace(
                doing,
                holder=action.who,
                is_taken=True,
                department=action.department,
                since_ms=since_ms,
            )
        case ActionKind.ASSIGNED:
            given = action.assignee or action.department or action.who
            return replace(
                doing,
                holder=given,
                assignee=given,
                department=action.department,
                is_taken=doing.is_taken or action.on is ActionSubject.POST,
                answered_by="",
                needs_answer=True,
                since_ms=since_ms,
            )
    return replace(
        doing,
        holder=action.who,
        acknowledged_by=action.who,
        assignee=doing.assignee if doing.assignee == action.who else "",
        since_ms=since_ms,
    )


def _answered(doing: Doing, action: Action) -> Doing:
    return replace(
        doing,
        answered_by=action.who,
        needs_answer=action.kind is ActionKind.ANSWERED,
        department=action.department or doing.department,
        since_ms=action.at_ms,
    )


def _noted(doing: Doing, action: Action) -> Doing:
    if any(note.id == action.id for note in doing.notes):
        return doing
    note = Note(action.id, action.at_ms, action.who, action.note)
    return replace(doing, notes=(*doing.notes, note)[-KEPT_NOTES:])


class _Order(NamedTuple):
    """The number of the last action that changed who has a subject, and what it was called."""

    held: int = 0
    called: int = 0


_HELD_BY = frozenset(
    {ActionKind.ACKNOWLEDGED, ActionKind.ASSIGNED, ActionKind.TAKEN, ActionKind.RELEASED}
)
_CALLED_BY = frozenset({ActionKind.FALSE_ALARM, ActionKind.RELEASED})


class Doings:
    """The states of many subjects."""

    def __init__(self, actions: Iterable[Action] = ()) -> None:
        self._held: dict[tuple[ActionSubject, str], tuple[Doing, _Order]] = {}
        self._count = 0
        for action in actions:
            self.add(action)

    def add(self, action: Action) -> Doing:
        """Take one more action in; returns what its subject came to."""
        key = (action.on, action.subject)
        before, order = self._held.get(key, (NOTHING_DONE, _Order()))
        found = after_action(before, action)
        if found is not before:
            self._count += 1
            order = _Order(
                self._count if action.kind in _HELD_BY else order.held,
                self._count if action.kind in _CALLED_BY else order.called,
            )
        self._held[key] = found, order
        return found

    def of(self, on: ActionSubject, subject: str) -> Doing:
        """The state of one subject."""
        return self._held.get((on, subject), (NOTHING_DONE, _Order()))[0]

    def of_alert(self, alert: str, incident: str = "") -> Doing:
        """The state of an alert: what is done to its incident is done to it as well, and the later
        holds."""
        own = self._held.get((ActionSubject.ALERT, alert))
        whole = self._held.get((ActionSubject.INCIDENT, incident)) if incident else None
        if own is None or whole is None:
            return (own or whole or (NOTHING_DONE, _Order()))[0]
        return _both(*own, *whole)

    def of_incident(self, incident: str, alerts: Iterable[str]) -> Doing:
        """The state of an incident; where nobody sees to the whole, that of the first of its alerts
        that somebody sees to."""
        whole = self.of(ActionSubject.INCIDENT, incident)
        if whole.is_seen_to:
            return whole
        own = (self.of(ActionSubject.ALERT, alert) for alert in alerts)
        return next((one for one in own if one.is_seen_to), whole)


def _both(own: Doing, own_order: _Order, whole: Doing, whole_order: _Order) -> Doing:
    holds = own if own_order.held >= whole_order.held else whole
    calls = own if own_order.called >= whole_order.called else whole
    notes = sorted((*own.notes, *whole.notes), key=lambda note: note.at_ms)
    return replace(
        holds,
        false_alarm_by=calls.false_alarm_by,
        notes=tuple(notes[-KEPT_NOTES:]),
        until_ms=max(own.until_ms, whole.until_ms),
        last=own.last,
    )
