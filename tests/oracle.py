"""What the windows must be: a plain batch computation over a file, without the streaming code.

Only the analysis of a single post is shared with the product. Buckets, sums, distinct counts and
repeats are computed here in the most obvious way.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
import zstandard

from analysis.pipeline import Analyser
from analysis.sources import InvalidPost, parse
from schemas.mention import Mention
from schemas.post import Post

MINUTE_MS = 60_000
EXACT_DISTINCT = 128
"""Above this many, windows hold estimates."""


_SUMS = (
    "posts", "originals", "reposts", "positive", "neutral", "negative", "sentiment_milli",
    "reach", "owned", "paid", "earned",
)  # fmt: skip
_AT_ONCE = 500
Windows = dict[tuple[str, int], dict[str, Any]]
"""(brand, start of the minute in ms) -> the window's counts."""


class Bucket:
    """One brand in one minute."""

    def __init__(self) -> None:
        self._sums = dict.fromkeys(_SUMS, 0)
        self._authors: set[Any] = set()
        self._texts: set[Any] = set()

    def add(self, mention: Mention) -> None:
        sums = self._sums
        sums["posts"] += 1
        sums["reposts" if mention.is_repost else "originals"] += 1
        sums[mention.polarity] += 1
        sums["sentiment_milli"] += mention.sentiment_milli
        sums["reach"] += mention.reach
        sums[mention.channel] += 1
        self._authors.add(mention.author)
        self._texts.add(mention.text_hash)

    def as_window(self) -> dict[str, Any]:
        return self._sums | {"authors": len(self._authors), "texts": len(self._texts)}


def batch_windows(lines: Iterable[bytes], analyser: Analyser, received_at_ms: int) -> Windows:
    """The windows of posts as lines; each post once."""
    buckets: dict[tuple[str, int], Bucket] = {}
    posts = _posts(lines, received_at_ms)
    while some := list(islice(posts, _AT_ONCE)):
        for found in analyser.mentions_many(some, 0, range(len(some))):
            for mention in found:
                start = mention.event_time_ms - mention.event_time_ms % MINUTE_MS
                buckets.setdefault((mention.brand, start), Bucket()).add(mention)
    return {key: bucket.as_window() for key, bucket in buckets.items()}


def _posts(lines: Iterable[bytes], received_at_ms: int) -> Iterator[Post]:
    """What can be read, each post once."""
    seen: set[tuple[str, str, int]] = set()
    for line in lines:
        try:
            post = parse("weibo", line, received_at_ms)
        except InvalidPost:
            continue
        if (post.id, post.event, post.edit) not in seen:
            seen.add((post.id, post.event, post.edit))
            yield post


def differences(expected: Windows, windows: Iterable[dict[str, Any]]) -> list[str]:
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
