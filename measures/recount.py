"""The windows of mentions by a plain batch computation, in the most obvious way.

It shares nothing with the buckets of the stream (`measures.buckets`), no watermark, state or
sketch: what both say alike is believed. For `leimo audit`, and for tests.
"""

from collections import Counter
from collections.abc import Mapping

from schemas.mention import Mention
from schemas.window import Window

MINUTE_MS = 60_000
EXACT_DISTINCT = 128
"""Above this many distinct authors or texts, windows hold estimates."""
_SUMS = (
    "posts", "originals", "reposts", "exposures", "addresses", "products", "positive", "neutral",
    "negative", "sentiment_milli", "reach", "owned", "paid", "earned", "spam", "edits",
)  # fmt: skip
_SAMPLED = ("authors", "texts", "bursts")
_FULL_POSTS = 3
"""Posts of one author and minute that are no burst."""

_INTENT = "intents "

Key = tuple[str, int]
"""Brand, and start of the minute in ms."""
Counts = dict[str, int]
"""The fields of a window that are counts."""


class _Minute:
    """One brand in one minute."""

    def __init__(self) -> None:
        self.sums = dict.fromkeys(_SUMS, 0)
        self.authors: Counter[str] = Counter()
        self.intents: Counter[str] = Counter()
        self.texts: set[int] = set()

    def add(self, mention: Mention) -> None:
        sums = self.sums
        if mention.is_edit:
            sums["edits"] += 1
            return
        sums["posts"] += 1
        sums["reposts" if mention.is_repost else "originals"] += 1
        sums[mention.polarity if mention.place == "own" else "exposures"] += 1
        sums["addresses"] += mention.is_address
        sums["products"] += bool(mention.product)
        sums["spam"] += bool(mention.spam)
        self.intents.update(mention.intents)
        sums["sentiment_milli"] += mention.sentiment_milli
        sums["reach"] += mention.reach
        sums[mention.channel] += 1
        self.authors[mention.author] += not mention.spam
        if len(self.texts) <= EXACT_DISTINCT:
            self.texts.add(mention.text_hash)

    def counts(self) -> Counts:
        distinct = {"authors": len(self.authors), "texts": len(self.texts)}
        bursts = sum(max(posts - _FULL_POSTS, 0) for posts in self.authors.values())
        intents = {f"{_INTENT}{name}": posts for name, posts in self.intents.items()}
        return self.sums | distinct | {"bursts": bursts} | intents


def key_of(mention: Mention) -> Key:
    """The brand and minute in which a mention counts."""
    return mention.brand, mention.event_time_ms - mention.event_time_ms % MINUTE_MS


class Recount:
    """Counts mentions, each of which has to be given once."""

    def __init__(self) -> None:
        self._minutes: dict[Key, _Minute] = {}

    def add(self, mention: Mention) -> None:
        self._minutes.setdefault(key_of(mention), _Minute()).add(mention)

    def windows(self) -> dict[Key, Counts]:
        """The counts of every minute with a mention. Distinct texts end at 129."""
        return {key: minute.counts() for key, minute in self._minutes.items()}


def counts_of(window: Window) -> Counts:
    """What a published window says, as `Recount` says it."""
    counts = {name: getattr(window, name) for name in (*_SUMS, *_SAMPLED)}
    return counts | {f"{_INTENT}{name}": posts for name, posts in window.intents.items()}


def differences(expected: Mapping[Key, Counts], found: Mapping[Key, Counts]) -> list[str]:
    """Every number in which windows differ from what is expected, as lines for a person.

    >>> differences({("a", 0): {"posts": 2}}, {("a", 0): {"posts": 1}, ("b", 60000): {"posts": 1}})
    ['b at 60000: window too many', 'a at 0: posts is 1, expected 2']
    """
    lines = [_line(key, "window missing") for key in sorted(expected.keys() - found.keys())]
    lines += [_line(key, "window too many") for key in sorted(found.keys() - expected.keys())]
    for key in sorted(expected.keys() & found.keys()):
        for name, value in expected[key].items():
            sampled = "authors" if name == "bursts" else name
            if name in _SAMPLED and expected[key].get(sampled, 0) > EXACT_DISTINCT:
                continue
            if (seen := found[key].get(name, 0)) != value:
                lines.append(_line(key, f"{name} is {seen}, expected {value}"))
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


def told_late(
    expected: Mapping[Key, Counts], found: Mapping[Key, Counts], late: Mapping[str, int]
) -> set[Key]:
    """The windows that lack no more posts than were told to be late for their brand.

    Each late post excuses one that is missing: what is lost besides is still found.

    >>> expected = {("a", 0): {"posts": 2}, ("a", 60000): {"posts": 1}, ("b", 0): {"posts": 1}}
    >>> told_late(expected, {("a", 0): {"posts": 1}}, {"a": 1})
    {('a', 0)}
    """
    left = dict(late)
    excused: set[Key] = set()
    for key in sorted(expected):
        lacking = _versions(expected[key]) - _versions(found.get(key, {}))
        if 0 < lacking <= left.get(key[0], 0):
            left[key[0]] -= lacking
            excused.add(key)
    return excused


def _versions(counts: Counts) -> int:
    """Posts, and later versions of posts."""
    return counts.get("posts", 0) + counts.get("edits", 0)


def _line(key: Key, what: str) -> str:
    return f"{key[0]} at {key[1]}: {what}"
