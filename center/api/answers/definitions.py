"""Definitions, and what is wrong with them."""

from pydantic import BaseModel, ConfigDict

from center.api.answers.base import Answer


class DefinitionAnswer(Answer):
    kind: str
    id: str
    value: dict[str, object]
    """Its fields, as in a catalogue file."""


class Definitions(Answer):
    items: list[DefinitionAnswer]


class FindingAnswer(Answer):
    level: str
    """`error`, `warning` or `note`."""
    line: int
    column: int
    key: str
    message: str
    """What is wrong, and the mend."""


class Check(Answer):
    is_valid: bool
    findings: list[FindingAnswer]


class Fired(Answer):
    brand: str
    rule: str
    started_at_ms: int
    ended_at_ms: int | None
    severity: int
    reason: str
    reason_zh: str


class Preview(Answer):
    """What a rule would have raised on the mentions that are held."""

    from_ms: int
    to_ms: int
    times: int
    fired: list[Fired]
    posts: int
    """So many mentions were looked at."""


class CheckWanted(BaseModel):
    """Body of `POST /api/definitions/check`: one definition, as `value` of an answer."""

    model_config = ConfigDict(extra="forbid")

    kind: str
    id: str
    value: dict[str, object]


class PreviewWanted(BaseModel):
    """Body of `POST /api/definitions/preview`."""

    model_config = ConfigDict(extra="forbid")

    rule: dict[str, object]
    brand: str
    days: int = 7
