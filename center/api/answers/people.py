"""What people do, and the posts that wait for them."""

from pydantic import BaseModel, ConfigDict

from center.api.answers.alerts import ActionAnswer
from center.api.answers.base import Answer
from center.api.answers.mentions import MentionAnswer
from schemas.action import ActionKind, ActionSubject
from views.doings import PostState


class EngagePost(Answer):
    mention: MentionAnswer
    state: PostState
    who: str
    """Who took or answered it, or said that it needs no answer."""
    at_ms: int | None
    """When."""
    department: str
    answered_after_s: float | None
    actions: list[ActionAnswer]


class DepartmentTime(Answer):
    department: str
    answered: int
    median_s: float | None
    open: int


class Engage(Answer):
    items: list[EngagePost]
    next: str | None
    departments: list[DepartmentTime]


class Actions(Answer):
    items: list[ActionAnswer]


class SilenceAnswer(Answer):
    id: str
    reason: str
    since_ms: int | None
    until_ms: int
    brands: list[str]
    rules: list[str]
    by: str


class Silences(Answer):
    items: list[SilenceAnswer]


class ActionWanted(BaseModel):
    """Body of `POST /api/actions`."""

    model_config = ConfigDict(extra="forbid")

    kind: ActionKind
    on: ActionSubject
    subject: str
    brand: str = ""
    assignee: str = ""
    department: str = ""
    until_ms: int | None = None
    note: str = ""


class SilenceWanted(BaseModel):
    """Body of `POST /api/silences`."""

    model_config = ConfigDict(extra="forbid")

    brands: list[str] = []
    rules: list[str] = []
    since_ms: int | None = None
    until_ms: int
    reason: str
