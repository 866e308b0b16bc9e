"""The windows of mentions by a plain batch computation, in the most obvious way.

It shares nothing with the buckets of the stream (`measures.buckets`), no watermark, state or
sketch: what both say alike is believed. For `leimo audit`, and for tests.
"""

from collections.abc import Mapping

from schemas.mention import Mention
from schemas.window import Window

MINUTE_MS = 60_000
EXACT_DISTINCT = 128
"""Above this many distinct authors or texts, windows hold estimates."""
_SUMS = (
    "posts", "originals", "reposts", "positive", "neutral", "negative", "sentiment_milli",
    "reach", "owned", "paid", "earned",
)  # fmt: skip

Key = tuple[str, int]
"""Brand, and start of the minute in ms."""
Counts = dict[str, int]
"""The fields of a window that are counts."""


class _Minute:
    """One brand in one minute."""

    def __init__(self) -> None:
        self.sums = dict.fromkeys(_SUMS, 0)
        self.authors: set[str] = set()
        self.texts: set[int] = set()

    def add(self, mention: Mention) -> None:
        sums = self.sums
        sums["posts"] += 1
        sums["reposts" if mention.is_repost else "originals"] += 1
        sums[mention.polarity] += 1
        sums["sentiment_milli"] += mention.sentiment_milli
        sums["reach"] += mention.reach
        sums[mention.channel] += 1
        if len(self.authors) <= EXACT_DISTINCT:
            self.authors.add(mention.author)
        if len(self.texts) <= EXACT_DISTINCT:
            self.texts.add(mention.text_hash)


class Recount:
    """Counts mentions, each of which has to be given once."""

    def __init__(self) -> None:
        self._minutes: dict[Key, _Minute] = {}

    def add(self, mention: Mention) -> None:
        start_ms = mention.event_time_ms - mention.event_time_ms % MINUTE_MS
        self._minutes.setdefault((mention.brand, start_ms), _Minute()).add(mention)

    def windows(self) -> dict[Key, Counts]:
        """The counts of every minute with a mention. Distinct counts end at 129."""
        return {
            key: minute.sums | {"authors": len(minute.authors), "texts": len(minute.texts)}
            for key, minute in self._minutes.items()
        }


def counts_of(window: Window) -> Counts:
    """What a published window says, as `Recount` says it."""
    return {name: getattr(window, name) for name in (*_SUMS, "authors", "texts")}


def differences(expected: Mapping[Key, Counts], found: Mapping[Key, Counts]) -> list[str]:
    """Every number in which windows differ from what is expected, as lines for a person.

    >>> differences({("a", 0): {"posts": 2}}, {("a", 0): {"posts": 1}, ("b", 60000): {"posts": 1}})
    ['b at 60000: window too many', 'a at 0: posts is 1, expected 2']
    """
    lines = [_line(key, "window missing") for key in sorted(expected.keys() - found.keys())]
    lines += [_line(key, "window too many") for key in sorted(found.keys() - expected.keys())]
    for key in sorted(expected.keys() & found.keys()):
        for name, value in expected[key].items():
            if name in ("authors", "texts") and value > EXACT_DISTINCT:
                continue
            if found[key][name] != value:
                lines.append(_line(key, f"{name} is {found[key][name]}, expected {value}"))
    return lines


def lost_and_twice(expected: Mapping[Key, Counts], found: Mapping[Key, Counts]) -> tuple[int, int]:
    """Posts that are missing in windows, and posts that are there too often.

    >>> lost_and_twice({("a", 0): {"posts": 5}}, {("a", 0): {"posts": 3}, ("b", 0): {"posts": 1}})
    (2, 1)
    """
    change = [
        found.get(key, {}).get("posts", 0) - expected.get(key, {}).get("posts", 0)
        for key in found.keys() | expected.keys()
    ]
    return -sum(min(0, posts) for posts in change), sum(max(0, posts) for posts in change)


def _line(key: Key, what: str) -> str:
    return f"{key[0]} at {key[1]}: {what}"
