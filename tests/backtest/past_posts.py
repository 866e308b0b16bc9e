"""A small history of posts with a known burst, a known crisis and a brand that stays quiet."""

import json
from typing import Any

MINUTE_MS = 60_000
DAY_MIN = 24 * 60
START_MS = 1_767_225_600_000
"""2026-01-01T00:00Z"""
DAYS = 2
BURST_MIN, BURST_LASTS_MIN = DAY_MIN + 13 * 60, 10
"""The second day at 13:00, for ten minutes: sixty posts in each."""
CRISIS_MIN = DAY_MIN + 16 * 60
"""The second day at 16:00: six posts that tell of a fire, one a minute."""
QUIET, BURSTING, BURNING = "gree", "huawei", "laoganma"

CATALOGUE = """
brands:
  - {id: huawei, name: 华为, department: sales}
  - {id: laoganma, name: 老干妈}
  - {id: gree, name: 格力空调}
rules:
  - {id: burst, kind: spike, min_posts: 20}
  - {id: fire, kind: crisis, words: [起火], min_posts: 4, min_authors: 3, department: care}
"""

Line = dict[str, Any]


def post(number: int, minute: float, text: str, author: str = "", **fields: Any) -> Line:
    """A post in leimo's own shape, so many minutes after the start."""
    at_ms = START_MS + int(minute * MINUTE_MS)
    writer = {"id": author or f"u{number}", "name": author, "followers": 10}
    return {"id": str(number), "text": text, "created_at": at_ms, "author": writer, **fields}


def history() -> list[Line]:
    """About 4,200 posts of two days, by time."""
    lines: list[tuple[float, str]] = []
    for minute in range(DAYS * DAY_MIN):
        lines.append((minute, "今天天气不错"))
        if minute % 2 == 0:
            lines.append((minute + 0.2, f"买了华为 {minute}"))
        if minute % 10 == 0:
            lines.append((minute + 0.4, f"格力空调 {minute}"))
        if minute % 5 == 0:
            lines.append((minute + 0.6, f"老干妈 {minute}"))
        if BURST_MIN <= minute < BURST_MIN + BURST_LASTS_MIN:
            lines += [(minute + at / 60, f"华为发布会 {minute} {at}") for at in range(60)]
        if CRISIS_MIN <= minute < CRISIS_MIN + 6:
            lines.append((minute + 0.5, f"老干妈 厂房 起火 了 {minute}"))
    return [post(number, *line) for number, line in enumerate(sorted(lines))]


def written(lines: list[Line]) -> bytes:
    return b"".join(json.dumps(line, ensure_ascii=False).encode() + b"\n" for line in lines)
