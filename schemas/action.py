"""What people did about an alert, a post or a definition, as kept on `actions`."""

from enum import StrEnum

import msgspec


class ActionKind(StrEnum):
    """What somebody did."""

    ACKNOWLEDGED = "acknowledged"
    """Looks after it: repeats and escalation stop, the others are told who has it."""
    ASSIGNED = "assigned"
    """Gave it to `assignee`."""
    NOTE = "note"
    SILENCED = "silenced"
    """Made a silence because of it, until `until_ms`; of a subscriber's definition: muted it."""
    FALSE_ALARM = "false_alarm"
    TAKEN = "taken"
    """Will answer this post: nobody else may take it."""
    RELEASED = "released"
    """Took back that it was taken, acknowledged or assigned."""
    ANSWERED = "answered"
    NO_ANSWER_NEEDED = "no_answer_needed"
    DEFINED = "defined"
    """Changed a definition; `note` says how."""
    REMOVED = "removed"
    """Removed a definition."""
    RETRIED = "retried"
    """Asked for a delivery that was given up."""


class ActionSubject(StrEnum):
    """What kind of thing it was done to."""

    ALERT = "alert"
    """`subject` is the alert's id."""
    INCIDENT = "incident"
    """`subject` is the incident's id: it holds for all alerts of it."""
    POST = "post"
    """`subject` is the source, `/` and the id of the post."""
    DEFINITION = "definition"
    """`subject` is the key on `catalogue`."""
    DELIVERY = "delivery"
    """`subject` is the key on `deliveries`."""


class Action(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that a person did. Records are added and never changed: the latest of a kind holds.

    Where two people take one post, the record that stands first in the topic holds.
    """

    id: str
    """Unique; chosen by whoever writes it, so that writing again repeats nothing."""
    at_ms: int
    who: str
    kind: ActionKind
    on: ActionSubject
    subject: str
    via: str = ""
    """The way it came: `command`, `center`, `link`."""
    brand: str = ""
    """Id of the brand that it is about."""
    assignee: str = ""
    department: str = ""
    until_ms: int | None = None
    note: str = ""
    before: str = ""
    """Of a definition that was changed or removed: what it was, as JSON, to be put back; `null`:
    there was none; empty: it was not kept."""

    @property
    def key(self) -> bytes:
        """The record's key.

        >>> Action(id="7", at_ms=0, who="li", kind=ActionKind.NOTE, on=ActionSubject.ALERT,
        ...        subject="a1").key
        b'alert:a1|7'
        """
        return f"{self.on}:{self.subject}|{self.id}".encode()
