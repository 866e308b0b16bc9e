"""What people did about an alert, an incident, a post or a definition: who has it. Pure.

A state is folded from the records of `actions` in the order of the topic.
"""

from collections.abc import Iterable

import msgspec
from msgspec.structs import replace

from schemas.action import Action, ActionKind, ActionSubject

KEPT_NOTES = 20
_HOLDS = frozenset({ActionKind.ACKNOWLEDGED, ActionKind.ASSIGNED, ActionKind.TAKEN})


class Note(msgspec.Struct, frozen=True):
    """What somebody wrote down."""

    id: str
    at_ms: int
    who: str
    text: str


class Doing(msgspec.Struct, frozen=True):
    """Where a subject stands after all that was done to it."""

    holder: str = ""
    """Who has it: acknowledged or took it, or was given it; empty: nobody."""
    since_ms: int = 0
    is_taken: bool = False
    """By the first who asked, so that nobody else may take it."""
    false_alarm_by: str = ""
    answered_by: str = ""
    """Who answered the post, or said that it needs none."""
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
    if action.kind is ActionKind.RELEASED:
        changed = replace(
            doing, holder="", is_taken=False, false_alarm_by="", since_ms=0, until_ms=0
        )
    elif action.kind in _HOLDS:
        changed = _held(doing, action)
    elif action.kind is ActionKind.FALSE_ALARM:
        changed = replace(doing, false_alarm_by=action.who)
    elif action.kind in (ActionKind.ANSWERED, ActionKind.NO_ANSWER_NEEDED):
        changed = replace(doing, answered_by=action.who)
    elif action.kind is ActionKind.SILENCED:
        changed = replace(doing, until_ms=action.until_ms or 0)
    return changed


def _held(doing: Doing, action: Action) -> Doing:
    if action.kind is ActionKind.TAKEN and doing.is_taken:
        return doing
    holder = action.who
    if action.kind is ActionKind.ASSIGNED:
        holder = action.assignee or action.department or action.who
    is_taken = action.kind is ActionKind.TAKEN or doing.is_taken
    return replace(doing, holder=holder, since_ms=action.at_ms, is_taken=is_taken)


def _noted(doing: Doing, action: Action) -> Doing:
    if any(note.id == action.id for note in doing.notes):
        return doing
    note = Note(action.id, action.at_ms, action.who, action.note)
    return replace(doing, notes=(*doing.notes, note)[-KEPT_NOTES:])


class Doings:
    """The states of many subjects."""

    def __init__(self, actions: Iterable[Action] = ()) -> None:
        self._held: dict[tuple[ActionSubject, str], Doing] = {}
        for action in actions:
            self.add(action)

    def add(self, action: Action) -> Doing:
        """Take one more action in; returns what its subject came to."""
        key = (action.on, action.subject)
        found = self._held[key] = after_action(self._held.get(key, NOTHING_DONE), action)
        return found

    def of(self, on: ActionSubject, subject: str) -> Doing:
        """The state of one subject."""
        return self._held.get((on, subject), NOTHING_DONE)

    def of_alert(self, alert: str, incident: str = "") -> Doing:
        """The state of an alert; where nobody sees to it alone, that of its incident."""
        own = self.of(ActionSubject.ALERT, alert)
        if own.is_seen_to or not incident:
            return own
        whole = self.of(ActionSubject.INCIDENT, incident)
        return whole if whole.is_seen_to else own
