"""The topics: the one place where their names, partitions, retention and keys stand."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

import msgspec

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
MIB = 1 << 20


class Cleanup(StrEnum):
    DELETE = "delete"
    COMPACT = "compact"
    COMPACT_DELETE = "compact,delete"


class Topic(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    key: str
    """What the key is, for people."""
    value: str
    """What the value is: a record of `schemas`, or words."""
    about: str
    cleanup: Cleanup
    scales: bool = False
    """True: has as many partitions as the settings say; False: one partition."""
    retention_ms: int = -1
    max_message_bytes: int = MIB
    segment_ms: int | None = None
    segment_bytes: int | None = None

    def config(self) -> dict[str, str]:
        """Settings of the topic on the broker."""
        config = {
            "cleanup.policy": self.cleanup.value,
            "retention.ms": str(self.retention_ms),
            "max.message.bytes": str(self.max_message_bytes),
        }
        if self.segment_ms is not None:
            config["segment.ms"] = str(self.segment_ms)
        if self.segment_bytes is not None:
            config["segment.bytes"] = str(self.segment_bytes)
        return config


POSTS_RAW = Topic(
    name="posts.raw",
    key="author id",
    value="the source's own JSON, one post a record",
    about="Raw posts. Headers: `source`, `received_at` (ms).",
    cleanup=Cleanup.DELETE,
    scales=True,
    retention_ms=3 * DAY_MS,
    max_message_bytes=8 * MIB,
)
POSTS_DEAD = Topic(
    name="posts.dead",
    key="as in `posts.raw`",
    value="the raw bytes",
    about="Records that are no posts. Headers: `reason`, `topic`, `partition`, `offset`, `detail`.",
    cleanup=Cleanup.DELETE,
    retention_ms=7 * DAY_MS,
    max_message_bytes=9 * MIB,
)
MENTIONS = Topic(
    name="mentions",
    key="brand id, or `~` and a rule of kind share; absent for ticks and signals",
    value="`Mention`, `GroupMention`, `Tick` or `Signal`",
    about="A brand in a post; between them ticks of event time, and signals of alerts that begin.",
    cleanup=Cleanup.DELETE,
    scales=True,
    retention_ms=3 * DAY_MS,
)
WINDOWS = Topic(
    name="windows",
    key="brand id | start ms | size ms",
    value="`Window`",
    about="Closed buckets of a brand: upsert by key, the highest `revision` is the truth.",
    cleanup=Cleanup.COMPACT_DELETE,
    scales=True,
    retention_ms=90 * DAY_MS,
)
ALERTS = Topic(
    name="alerts",
    key="fingerprint",
    value="`Alert`",
    about="Firing, updated and resolved alerts. CloudEvents attributes in headers (`ce_*`).",
    cleanup=Cleanup.COMPACT_DELETE,
    scales=True,
    retention_ms=90 * DAY_MS,
)
TRENDS = Topic(
    name="trends",
    key="brand id",
    value="`Trend`",
    about="Top and rising terms of a brand, and who is heard: upsert by key.",
    cleanup=Cleanup.COMPACT_DELETE,
    scales=True,
    retention_ms=7 * DAY_MS,
)
CATALOGUE = Topic(
    name="catalogue",
    key="`brand:`, `rule:`, `intent:`, `silence:`, `holiday:`, `subscriber:` or `feed:` and the id",
    value="`Brand`, `Rule`, `Intent`, `Silence`, `Holiday`, `Subscriber` or `Feed`",
    about="The definitions in force. An absent value removes one.",
    cleanup=Cleanup.COMPACT,
)
DELIVERIES = Topic(
    name="deliveries",
    key="subscriber id, `~`, alert id; a subscriber id; `~` and a partition",
    value="`Delivery`, `Receiver` or `Progress`",
    about="What each subscriber was told, when, and the answer. Its partition is that of the "
    "subscriber id.",
    cleanup=Cleanup.COMPACT_DELETE,
    scales=True,
    retention_ms=90 * DAY_MS,
)
BRANDS_CHANGELOG = Topic(
    name="brands-changelog",
    key="brand id; with NUL and a number: its past",
    value="the brand's state (private)",
    about="What workers know of each brand; private to them.",
    cleanup=Cleanup.COMPACT,
    scales=True,
    max_message_bytes=4 * MIB,
    segment_ms=HOUR_MS,
    segment_bytes=64 * MIB,
)
POSTS_SEEN = Topic(
    name="posts-seen",
    key="absent",
    value="identities of posts (private)",
    about="Which posts of `posts.raw` were counted lately; private to the worker.",
    cleanup=Cleanup.DELETE,
    scales=True,
    retention_ms=DAY_MS,
    segment_ms=HOUR_MS,
    segment_bytes=64 * MIB,
)
FEED_POSITIONS = Topic(
    name="feed-positions",
    key="feed",
    value="`FeedPosition`",
    about="How far a live feed has come, and how it fares. An absent value forgets a feed.",
    cleanup=Cleanup.COMPACT,
)
FEED_GAPS = Topic(
    name="feed-gaps",
    key="feed | from ms",
    value="`FeedGap`",
    about="Stretches of time that a live feed could not give: upsert by key.",
    cleanup=Cleanup.COMPACT_DELETE,
    retention_ms=90 * DAY_MS,
)
ACTIONS = Topic(
    name="actions",
    key="`alert:`, `incident:`, `post:` or `definition:`, what it was done to, | id",
    value="`Action`",
    about="What people did: acknowledged, assigned, took, answered, noted. Added, never changed.",
    cleanup=Cleanup.COMPACT,
)
DELETIONS = Topic(
    name="deletions",
    key="scope | source | id",
    value="`Deletion`",
    about="Posts and authors whose text is to be forgotten.",
    cleanup=Cleanup.COMPACT_DELETE,
    retention_ms=90 * DAY_MS,
)
EXPECTATIONS = Topic(
    name="expectations",
    key="brand id | start ms of the hour",
    value="`Expectation`",
    about="What volume was expected of a brand in an hour, and from where on it is a spike.",
    cleanup=Cleanup.COMPACT_DELETE,
    scales=True,
    retention_ms=90 * DAY_MS,
)

TOPICS: Mapping[str, Topic] = MappingProxyType(
    {
        topic.name: topic
        for topic in (
            POSTS_RAW,
            POSTS_DEAD,
            MENTIONS,
            WINDOWS,
            ALERTS,
            TRENDS,
            CATALOGUE,
            DELIVERIES,
            BRANDS_CHANGELOG,
            POSTS_SEEN,
            FEED_POSITIONS,
            FEED_GAPS,
            ACTIONS,
            DELETIONS,
            EXPECTATIONS,
        )
    }
)
