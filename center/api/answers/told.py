"""Events of the stream."""

from center.api.answers.alerts import ActionAnswer
from center.api.answers.base import Answer
from center.api.answers.feeds import Gap
from schemas.alert import AlertState


class WindowTold(Answer):
    """A closed minute, in events of kind `window`."""

    brand: str
    start_ms: int
    revision: int
    posts: int
    positive: int
    negative: int


class WindowEvent(Answer):
    """Event `window`: closed minutes, several at once."""

    windows: list[WindowTold]


class AlertEvent(Answer):
    """Event `alert`: a state of an alert."""

    id: str
    incident: str
    brand: str
    kind: str
    state: AlertState
    revision: int
    severity: int
    reason: str
    department: str
    started_at_ms: int
    silenced_by: str


class ActionEvent(ActionAnswer):
    """Event `action`: what somebody did."""


class TrendEvent(Answer):
    """Event `trend`: a brand's words changed."""

    brand: str
    at_ms: int
    rising: list[str]


class GapEvent(Gap):
    """Event `gap`: a stretch that a feed could not give."""


class HealthEvent(Answer):
    """Event `health`, every ten seconds."""

    now_ms: int
    closed_until_ms: int
    data_age_s: float | None
    held_by_partition: int | None = None
    filling_percent: int | None = None
    version: str
