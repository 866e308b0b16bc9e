"""Count once more what `posts.raw` holds, without the workers' state; compare it with `windows`.

The analysis of a single post is the product's own; everything after it (`measures.recount`) shares
nothing with the stream. The catalogue is the one in force now.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from itertools import chain
from typing import Any

import msgspec

from analysis.intake import take_in
from analysis.shipped import analyser_of
from feeds.live.kept import all_gaps
from kafka_io.dead_letters import origin_of
from kafka_io.followers import CatalogueFollower
from kafka_io.ledger import TopicPartition
from kafka_io.partitions import partition_for
from kafka_io.reading import PartitionReader
from kafka_io.settings import Settings
from kafka_io.topic_admin import refuse_missing, refuse_wrong_partitions, topic_states
from leimo.closed_minutes import clocks, is_closed
from leimo.taken import after, before, keys_in_mentions, removed, taken_offsets
from measures.feed_gaps import merged
from measures.recount import (
    MINUTE_MS,
    Counts,
    Key,
    Recount,
    counts_of,
    differences,
    key_of,
    lost_and_twice,
    told_late,
)
from measures.watermarks import EventTime
from schemas.catalogue import Catalogue
from schemas.counted import counted
from schemas.dead_letter import DropReason
from schemas.errors import OperatorError
from schemas.feed import FeedGap
from schemas.mention import Mention
from schemas.topics import POSTS_DEAD, POSTS_RAW, WINDOWS
from schemas.window import Window
from sources.raw_posts import RawPosts
from sources.repeats import Repeats
from views.times import shown

MARGIN_MS = 3_600_000
"""Records are read from so long before the first window: clocks of feeds differ."""
SHOWN_DIFFERENCES = 1000
_AT_ONCE = 500
_LOOK_AGAIN_S = 1.0

OnProgress = Callable[[int, int], None]
"""Called with the records read, and how many there are."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What was found; all zero from `lost` on means exact."""

    since_ms: int
    """Windows that begin before are not looked at."""
    until_ms: int
    """Windows that begin then or later are not looked at."""
    records: int
    posts: int
    repeats: int
    windows: int
    """Closed ones."""
    open_windows: int
    """Minutes with mentions that are not closed yet."""
    waiting_posts: int
    """Records of `posts.raw` that the workers have not taken yet."""
    waiting_windows: int
    """Closed ones that were left out, since posts of their minute are not counted yet."""
    late: int
    """Posts that came too late to change a window, as the windows themselves say."""
    lost: int
    counted_twice: int
    removed: int
    """Records that retention took before the workers did: what was in them is not known."""
    wrong_windows: int
    """With any number that is not right, such as a mood."""
    dead_letters_missing: int
    dead_letters_too_many: int
    differences: tuple[str, ...]
    """The first ones, for people."""
    gaps: int = 0
    """Stretches of that time that a live feed could not give: posts that never came."""
    gaps_s: float = 0.0
    """How long they are, those that overlap as one."""

    @property
    def is_exact(self) -> bool:
        """Nothing differs; without any window to compare that proves nothing, and is not exact."""
        return self.windows > 0 and not self.has_differences

    @property
    def has_differences(self) -> bool:
        return bool(
            self.wrong_windows
            or self.removed
            or self.dead_letters_missing
            or self.dead_letters_too_many
        )


class Audit:
    """A recount that can go on while the topics grow.

    It counts what the group's committed offsets cover. They are read before the windows, and the
    windows before what stands after the offsets: so a post that is in a window is either counted
    here, or its window is left out.
    """

    def __init__(
        self, settings: Settings, catalogue: Catalogue, since_ms: int | None, until_ms: int | None
    ) -> None:
        self._settings = settings
        self._raw_posts = RawPosts(settings)
        self._analyser = analyser_of(catalogue, settings.tokenizer.value)
        self._since_ms = 0 if since_ms is None else since_ms
        self._until_ms = 1 << 62 if until_ms is None else until_ms
        self._recount = Recount()
        self._repeats = {p: Repeats(settings.repeat_distance) for p in range(settings.partitions)}
        self._starts: dict[TopicPartition, int] = {}
        self._positions: dict[TopicPartition, int] = {}
        self._taken: dict[TopicPartition, int] = {}
        self._broken: set[tuple[int, int]] = set()
        self._too_slow: set[tuple[int, int]] = set()
        """Partition and offset of what workers put aside for the time that it took."""
        self._records = self._posts = self._repeated = self._removed = 0

    async def advance(self, reader: PartitionReader, on_progress: OnProgress) -> None:
        """Count what the workers have taken of `posts.raw` by now."""
        self._taken = await taken_offsets(self._settings)
        bounds = await reader.bounds(self._raw())
        if not self._starts:
            await self._begin(reader, bounds)
        self._removed = removed(self._taken, bounds)
        self._too_slow = await self._origins(reader, frozenset([DropReason.TOO_SLOW]))
        ranges = {
            source: (self._positions[source], max(end, self._positions[source]))
            for source, (_, end) in before(self._taken, bounds).items()
        }
        total = self._records + sum(end - start for start, end in ranges.values())
        async for (_, partition), records in reader.read(ranges):
            for first in range(0, len(records), _AT_ONCE):
                self._count(partition, records[first : first + _AT_ONCE])
                on_progress(self._records, total)
                await asyncio.sleep(0)
        self._positions = {source: end for source, (_, end) in ranges.items()}

    async def compare(self, reader: PartitionReader) -> Report:
        """Compare with the windows and dead letters that stand in the topics now."""
        ticked = await clocks(reader, self._settings, self._taken)
        found, closed_to_ms, late_of = await self._published(reader)
        waiting_posts, waiting = await self._waiting(reader)
        recounted = self._recount.windows()
        asked = {key: counts for key, counts in recounted.items() if self._is_asked_for(key[1])}
        settled = {
            key: counts
            for key, counts in asked.items()
            if key in found or self._is_settled(key, ticked, closed_to_ms)
        }
        left_out = (settled.keys() | found.keys()) & waiting
        open_windows = len(asked) - len(settled)
        settled, found = _without(settled, left_out), _without(found, left_out)
        old = {key: counts for key, counts in settled.items() if self._is_old(key, ticked)}
        too_late = told_late(old, found, late_of)
        settled, found = _without(settled, too_late), _without(found, too_late)
        lines = differences(settled, found)
        lost, twice = lost_and_twice(settled, found)
        missing, too_many = await self._dead_letters(reader)
        return Report(
            since_ms=self._since_ms,
            until_ms=self._until_ms,
            records=self._records,
            posts=self._posts,
            repeats=self._repeated,
            windows=len(settled.keys() | found.keys()),
            open_windows=open_windows,
            waiting_posts=waiting_posts,
            waiting_windows=len(left_out),
            late=late_of.total(),
            lost=lost,
            counted_twice=twice,
            removed=self._removed,
            wrong_windows=len({line.partition(": ")[0] for line in lines}),
            dead_letters_missing=missing,
            dead_letters_too_many=too_many,
            differences=tuple(lines[:SHOWN_DIFFERENCES]),
        )

    def _raw(self) -> list[TopicPartition]:
        return [(POSTS_RAW.name, p) for p in range(self._settings.partitions)]

    async def _waiting(self, reader: PartitionReader) -> tuple[int, set[Key]]:
        """Records of `posts.raw` that are not taken, and the windows that may change by what
        stands after the committed offsets, there or in `mentions`."""
        keys = await keys_in_mentions(reader, self._settings, self._taken)
        ranges = after(self._taken, await reader.bounds(self._raw()))
        async for (_, partition), records in reader.read(ranges):
            for first in range(0, len(records), _AT_ONCE):
                keys |= self._keys(partition, records[first : first + _AT_ONCE])
                await asyncio.sleep(0)
        return sum(end - start for start, end in ranges.values()), keys

    def _keys(self, partition: int, records: list[Any]) -> set[Key]:
        """Brands and minutes of posts, repeats too."""
        found = take_in(records, partition, None, self._raw_posts, self._analyser)
        mentions = chain.from_iterable(found.mentions)
        return {key_of(mention) for mention in mentions if isinstance(mention, Mention)}

    def _is_settled(
        self, key: Key, ticked: Mapping[int, EventTime], closed_to_ms: Mapping[int, int]
    ) -> bool:
        """Whether a window would have to be there."""
        brand, start_ms = key
        partition = self._partition(brand)
        grace_ms = int(self._settings.grace_s * 1000)
        return start_ms <= closed_to_ms.get(partition, -1) and is_closed(
            ticked[partition], start_ms, grace_ms
        )

    def _is_old(self, key: Key, ticked: Mapping[int, EventTime]) -> bool:
        """Whether a post of that minute would be too late by now."""
        watermark_ms = ticked[self._partition(key[0])].watermark_ms
        retention_ms = int(self._settings.retention_s * 1000)
        return watermark_ms is not None and key[1] + MINUTE_MS + retention_ms <= watermark_ms

    def _is_asked_for(self, start_ms: int) -> bool:
        return self._since_ms <= start_ms < self._until_ms

    def _partition(self, brand: str) -> int:
        return partition_for(brand.encode(), self._settings.partitions)

    async def _begin(
        self, reader: PartitionReader, bounds: Mapping[TopicPartition, tuple[int, int]]
    ) -> None:
        """Find the first records that can matter, and the first window that is still whole."""
        from_ms = self._since_ms - MARGIN_MS
        at = await reader.offsets_at(bounds, from_ms)
        for source, (first, end) in bounds.items():
            found = at[source]
            self._starts[source] = max(first, end if found is None else found)
        self._positions = dict(self._starts)
        trimmed = {
            source: (first, first + 1) for source, (first, end) in bounds.items() if 0 < first < end
        }
        async for _, records in reader.read(trimmed):
            # Retention took what came before; some posts of the minutes around are gone.
            whole_ms = records[0].timestamp + int(self._settings.disorder_s * 1000) + MINUTE_MS
            self._since_ms = max(self._since_ms, whole_ms - whole_ms % MINUTE_MS)

    def _count(self, partition: int, records: list[Any]) -> None:
        self._records += len(records)
        slow = [record for record in records if (partition, record.offset) in self._too_slow]
        self._broken.update((partition, record.offset) for record in slow)
        intake = take_in(
            [record for record in records if record not in slow] if slow else records,
            partition,
            self._repeats[partition],
            self._raw_posts,
            self._analyser,
        )
        self._broken.update((partition, record.offset) for record, _ in intake.refused)
        self._repeated += intake.repeats
        self._posts += len(intake.posts)
        for mention in chain.from_iterable(intake.mentions):
            if not isinstance(mention, Mention):
                continue
            if self._since_ms <= mention.event_time_ms < self._until_ms:
                self._recount.add(mention)

    async def _published(
        self, reader: PartitionReader
    ) -> tuple[dict[Key, Counts], dict[int, int], Counter[str]]:
        """The windows asked for, the last closed minute of each partition, and how many posts were
        too late, by brand: each window tells of those since the one before."""
        latest: dict[Key, Window] = {}
        late: dict[tuple[Key, int], int] = {}
        closed_to_ms: dict[int, int] = {}
        decode = msgspec.json.Decoder(Window).decode
        partitions = [(WINDOWS.name, p) for p in range(self._settings.partitions)]
        async for (_, partition), records in reader.read(await reader.bounds(partitions)):
            for record in records:
                window = decode(record.value)
                closed_to_ms[partition] = max(closed_to_ms.get(partition, -1), window.start_ms)
                key = (window.brand, window.start_ms)
                if window.late:
                    late[key, window.revision] = window.late
                if window.size_ms != MINUTE_MS or not self._is_asked_for(window.start_ms):
                    continue
                if key not in latest or window.revision >= latest[key].revision:
                    latest[key] = window
            await asyncio.sleep(0)
        late_of = Counter[str]()
        for ((brand, _), _), posts in late.items():
            late_of[brand] += posts
        return {key: counts_of(window) for key, window in latest.items()}, closed_to_ms, late_of

    async def _dead_letters(self, reader: PartitionReader) -> tuple[int, int]:
        """Broken records without a dead letter, and dead letters without a broken record."""
        dead = await self._origins(reader, frozenset(DropReason))
        read = {
            (partition, offset)
            for partition, offset in dead
            if self._starts[POSTS_RAW.name, partition]
            <= offset
            < self._positions[POSTS_RAW.name, partition]
        }
        return len(self._broken - dead), len(read - self._broken)

    async def _origins(
        self, reader: PartitionReader, reasons: frozenset[DropReason]
    ) -> set[tuple[int, int]]:
        """Partition and offset of the raw posts that were put aside for one of the reasons."""
        source = (POSTS_DEAD.name, 0)
        (first, end) = (await reader.bounds([source]))[source]
        at = (await reader.offsets_at([source], self._since_ms - MARGIN_MS))[source]
        names = {reason.value.encode() for reason in reasons}
        found: set[tuple[int, int]] = set()
        async for _, records in reader.read({source: (end if at is None else max(at, first), end)}):
            for record in records:
                if dict(record.headers).get("reason") in names:
                    origin = origin_of(record)
                    found |= set() if origin is None else {origin}
        return found


def _without(windows: Mapping[Key, Counts], left_out: AbstractSet[Key]) -> dict[Key, Counts]:
    return {key: counts for key, counts in windows.items() if key not in left_out}


async def audit(
    settings: Settings,
    since_ms: int | None = None,
    until_ms: int | None = None,
    *,
    settle_s: float = 10,
    on_progress: OnProgress = lambda done, total: None,
) -> Report:
    """Recompute the windows of `[since_ms, until_ms)` and compare; None: all that is there.

    Where something differs, it looks again for `settle_s` seconds: what a worker has just committed
    may not be visible everywhere yet.

    Raises:
        OperatorError: there is no catalogue, or the group has taken no post.
        TopicError: topics are missing, or have another number of partitions than the settings.
    """
    states = await topic_states(settings)
    refuse_missing(states)
    refuse_wrong_partitions(states)
    recount = Audit(settings, await _catalogue(settings), since_ms, until_ms)
    deadline = time.monotonic() + settle_s
    async with PartitionReader(settings) as reader:
        await recount.advance(reader, on_progress)
        while True:  # what came during the long first count is counted here
            await recount.advance(reader, on_progress)
            report = await recount.compare(reader)
            if report.is_exact or time.monotonic() > deadline:
                return _with_gaps(report, await all_gaps(settings))
            await asyncio.sleep(_LOOK_AGAIN_S)


def _with_gaps(report: Report, gaps: Iterable[FeedGap]) -> Report:
    """The report, with what feeds could not give in the time that it is about."""
    inside = [
        (max(gap.from_ms, report.since_ms), min(gap.to_ms, report.until_ms))
        for gap in gaps
        if gap.from_ms < report.until_ms and report.since_ms < gap.to_ms
    ]
    total_ms = sum(to_ms - from_ms for from_ms, to_ms in merged(inside, len(inside)))
    return msgspec.structs.replace(report, gaps=len(inside), gaps_s=total_ms / 1000)


async def _catalogue(settings: Settings) -> Catalogue:
    follower = CatalogueFollower(settings, _ignore)
    try:
        catalogue = await follower.load()
    finally:
        await follower.stop()
    if not catalogue.brands:
        raise OperatorError(
            f"the topic `{follower.topic}` holds no brands; publish them with "
            "`leimo catalogue apply`"
        )
    return catalogue


async def _ignore(catalogue: Catalogue) -> None:
    """Nothing: it is read once."""


def summary(report: Report) -> Iterable[str]:
    """The report as lines for a person."""
    posts, repeats = counted(report.posts, "post"), counted(report.repeats, "repeat")
    yield f"{counted(report.records, 'record')} read: {posts}, {repeats}"
    if report.since_ms > 0:
        yield f"windows from {shown(report.since_ms)}"
    still_open = counted(report.open_windows, "minute")
    yield f"{counted(report.windows, 'window')} compared, {still_open} still open"
    if report.waiting_posts:
        yield (
            f"{counted(report.waiting_posts, 'post')} not yet taken by the workers, "
            f"{counted(report.waiting_windows, 'window')} left out until they are; see `leimo lag`"
        )
    if report.late:
        yield f"{counted(report.late, 'post')} came too late to change a window"
    if report.removed:
        yield f"removed by retention before they were counted: {report.removed:,}"
    if report.gaps:
        yield (
            f"{report.gaps:,} gaps of feeds, {report.gaps_s / 60:,.1f} min in all: what was "
            "written then may be missing; see `leimo feed gaps`"
        )
    yield f"lost: {report.lost:,}"
    yield f"counted twice: {report.counted_twice:,}"
    yield f"windows with a wrong number: {report.wrong_windows:,}"
    yield f"dead letters missing: {report.dead_letters_missing:,}"
    yield f"dead letters too many: {report.dead_letters_too_many:,}"
    for line in report.differences[:20]:
        yield f"  {line}"
    if len(report.differences) > 20:
        yield f"  ... and {len(report.differences) - 20:,} more; all of them with --json"
    yield _verdict(report)


def _verdict(report: Report) -> str:
    if report.has_differences:
        return "NOT EXACT"
    if report.is_exact:
        return "exact"
    if report.waiting_windows:
        return (
            "NOTHING COMPARED: posts of every closed window in that time are not counted yet. "
            "Start workers, and try again when `leimo lag` shows less"
        )
    return (
        "NOTHING COMPARED: there is no closed window in that time. Give an earlier --since or a "
        "later --until, and see with `leimo lag` whether workers run"
    )
