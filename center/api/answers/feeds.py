"""Feeds, and what was told to whom."""

from center.api.answers.base import Answer
from schemas.delivery import Outcome, Reason
from schemas.feed import FeedState, GapReason


class Gap(Answer):
    feed: str
    from_ms: int
    to_ms: int
    reason: GapReason
    detail: str
    at_ms: int


class Feed(Answer):
    feed: str
    state: FeedState
    endpoint: str
    at_ms: int
    event_time_ms: int
    posts: int
    posts_per_s: float
    started_at_ms: int
    age_s: float


class Feeds(Answer):
    items: list[Feed]


class Gaps(Answer):
    items: list[Gap]


class AttemptAnswer(Answer):
    at_ms: int
    status: int
    reason: Reason
    detail: str
    part: int


class DeliveryAnswer(Answer):
    subscriber: str
    channel: str
    alert: str
    brand: str
    revision: int
    outcome: Outcome
    reason: Reason
    in_words: str
    item: str
    """Of what is no alert: who has it, or a digest."""
    at_ms: int
    told_at_ms: int
    told_revision: int
    failures: int
    repeats: int
    attempts: list[AttemptAnswer]


class Deliveries(Answer):
    items: list[DeliveryAnswer]


class WhyNot(Answer):
    """One subscriber and one alert: what was told, or why nothing was."""

    subscriber: str
    delivery: DeliveryAnswer | None
    reason: Reason
    in_words: str


class Explained(Answer):
    alert: str
    items: list[WhyNot]
