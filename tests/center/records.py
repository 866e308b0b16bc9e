"""Records of the topics, as tests need them."""

from typing import Any

from center.store.protocol import DAY_MS, MINUTE_MS, Record
from measures.recount import Recount
from schemas.alert import Alert, AlertState
from schemas.mention import Mention, Objective, Place, Polarity
from schemas.window import Window

START_MS = 1_779_494_400_000
"""2026-05-23 00:00 UTC."""
assert START_MS % DAY_MS == 0


def mention(offset: int, at_ms: int = START_MS, **fields: Any) -> Mention:
    """A post that names Xiaomi."""
    given: dict[str, Any] = {
        "brand": "xiaomi",
        "partition": 0,
        "offset": offset,
        "event_time_ms": at_ms,
        "author": f"u{offset}",
        "post": f"p{offset}",
        "source": "weibo",
        "text": "小米手机真好用",
        "terms": ("手机", "好用"),
    }
    return Mention(**given | fields)


def records(topic: str, *values: object, first: int = 0, partition: int = 0) -> list[Record]:
    """They stand in one partition, one after the other, under their own keys."""
    return [
        Record(topic, partition, first + number, _key(value), value)
        for number, value in enumerate(values)
    ]


def _key(value: object) -> str:
    key = getattr(value, "key", b"")
    return key.decode() if isinstance(key, bytes) else ""


def windows_of(mentions: list[Mention]) -> list[Window]:
    """The windows that the worker would publish, by the plain recount."""
    recount = Recount()
    for one in mentions:
        recount.add(one)
    found = []
    for (brand, start_ms), counts in sorted(recount.windows().items()):
        intents = {
            Objective(name.removeprefix("intents ")): count
            for name, count in counts.items()
            if name.startswith("intents ")
        }
        plain = {name: count for name, count in counts.items() if not name.startswith("intents ")}
        found.append(
            Window(brand=brand, start_ms=start_ms, size_ms=MINUTE_MS, intents=intents, **plain)
        )
    return found


def alert(number: int = 1, **fields: Any) -> Alert:
    """A spike of Xiaomi that fires."""
    given: dict[str, Any] = {
        "id": f"a{number}",
        "fingerprint": "spike/xiaomi",
        "rule": "spike",
        "kind": "spike",
        "brand": "xiaomi",
        "state": AlertState.FIRING,
        "severity": 4,
        "started_at_ms": START_MS + number * MINUTE_MS,
        "updated_at_ms": START_MS + number * MINUTE_MS,
        "seen": 19.0,
        "expected": 2.0,
        "reason": "小米: 19 posts",
    }
    return Alert(**given | fields)


__all__ = ["START_MS", "Place", "Polarity", "alert", "mention", "records", "windows_of"]
