"""Alerts and subscribers for tests."""

from typing import Any

from schemas.alert import Alert, AlertState, Evidence, Sample, Term
from schemas.catalogue import ReceivingChannel, Subscriber
from schemas.mention import Objective

NOON_MS = 1_779_710_400_000
"""2026-05-25, 20:00 in Shanghai (a Monday), noon in UTC."""
MINUTE_MS = 60_000
HOSTILE = (
    "@all <!channel> <at user_id=\"all\">x</at> @everyone <@all> [link](http://evil.cn) **b** "
    "<b>x</b> `c` </text> \"}]} \x1b[2J\u202e # h\n> q"
)  # fmt: skip


def alert(number: int = 1, revision: int = 0, **changes: Any) -> Alert:
    """An alert about 小米 with all that alerts have."""
    given: dict[str, Any] = {
        "id": f"{number:020x}",
        "fingerprint": f"spike/{number}",
        "rule": "burst",
        "kind": "spike",
        "brand": "xiaomi",
        "state": AlertState.FIRING,
        "revision": revision,
        "severity": 6,
        "started_at_ms": NOON_MS,
        "updated_at_ms": NOON_MS + revision * MINUTE_MS,
        "seen": 120.0,
        "expected": 12.5,
        "reason": "xiaomi: 120 posts within 5 minutes, 12.5 expected",
        "department": "client-management",
        "terms": (Term("起火", 30), Term("召回", 12)),
        "samples": (Sample("1", "weibo", "某人", "手机起火了", 9000, -800, NOON_MS),),
        "evidence": Evidence(
            horizon_min=5, posts=120, negative_now=0.6, negative_before=0.1,
            intents={Objective.CLIENT_MANAGEMENT: 40},
        ),
    }  # fmt: skip
    return Alert(**(given | changes))


def resolved(number: int = 1, revision: int = 9, **changes: Any) -> Alert:
    """The end of it."""
    ended_ms = NOON_MS + 40 * MINUTE_MS
    more = {"state": AlertState.RESOLVED, "ended_at_ms": ended_ms} | changes
    return alert(number, revision, **more)


def subscriber(channel: ReceivingChannel = ReceivingChannel.WEBHOOK, **changes: Any) -> Subscriber:
    """Somebody who is told of everything at once."""
    given: dict[str, Any] = {
        "id": "ops",
        "channel": channel,
        "address": "SUBSCRIBER_OPS_URL",
        "interval_min": 0,
    }
    return Subscriber(**(given | changes))
