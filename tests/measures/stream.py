"""Small streams of mentions and ticks, and what their windows must be."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from measures.board import Board, BoardSettings, Output
from measures.buckets import Bucket, author_hash
from measures.kept_state import Entry
from schemas.alert import Alert
from schemas.catalogue import Brand, Catalogue
from schemas.mention import AnyMention, Channel, Mention, Place, Polarity, Tick
from schemas.rules import Rule
from schemas.window import Window

MINUTE = 60_000
START = 1_400_000_040_000
"""A full minute in 2014."""
LONG_AFTER = 1_800_000_000_000
"""A clock far ahead of the posts: a replay."""


def mention(minute: float, offset: int, brand: str = "x", **fields: Any) -> Mention:
    """A mention so many minutes after START."""
    defaults: dict[str, Any] = {
        "partition": 0,
        "author": f"author {offset}",
        "text_hash": offset,
        "post": str(offset),
    }
    return Mention(
        brand=brand,
        offset=offset,
        event_time_ms=START + int(minute * MINUTE),
        **{**defaults, **fields},
    )


def count(bucket: Bucket, item: AnyMention) -> None:
    """Take a mention into a minute."""
    bucket.add(item, author_hash(item))


def tick(minute: float, partitions: int = 1, **fields: Any) -> Tick:
    """A tick of raw partition 0 with its watermark so many minutes after START."""
    defaults: dict[str, Any] = {
        "watermarks": {0: START + int(minute * MINUTE)},
        "sent_at_ms": LONG_AFTER,
    }
    return Tick(partitions=partitions, **{**defaults, **fields})


def all_idle(partitions: int = 1) -> Tick:
    return Tick(
        sent_at_ms=LONG_AFTER, partitions=partitions, watermarks={}, idle=tuple(range(partitions))
    )


def board(rules: Iterable[Rule] = (), brands: Sequence[str] = ("x", "y"), **settings: Any) -> Board:
    watched = tuple(Brand(id=name, name=name) for name in brands)
    return Board(BoardSettings(**settings), Catalogue(watched, tuple(rules)))


def changelog(source: Board) -> Iterable[tuple[bytes, bytes]]:
    """Of a board that has not written any yet."""
    entries = (entry for brand in list(source.states) for entry in source.entries(brand))
    of_brands = [(key, value) for key, value in entries if value is not None]
    return [*of_brands, *source.incident_entries()]


def write(held: dict[bytes, bytes], entries: Iterable[Entry]) -> None:
    """What compaction leaves."""
    for key, value in entries:
        if value is None:
            held.pop(key, None)
        else:
            held[key] = value


def note(source: Board, log: dict[bytes, bytes]) -> Iterable[tuple[bytes, bytes]]:
    """Bring a compacted changelog, which is all that the next owner reads, up to date."""
    for brand in list(source.states):
        write(log, source.entries(brand))
    log.update(source.incident_entries())
    return log.items()


def run(target: Board, items: Iterable[AnyMention | Tick]) -> Output:
    """Everything that comes of the items."""
    for item in items:
        if isinstance(item, Tick):
            target.tick(item)
        else:
            target.apply(item)
    return target.drain()


def latest(windows: Iterable[Window]) -> dict[tuple[str, int], dict[str, Any]]:
    """What a consumer keeps that upserts by key and revision; without the revision."""
    kept: dict[tuple[str, int], Window] = {}
    for window in windows:
        key = (window.brand, window.start_ms)
        if key not in kept or window.revision > kept[key].revision:
            kept[key] = window
    return {key: counts(window) for key, window in kept.items()}


def counts(window: Window) -> dict[str, Any]:
    skipped = {"brand", "start_ms", "size_ms", "revision", "late"}
    return {name: getattr(window, name) for name in window.__struct_fields__ if name not in skipped}


def batch(mentions: Iterable[Mention]) -> dict[tuple[str, int], dict[str, Any]]:
    """The windows by counting in the plainest way; each (brand, partition, offset) once."""
    groups: dict[tuple[str, int], list[Mention]] = {}
    seen = set()
    for item in mentions:
        identity = (item.brand, item.partition, item.offset)
        if identity not in seen:
            seen.add(identity)
            minute = item.event_time_ms // MINUTE * MINUTE
            groups.setdefault((item.brand, minute), []).append(item)
    return {key: _summed(group) for key, group in groups.items()}


def _summed(versions: list[Mention]) -> dict[str, Any]:
    group = [item for item in versions if not item.is_edit]
    reposts = sum(item.is_repost for item in group)
    spoken = [item for item in group if item.place is Place.OWN]
    by_mood = {mood: sum(item.polarity is mood for item in spoken) for mood in Polarity}
    clean = Counter(item.author for item in group if not item.spam)
    by_channel = {kind: sum(item.channel is kind for item in group) for kind in Channel}
    return {
        "posts": len(group),
        "originals": len(group) - reposts,
        "reposts": reposts,
        "positive": by_mood[Polarity.POSITIVE],
        "neutral": by_mood[Polarity.NEUTRAL],
        "negative": by_mood[Polarity.NEGATIVE],
        "sentiment_milli": sum(item.sentiment_milli for item in group),
        "reach": sum(item.reach for item in group),
        "authors": len({item.author for item in group}),
        "texts": len({item.text_hash for item in group}),
        "owned": by_channel[Channel.OWNED],
        "paid": by_channel[Channel.PAID],
        "earned": by_channel[Channel.EARNED],
        "exposures": len(group) - len(spoken),
        "addresses": len([item for item in group if item.is_address]),
        "products": len([item for item in group if item.product]),
        "spam": len([item for item in group if item.spam]),
        "bursts": sum(posts - 3 for posts in clean.values() if posts > 3),
        "edits": len(versions) - len(group),
        "intents": dict(Counter(intent for item in group for intent in item.intents)),
    }


def firing(alerts: Iterable[Alert], kind: str) -> list[Alert]:
    """The first records of alerts of a kind."""
    return [alert for alert in alerts if alert.kind == kind and alert.revision == 0]
