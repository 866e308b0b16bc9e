"""What the windows must be: a plain batch computation over a file, without the streaming code.

Only the analysis of a single post is shared with the product. Buckets, sums, distinct counts and
repeats are computed here in the most obvious way.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import zstandard

from analysis.pipeline import Analyser
from analysis.sources import InvalidPost, parse
from schemas.mention import Mention

MINUTE_MS = 60_000
EXACT_DISTINCT = 128
"""Above this many, windows hold estimates."""


@dataclass
class Bucket:
    """One brand in one minute."""

    mentions: list[Mention] = field(default_factory=list)

    def as_window(self) -> dict[str, Any]:
        every = self.mentions
        return {
            "posts": len(every),
            "originals": sum(not mention.is_repost for mention in every),
            "reposts": sum(mention.is_repost for mention in every),
            "positive": sum(mention.polarity == "positive" for mention in every),
            "neutral": sum(mention.polarity == "neutral" for mention in every),
            "negative": sum(mention.polarity == "negative" for mention in every),
            "sentiment_milli": sum(mention.sentiment_milli for mention in every),
            "reach": sum(mention.reach for mention in every),
            "owned": sum(mention.channel == "owned" for mention in every),
            "paid": sum(mention.channel == "paid" for mention in every),
            "earned": sum(mention.channel == "earned" for mention in every),
            "authors": len({mention.author for mention in every}),
            "texts": len({mention.text_hash for mention in every}),
        }


def batch_windows(
    lines: Iterable[bytes], analyser: Analyser, received_at_ms: int
) -> dict[tuple[str, int], dict[str, Any]]:
    """(brand, start of the minute in ms) -> the window's counts; each post once."""
    buckets: dict[tuple[str, int], Bucket] = {}
    seen: set[tuple[str, str, int]] = set()
    for number, line in enumerate(lines):
        try:
            post = parse("weibo", line, received_at_ms)
        except InvalidPost:
            continue
        if (post.id, post.event, post.edit) in seen:
            continue
        seen.add((post.id, post.event, post.edit))
        for mention in analyser.mentions(post, 0, number):
            start = mention.event_time_ms - mention.event_time_ms % MINUTE_MS
            buckets.setdefault((mention.brand, start), Bucket()).mentions.append(mention)
    return {key: bucket.as_window() for key, bucket in buckets.items()}


def differences(
    expected: dict[tuple[str, int], dict[str, Any]], windows: Iterable[dict[str, Any]]
) -> list[str]:
    """Every number in which the windows differ from what is expected, as lines for a person."""
    found = {(window["brand"], window["start_ms"]): window for window in windows}
    lines = [f"{key}: window missing" for key in sorted(expected.keys() - found.keys())]
    lines += [f"{key}: window too many" for key in sorted(found.keys() - expected.keys())]
    for key in sorted(expected.keys() & found.keys()):
        for name, value in expected[key].items():
            if name in ("authors", "texts") and value > EXACT_DISTINCT:
                continue
            if found[key][name] != value:
                lines.append(f"{key}: {name} is {found[key][name]}, expected {value}")
    return lines


def read_ndjson(path: Path) -> list[dict[str, Any]]:
    """The objects of a file that `leimo demo --windows` wrote."""
    return [orjson.loads(line) for line in path.read_bytes().splitlines()]


def compressed(path: Path, lines: Iterable[bytes]) -> Path:
    """Write lines to a .zst file."""
    path.write_bytes(zstandard.compress(b"".join(line + b"\n" for line in lines)))
    return path
