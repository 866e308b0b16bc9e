"""Alertmanager v2: told again and again what fires, by a set of labels that never changes."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import msgspec

from delivery.answers import by_status
from delivery.channels.json_body import JSON_HEADERS
from delivery.endpoints import Endpoint, HttpChannel, Limits, Request
from delivery.messages import Message, told_alert
from schemas.alert import Alert, AlertState

REFRESH_S = 60
"""Told again so often: an Alertmanager that was restarted knows nothing."""
HOLDS_S = 900
"""An alert of which nothing is heard for so long is over for the Alertmanager: `leimo deliver` may
be away for that long."""
RESOLVED_S = 300
"""For so long an end is told again."""


def parts(message: Message) -> list[bytes]:
    """The alert; the time until which it holds is added when it is sent."""
    title, lines = message.title, message.body
    return [msgspec.json.encode([_posted(told_alert(message), title, "\n".join(lines))])]


def _posted(alert: Alert, summary: str, description: str) -> dict[str, Any]:
    """What changes with a revision is an annotation: another label would be another alert."""
    ended_ms = alert.ended_at_ms if alert.state is AlertState.RESOLVED else None
    return {
        "labels": {
            "alertname": f"leimo-{alert.rule}",
            "rule": alert.rule,
            "kind": alert.kind,
            "brand": alert.brand,
            "source": "leimo",
        },
        "annotations": {
            "summary": summary,
            "description": description,
            "severity": str(alert.severity),
            "department": alert.department,
            "alert": alert.id,
            "revision": str(alert.revision),
        },
        "startsAt": _iso(alert.started_at_ms),
        "endsAt": None if ended_ms is None else _iso(max(ended_ms, alert.started_at_ms + 1)),
    }


def _iso(at_ms: int) -> str:
    """
    >>> _iso(1779717600000)
    '2026-05-25T14:00:00.000Z'
    """
    at = datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds")
    return at.replace("+00:00", "Z")


def to_request(part: bytes, message_id: str, endpoint: Endpoint, now_ms: int) -> Request:
    """To the API below the address, firing until `HOLDS_S` from now."""
    del message_id
    posted = msgspec.json.decode(part)
    for alert in posted:
        if alert["endsAt"] is None:
            alert["endsAt"] = _iso(now_ms + HOLDS_S * 1000)
    base = urlsplit(endpoint.address)
    url = base._replace(path=base.path.rstrip("/") + "/api/v2/alerts").geturl()
    return Request(url, msgspec.json.encode(posted), JSON_HEADERS)


def joined(bodies: Iterable[bytes]) -> bytes:
    """Several alerts in one request."""
    return msgspec.json.encode([one for body in bodies for one in msgspec.json.decode(body)])


ALERTMANAGER = HttpChannel(Limits(), parts, to_request, by_status)
