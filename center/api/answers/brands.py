"""Brands: lists, one brand, the wall."""

from center.api.answers.alerts import AlertAnswer, Incident
from center.api.answers.base import Answer
from center.api.answers.feeds import Feed, Gap
from center.api.answers.windows import Counts, Expected


class BrandLine(Answer):
    """A brand in a list."""

    id: str
    name: str
    aliases: list[str]
    trade: str
    parent: str
    group: str
    """Id of the topmost brand that it is a product line of; of others its own."""
    department: str
    severity: int
    """Of its worst open alert that is not silenced; 0: none."""
    posts_1h: int
    """Of the last closed hour, or, where an open alert saw more in minutes since, so many."""
    expected_1h: float | None
    unusual: float | None
    """Where posts stand between what is expected (0) and where a spike begins (1)."""
    negative_1h: int
    net_sentiment_1h: float | None
    open_alerts: int


class Brands(Answer):
    items: list[BrandLine]
    next: str | None
    total: int


class BrandPage(BrandLine):
    """One brand."""

    competitors: list[str]
    hour: Counts
    day: Counts
    expected_hour: Expected | None
    alerts: list["AlertAnswer"]
    """Those that fire."""


class WallBrand(BrandLine):
    minutes: list[int]
    """Posts of the last 60 closed minutes, the oldest first."""
    level_a_minute: float | None


class Wall(Answer):
    at_ms: int
    closed_until_ms: int
    data_age_s: float | None
    held_by_partition: int | None = None
    """As in `Health`."""
    filling_percent: int | None = None
    groups: list[str]
    """Trades with brands, to rotate through."""
    group: str
    brands: list[WallBrand]
    incidents: list[Incident]
    feeds: list["Feed"]
    gaps: list[Gap]
