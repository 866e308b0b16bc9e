"""The view without a screen: one line for people and logs, one JSON object for programs."""

from collections.abc import Iterator
from datetime import tzinfo
from typing import Any

import msgspec
import orjson

from schemas.alert import AlertState
from views import figures
from views.plain_text import one_line
from views.status import Status
from views.view import AlertRow, BrandRow, View

_BRANDS_IN_LINE = 5


def summary_line(view: View, status: Status, zone: tzinfo | None) -> str:
    """Rates, the busiest brands with their net sentiment, and how many alerts fire."""
    parts = [figures.clock(status.now_ms, status.now_ms, zone)]
    if status.feed_per_s is not None:
        parts.append(f"{figures.count(status.feed_per_s)} posts/s")
    if status.mentions_per_s is not None:
        parts.append(f"{figures.count(status.mentions_per_s)} mentions/s")
    parts += [_brand_part(row) for row in view.brands[:_BRANDS_IN_LINE]]
    firing = sum(row.alert.state is AlertState.FIRING for row in view.alerts)
    parts.append(f"{firing} alert{'' if firing == 1 else 's'}")
    parts += [f"! {one_line(problem)}" for problem in status.problems]
    return "  ".join(parts)


class AlertLog:
    """Says each alert once when it fires and once when it is resolved."""

    def __init__(self) -> None:
        self._told: set[tuple[str, AlertState]] = set()

    def new_lines(self, view: View, now_ms: int, zone: tzinfo | None) -> Iterator[str]:
        """Lines for what changed since the last call, oldest first."""
        current = {(row.alert.id, row.alert.state): row for row in view.alerts}
        for state, row in reversed(current.items()):
            if state not in self._told:
                yield _alert_line(row, now_ms, zone)
        self._told = set(current)


def summary_json(view: View, status: Status) -> bytes:
    """All figures of the view as one JSON object on one line."""
    return orjson.dumps(
        {
            "now_ms": status.now_ms,
            "event_time_ms": view.event_time_ms,
            "posts_per_s": status.feed_per_s,
            "mentions_per_s": status.mentions_per_s,
            "brands_total": view.brands_total,
            "brands": [_brand_json(row) for row in view.brands],
            "alerts": [{"name": row.name, **msgspec.to_builtins(row.alert)} for row in view.alerts],
            "problems": status.problems,
        }
    )


def _brand_part(row: BrandRow) -> str:
    alert = f" ▲{row.severity}" if row.severity else ""
    return f"{row.name} {figures.count(row.posts)} ({figures.signed(row.net_sentiment)}){alert}"


def _alert_line(row: AlertRow, now_ms: int, zone: tzinfo | None) -> str:
    alert = row.alert
    if alert.state is AlertState.FIRING:
        since = figures.clock(alert.started_at_ms, now_ms, zone)
        head = f"ALERT severity {alert.severity} since {since}"
    else:
        ended = figures.clock(alert.ended_at_ms or alert.updated_at_ms, now_ms, zone)
        head = f"RESOLVED at {ended}"
    return f"{head}  {row.name}  {one_line(alert.kind)}: {one_line(alert.reason)}"


def _brand_json(row: BrandRow) -> dict[str, Any]:
    return {
        "brand": row.brand,
        "name": row.name,
        "posts_5_min": row.posts,
        "positive": row.positive,
        "negative": row.negative,
        "net_sentiment": row.net_sentiment,
        "negative_share": row.negative_share,
        "posts_per_minute": row.trend,
        "severity": row.severity,
    }
