"""`posts.raw` → brand mentions and ticks of event time."""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from functools import lru_cache, partial
from typing import Any

import msgspec

from analysis.groups import Groups
from analysis.intake import Intake, take_in
from analysis.pipeline import Analyser
from kafka_io.batches import NO_HEADERS, Row
from kafka_io.dead_letters import DeadShare, dead_letter_row
from kafka_io.partitions import partition_for
from kafka_io.settings import Settings
from schemas.dead_letter import DropReason
from schemas.forgotten import Forgotten
from schemas.mention import GroupMention, group_key
from schemas.post import Post
from schemas.topics import DELETIONS, MENTIONS, POSTS_RAW, POSTS_SEEN, Topic
from sources.parsing import InvalidPost
from sources.raw_posts import RawPosts
from sources.repeats import Draft, Repeats
from sources.versions import identities_of
from streams.app import StreamApp, batch_topic
from streams.budget import Budget, OverBudgetError
from streams.metrics import Metrics
from streams.seen_posts import Note, note_row
from streams.ticks import PartitionProgress, TickSettings, build_tick

QUIET_TICK_MS = 1_000
"""Time between two ticks while nothing is read."""

_encode = msgspec.json.Encoder().encode


def _target(partitions: int, named: str) -> tuple[bytes, int]:
    """Key and partition of a brand or a group."""
    key = named.encode()
    return key, partition_for(key, partitions)


class AnalyseStage:
    """Raw posts to mentions. Keeps event time and recent post ids of each partition in memory."""

    name = "analyse"
    topic = POSTS_RAW
    changelog: Topic | None = None
    notes: Topic | None = POSTS_SEEN

    def __init__(
        self,
        settings: Settings,
        metrics: Metrics,
        analyser: Analyser,
        groups: Groups,
        now_ms: Callable[[], int],
    ) -> None:
        """`now_ms` is the wall clock, for what is idle; event time comes from the posts."""
        self.analyser = analyser
        self.groups = groups
        self.forgotten = Forgotten()
        """What is not to be shown any more; the worker shares one with the other stage."""
        self._settings = settings
        self._now_ms = now_ms
        self._metrics = metrics
        self._target = lru_cache(maxsize=1 << 18)(partial(_target, settings.partitions))
        self._raw_posts = RawPosts(settings)
        self._tick_settings = TickSettings(
            disorder_ms=int(settings.disorder_s * 1000),
            idle_ms=int(settings.idle_s * 1000),
            partitions=settings.partitions,
        )
        self._progress: dict[int, PartitionProgress] = {}
        self._repeats: dict[int, Repeats] = {}
        self._noted_to: dict[int, int] = {}
        """The notes of a partition tell of the records below this offset."""
        self._dead_share = DeadShare(settings.dead_share_limit)
        self._budget = Budget(settings.max_record_cpu_s)
        self._too_slow = (
            f"took more than {settings.max_record_cpu_s:g} s of CPU time; look at the record, or "
            "raise LEIMO_MAX_RECORD_CPU_S"
        )
        self._ticked_ms = 0

    def open(self, partitions: Collection[int]) -> None:
        """Start new clocks; what is remembered of the posts of these partitions stays."""
        now_ms = self._now_ms()
        self._progress = {partition: PartitionProgress(now_ms) for partition in partitions}
        distance = self._settings.repeat_distance
        self._repeats = {
            partition: self._repeats.get(partition, Repeats(distance)) for partition in partitions
        }

    def recall_from(self, partition: int, start: int) -> int:
        """Where the posts begin whose identities it needs and does not hold."""
        self._noted_to[partition] = start
        return self._repeats[partition].resume(start)

    def recall(self, partition: int, posts: Sequence[tuple[int, int]]) -> None:
        """Remember posts that were counted before."""
        self._repeats[partition].note(posts)

    def identities(self, records: Sequence[Any]) -> list[tuple[int, int]]:
        """Offset and identities of the posts; a dead letter is none that could be repeated."""
        try:
            return self._budget.run(self._identities, records)
        except OverBudgetError:
            if len(records) == 1:
                return []
        return [found for record in records for found in self.identities([record])]

    def _identities(self, records: Sequence[Any]) -> list[tuple[int, int]]:
        found = []
        for record in records:
            with suppress(InvalidPost):
                post = self._raw_posts.post(record)
                found += [(record.offset, identity) for identity in identities_of(post)]
        return found

    def restore(self, partition: int, entries: object) -> None:
        """Nothing: there is no changelog."""

    def state_rows(self, partition: int) -> list[Row]:
        """Nothing: there is no changelog."""
        return []

    def drop(self) -> None:
        """Stop the clocks. Posts are remembered until `open` says which partitions are left."""
        self._progress.clear()

    def step(self, partition: int, records: Sequence[Any]) -> list[Row]:
        """Mentions and dead letters of a batch, in order, and a note of the posts.

        A single record that takes too long is a dead letter.

        Raises:
            OverBudgetError: several took longer than one may. Nothing was changed: give them one
                by one.
        """
        self._progress[partition].last_read_ms = self._now_ms()
        try:
            intake, seen, mentions = self._budget.run(self._taken_in, partition, records)
        except OverBudgetError:
            if len(records) > 1:
                raise
            return self.set_aside(partition, records[0], self._too_slow)
        return [*self._take(partition, records, intake, seen), *mentions]

    def append_ms(self, records: Sequence[Any]) -> int:
        """Of the last record."""
        return records[-1].timestamp if records else 0

    def set_aside(self, partition: int, record: Any, detail: str) -> list[Row]:
        """A record that no worker gets done with, as a dead letter; it is no post."""
        self._dead_share.add(1, 1)
        return [
            self._put_aside(partition, record, DropReason.TOO_SLOW, detail),
            self._note(partition, [record], []),
        ]

    def _taken_in(self, partition: int, records: Sequence[Any]) -> tuple[Intake, Draft, list[Row]]:
        """All that takes time. It changes nothing, for it may be stopped anywhere."""
        seen = Draft(self._repeats[partition])
        intake = take_in(records, partition, seen, self._raw_posts, self.analyser, self.groups)
        if self.forgotten:
            self._redact(intake)
        return intake, seen, self._rows(intake)

    def _redact(self, intake: Intake) -> None:
        """What was taken back counts, and its words go no further: a replay brings none back."""
        covers = self.forgotten.covers
        for post, mentions in zip(intake.posts, intake.mentions, strict=True):
            if mentions and covers(post.source.value, post.id, post.author.id, post.event_time_ms):
                mentions[:] = [
                    msgspec.structs.replace(mention, text="", terms=()) for mention in mentions
                ]

    def _take(
        self, partition: int, records: Sequence[Any], intake: Intake, seen: Draft
    ) -> list[Row]:
        """What was done counts from now on; returns dead letters and the note of the posts."""
        rows = [
            self._put_aside(partition, record, invalid.reason, invalid.detail)
            for record, invalid in intake.refused
        ]
        if intake.times_ms:
            self._progress[partition].observe(max(intake.times_ms))
        rows += [Row(DELETIONS.name, 0, gone.key, _encode(gone)) for gone in intake.deletions]
        seen.keep()
        self._metrics.repeats.inc(intake.repeats)
        self._count(intake.posts)
        for event in intake.skipped:
            self._metrics.skipped_events.labels(event.value).inc()
        self._dead_share.add(len(records) - len(intake.skipped), len(intake.refused))
        if records:
            rows.append(self._note(partition, records, seen.noted))
        return rows

    def _note(
        self, partition: int, records: Sequence[Any], identities: list[tuple[int, int]]
    ) -> Row:
        start = self._noted_to.get(partition, records[0].offset)
        end = self._noted_to[partition] = records[-1].offset + 1
        return note_row(POSTS_SEEN.name, partition, Note(start, end, identities), self._now_ms())

    def ticks(self, is_read_to_end: Callable[[int], bool], now_ms: int) -> list[Row]:
        """The tick of now, for every partition of `mentions`; none where it says nothing new."""
        if not self._progress or self._is_quiet(now_ms):
            return []
        self._ticked_ms = now_ms
        value = _encode(build_tick(self._progress, is_read_to_end, now_ms, self._tick_settings))
        return [
            Row(MENTIONS.name, partition, None, value, NO_HEADERS, now_ms)
            for partition in range(self._settings.partitions)
        ]

    def _is_quiet(self, now_ms: int) -> bool:
        """Whether nothing was read since the last tick, which is not long ago."""
        read_ms = max(one.last_read_ms for one in self._progress.values())
        return read_ms < self._ticked_ms and now_ms < self._ticked_ms + QUIET_TICK_MS

    def _rows(self, intake: Intake) -> list[Row]:
        rows = []
        topic, to = MENTIONS.name, self._target
        for record, mentions in zip(intake.records, intake.mentions, strict=True):
            for mention in mentions:
                key, partition = to(
                    group_key(mention.group) if type(mention) is GroupMention else mention.brand
                )
                value = _encode(mention)
                rows.append(Row(topic, partition, key, value, NO_HEADERS, record.timestamp))
        return rows

    def _put_aside(self, partition: int, record: Any, reason: DropReason, detail: str) -> Row:
        self._metrics.dead_letters.labels(reason.value).inc()
        return dead_letter_row((POSTS_RAW.name, partition), record, reason, detail)

    def _count(self, posts: Sequence[Post]) -> None:
        for source, count in Counter([post.source._value_ for post in posts]).items():
            self._metrics.posts.labels(source).inc(count)
        self._metrics.clamped_times.inc(sum([post.is_time_clamped for post in posts]))


def declare(app: StreamApp) -> None:
    """Add the agent to the app."""

    @app.agent(batch_topic(app, POSTS_RAW), name="analyse")  # type: ignore[untyped-decorator]
    async def analyse(batches: Any) -> None:
        await app.run_stage(batches)
