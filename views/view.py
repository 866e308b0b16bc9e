"""What the live view shows at one moment: brands in an order, and alerts."""

from enum import StrEnum
from typing import NamedTuple

from schemas.alert import Alert, AlertState


class Order(StrEnum):
    """What the table of brands is sorted by."""

    VOLUME = "volume"
    NEGATIVE = "negative"
    NAME = "name"


class BrandRow(NamedTuple):
    """One brand, as shown."""

    brand: str
    name: str
    posts: int
    """Posts of the last 5 minutes."""
    positive: int
    negative: int
    """Of those posts."""
    trend: tuple[int | None, ...]
    """Posts of each of the last 30 minutes, the open one last; None: before the board began."""
    severity: int
    """Highest severity of the brand's firing alerts; 0: none."""

    @property
    def net_sentiment(self) -> float | None:
        """100·(P−N)/(P+N); None where no post takes sides."""
        sides = self.positive + self.negative
        return 100 * (self.positive - self.negative) / sides if sides else None

    @property
    def negative_share(self) -> float | None:
        """Share of the posts that are negative; None without posts."""
        return self.negative / self.posts if self.posts else None


class AlertRow(NamedTuple):
    name: str
    """Name of the brand."""
    alert: Alert


class View(NamedTuple):
    """The board at one moment."""

    event_time_ms: int | None
    """Newest event time seen; None: nothing yet."""
    tick_sent_at_ms: int | None
    """When a worker last sent a tick (its clock)."""
    brands: tuple[BrandRow, ...]
    alerts: tuple[AlertRow, ...]
    """Firing ones, newest first; then those resolved lately."""
    brands_total: int
    """Brands with a post in the last 30 minutes, shown or not."""
    posts: int
    """Posts of all of these in the last 5 minutes: a post that names two brands counts twice."""
    mentions_total: int
    """Mentions counted since the board began."""


def alert_rank(alert: Alert) -> tuple[bool, int, int, str]:
    """Firing before resolved, newest first, then the most severe; never a tie."""
    return (
        alert.state is not AlertState.FIRING,
        -(alert.ended_at_ms or alert.started_at_ms),
        -alert.severity,
        alert.id,
    )


def _by_volume(row: BrandRow) -> tuple[int, str, str]:
    return -row.posts, row.name, row.brand


def _by_negative(row: BrandRow) -> tuple[int, int, str, str]:
    return -row.negative, -row.posts, row.name, row.brand


def _by_name(row: BrandRow) -> tuple[str, str]:
    return row.name, row.brand


ORDERS = {Order.VOLUME: _by_volume, Order.NEGATIVE: _by_negative, Order.NAME: _by_name}
