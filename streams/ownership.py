"""Take partitions over and give them up, in the one order that loses and doubles nothing.

Take over:
 1. start the writers: this fences earlier owners and ends their open transactions;
 2. read the changelogs to their end;
 3. read the committed offsets, and check that they fit the topics;
 4. recall which posts stand before the start, where a stage asks for it;
 5. open the ledger, and let the commits run.

Reading state or offsets before step 1 would let a stopped owner wake up and change them afterwards.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence

from kafka_io.ledger import Ledger, RecordBatch, TopicPartition, Verdict
from kafka_io.reading import PartitionReader
from kafka_io.settings import Settings
from kafka_io.topic_names import Names
from kafka_io.writers import AcknowledgedWriter, Checkpoint, Offsets, TransactionalWriter, Writer
from schemas.counted import counted
from streams.attempts import (
    AGAIN,
    ALONE,
    BEGAN,
    CAREFUL_RECORDS,
    ENDED_WORKERS,
    NOTHING,
    OffsetNotes,
    PutsAside,
    one_by_one,
)
from streams.budget import OverBudgetError
from streams.metrics import Metrics
from streams.outbox import Outbox
from streams.recovery_progress import RecoveryProgress
from streams.seen_posts import read_back
from streams.stages import EntryError, RemembersOffsets, Stage

log = logging.getLogger(__name__)

BEHIND_RECORDS = 2_000
"""A partition of which more records wait is behind."""

READ_TOGETHER_RECORDS = 50_000
"""With so many records of changelogs, what was read becomes state before more is read."""

_SLOW_S = 0.5
_BREATH_S = 0.2
"""After a record that took longer than `_SLOW_S`, commits and the watchdog get so long."""

_MADE_ANEW = (
    "the topic was deleted and made anew. Counting on would take its posts for repeats. Stop all "
    "workers, delete the other topics that have as many partitions and the group too, and run "
    "`leimo topics apply`"
)

CommittedOffsets = Callable[[Iterable[TopicPartition]], Awaitable[Offsets]]


class OffsetError(RuntimeError):
    """Committed offsets do not fit the topic: going on would skip or repeat posts silently."""


class StateError(RuntimeError):
    """What stands in a changelog cannot be read; nothing may be counted on top of a part of it."""

    def __init__(self, topic: str, partition: int, offset: int | None, why: object) -> None:
        at = "" if offset is None else f" at offset {offset}"
        super().__init__(
            f"{topic}/{partition}{at}: {why}. Another build of leimo or another program wrote it. "
            "Start the build that wrote it; or give the state up: stop all workers, delete "
            f"{topic}, run `leimo topics apply`, and start again: open windows and what is usual "
            "begin anew"
        )


class _SupersededError(Exception):
    """The partitions were revoked while they were being taken over."""


class Ownership:
    """The partitions that this worker owns, with their outboxes."""

    def __init__(
        self,
        settings: Settings,
        metrics: Metrics,
        stages: Sequence[Stage],
        *,
        transactional: bool,
        committed_offsets: CommittedOffsets,
        commit_offsets: Callable[[Offsets], Awaitable[None]],
        lag: Callable[[TopicPartition], int | None],
        checkpoint: Checkpoint,
        notes: OffsetNotes | None = None,
    ) -> None:
        self.ledger = Ledger()
        self._notes = notes
        self._found_notes: dict[TopicPartition, str] = {}
        """What the predecessors left, of sources that were not worked on since."""
        self._noted: dict[TopicPartition, int] = {}
        """Offset of a note of ours that tells of the step at work."""
        self._careful_to: dict[TopicPartition, int] = {}
        """Below these offsets each record is taken by itself."""
        self._suspects: dict[TopicPartition, str] = {}
        """The note of sources whose next record was at work when a worker ended."""
        self._settings = settings
        self._names = Names(settings)
        self._metrics = metrics
        self._stages = {stage.topic.name: stage for stage in stages}
        self._transactional = transactional
        self._committed_offsets = committed_offsets
        self._commit_offsets = commit_offsets
        self._lag = lag
        self._checkpoint = checkpoint
        self._outboxes: dict[TopicPartition, Outbox] = {}
        self._turn: object | None = None
        """Whose take-over is in force; None after a release."""
        self.is_open = False
        self.steps = 0
        """Grows with every step of a take-over: one that does not move can be told."""

    def outboxes(self, topic: str) -> list[Outbox]:
        """The outboxes that serve a topic, each once."""
        return list(
            dict.fromkeys(outbox for source, outbox in self._outboxes.items() if source[0] == topic)
        )

    def gauge(self) -> None:
        """Set the gauge about work without a commit, that of a release included."""
        for topic, stage in self._stages.items():
            ages = [outbox.age_s() for outbox in self.outboxes(topic)]
            self._metrics.commit_age_seconds.labels(stage.name).set(max(ages, default=0))

    async def take_over(self, assigned: Iterable[TopicPartition]) -> None:
        """Own the assigned partitions of the stages' topics.

        Gives up quietly where `release` comes in between: the next rebalance has begun.
        """
        await self._abandon(self._outboxes)  # of a take-over that was cancelled
        self._forget()
        turn = self._turn = object()
        owned = sorted(source for source in assigned if source[0] in self._stages)
        outboxes = self._outboxes = self._new_outboxes(owned)
        try:
            starts = await self._prepare(owned, outboxes, turn)
            notes = await self._read_notes(owned)
            self._refuse_superseded(turn)
        except _SupersededError:
            await self._abandon(outboxes)
            return
        self._found_notes = notes
        self.ledger.open(starts)
        for outbox in dict.fromkeys(outboxes.values()):
            outbox.run()
        self.is_open = True
        log.info("owns %d partitions", len(owned))

    async def release(self) -> None:
        """Commit what was done, then own nothing."""
        outboxes, was_open = self._outboxes, self.is_open
        self._turn = None
        self.is_open = False
        self.ledger.close()
        if was_open:
            # Together: the group waits for us only so long, and each has a commit of its own.
            await asyncio.gather(*(outbox.close() for outbox in dict.fromkeys(outboxes.values())))
        else:
            await self._abandon(outboxes)
        self._forget()

    async def step(self, batch: RecordBatch) -> Verdict:
        """Let the batch's stage work on what the ledger accepts of it."""
        source = batch.source
        if batch.records and source in self._found_notes:
            await self._begin(source, self._found_notes.pop(source))
        try:
            if batch.start < self._careful_to.get(source, 0):
                return await self._step_carefully(batch)
            verdict = self._take(batch)
        except OverBudgetError:
            return await self._step_one_by_one(batch)
        except Exception:
            await self._take_the_blame(source)
            raise
        if verdict is Verdict.TAKEN:
            await self._outboxes[source].wait_for_space()
        return verdict

    def _take(self, batch: RecordBatch, *, is_put_aside: bool = False) -> Verdict:
        """Step without a wait. After an `OverBudgetError` all is as it was before."""
        source = batch.source
        position = self.ledger.positions.get(source)
        verdict, records = self.ledger.take(batch)
        if verdict is not Verdict.TAKEN or position is None:
            return verdict
        stage, outbox = self._stages[batch.topic], self._outboxes[source]
        try:
            if is_put_aside and isinstance(stage, PutsAside):
                rows = stage.set_aside(batch.partition, records[0], ENDED_WORKERS)
            else:
                rows = stage.step(batch.partition, records)
        except OverBudgetError:
            self.ledger.open({source: position})
            raise
        outbox.add(rows)
        outbox.advance(source, batch.next_offset, stage.append_ms(records))
        self._noted.pop(source, None)
        return verdict

    async def _step_one_by_one(self, batch: RecordBatch) -> Verdict:
        """Each record by itself, since one of them takes too long."""
        for piece in one_by_one(batch):
            started_s = time.process_time()
            verdict = await self.step(piece)
            if verdict not in (Verdict.TAKEN, Verdict.STALE):
                return verdict
            is_slow = time.process_time() - started_s > _SLOW_S
            await asyncio.sleep(_BREATH_S if is_slow else 0)
        return Verdict.TAKEN

    async def _step_carefully(self, batch: RecordBatch) -> Verdict:
        """Each record by itself, with a note of it, and a commit before the next one."""
        source = batch.source
        for piece in one_by_one(batch):
            position = self.ledger.positions.get(source)
            if position is None:
                return Verdict.NOT_OURS
            if position < piece.start:
                return Verdict.GAP
            if position >= piece.next_offset:
                continue
            found = self._suspects.pop(source, NOTHING)
            if found != AGAIN:
                await self._note(source, position, AGAIN if found == ALONE else ALONE)
            verdict = self._take(piece, is_put_aside=found == AGAIN)
            if verdict is not Verdict.TAKEN:
                return verdict
            await self._outboxes[source].commit()
        return Verdict.TAKEN

    async def _begin(self, source: TopicPartition, found: str) -> None:
        """The first records since the take-over: note that, or take care; see `attempts`."""
        position = self.ledger.positions.get(source)
        if position is None:
            return
        if found not in (BEGAN, ALONE, AGAIN):
            await self._note(source, position, BEGAN)
            return
        log.warning(
            "%s/%d: a worker ended at %d; records are taken one by one",
            *self._names.partition(source),
            position,
        )
        self._careful_to[source] = position + CAREFUL_RECORDS
        if found != BEGAN:
            self._suspects[source] = found

    async def _note(self, source: TopicPartition, offset: int, note: str) -> None:
        if self._notes is not None:
            self._noted[source] = offset
            await self._notes.write_note(source, offset, note)

    async def _take_the_blame(self, source: TopicPartition) -> None:
        """A fault of our own is no reason to put a record aside."""
        offset = self._noted.pop(source, None)
        if offset is not None and self._notes is not None:
            await self._notes.write_note(source, offset, NOTHING)

    async def _read_notes(self, owned: Sequence[TopicPartition]) -> dict[TopicPartition, str]:
        if self._notes is None:
            return {}
        wanted = [source for source in owned if isinstance(self._stages[source[0]], PutsAside)]
        found = await self._notes.read_notes(wanted) if wanted else {}
        return {source: found.get(source, NOTHING) for source in wanted}

    async def _prepare(
        self, owned: list[TopicPartition], outboxes: Mapping[TopicPartition, Outbox], turn: object
    ) -> dict[TopicPartition, int]:
        """Steps 1 to 4; returns where each partition starts."""
        # One after the other: the embedded broker refuses some of several producers at a time.
        for outbox in dict.fromkeys(outboxes.values()):
            await outbox.start()
            self.steps += 1
        self._refuse_superseded(turn)
        for topic, stage in self._stages.items():
            stage.open([partition for name, partition in owned if name == topic])
        async with PartitionReader(self._settings) as reader:
            await self._restore(reader, owned, turn)
            await self._refuse_other_topics(reader)
            starts = await self._starts(reader, owned)
            await self._recall(reader, starts, turn)
        self._refuse_superseded(turn)
        return starts

    def _refuse_superseded(self, turn: object) -> None:
        """The stages were told to drop everything: they must not be given more."""
        if self._turn is not turn:
            raise _SupersededError

    async def _abandon(self, outboxes: Mapping[TopicPartition, Outbox]) -> None:
        for outbox in dict.fromkeys(outboxes.values()):
            await outbox.abandon()

    def _forget(self) -> None:
        self._outboxes = {}
        for noted in (self._found_notes, self._noted, self._careful_to, self._suspects):
            noted.clear()
        for stage in self._stages.values():
            stage.drop()

    def _new_outboxes(self, owned: list[TopicPartition]) -> dict[TopicPartition, Outbox]:
        outboxes: dict[TopicPartition, Outbox] = {}
        shared: dict[str, Outbox] = {}
        for source in owned:
            topic, partition = source
            stage = self._stages[topic]
            if stage.changelog is None:
                if topic not in shared:
                    shared[topic] = self._new_outbox(stage, None)
                outboxes[source] = shared[topic]
            else:
                outboxes[source] = self._new_outbox(stage, partition)
        return outboxes

    def _is_behind(self, outbox: Outbox) -> bool:
        return any(
            (self._lag(source) or 0) > BEHIND_RECORDS
            for source, serving in self._outboxes.items()
            if serving is outbox
        )

    def _new_outbox(self, stage: Stage, partition: int | None) -> Outbox:
        name = stage.name if partition is None else f"{stage.name}-{partition}"
        writer: Writer

        def checkpoint(point: str) -> None:
            self._checkpoint(f"{stage.name} {point}")

        if partition is not None and self._transactional:
            writer = TransactionalWriter(
                self._settings, f"{self._settings.group_id}-{name}", checkpoint
            )
        else:
            writer = AcknowledgedWriter(self._settings, self._commit_offsets, checkpoint)
        outbox = Outbox(
            name,
            stage.name,
            writer,
            self._metrics,
            interval_s=self._settings.commit_interval_s,
            timeout_s=self._settings.commit_timeout_s,
            state_rows=None if partition is None else lambda: stage.state_rows(partition),
            is_behind=lambda: self._is_behind(outbox),
        )
        return outbox

    async def _restore(
        self, reader: PartitionReader, owned: list[TopicPartition], turn: object
    ) -> None:
        """Give each stage with state the latest value of each key."""
        stage_of = {
            (stage.changelog.name, partition): stage
            for topic, partition in owned
            if (stage := self._stages[topic]).changelog is not None
        }
        bounds = await reader.bounds(stage_of)
        progress = self._progress("restoring the state", bounds)
        for group in read_together(bounds):
            latest = await self._latest(
                {source: bounds[source] for source in group}, reader, progress
            )
            for source in group:
                # Of many brands each takes long. Between them a rebalance has to be heard of: until
                # its callback has run, no heartbeats are sent.
                await asyncio.sleep(0)
                self._refuse_superseded(turn)
                try:
                    stage_of[source].restore(source[1], latest.pop(source).items())
                except EntryError as error:
                    # Searched for now: to remember the offset of each key would cost every start.
                    offset = await _newest_offset(reader, source, bounds[source], error.key)
                    name = self._names.on_broker(source[0])
                    raise StateError(name, source[1], offset, error) from error
        progress.finish()

    async def _latest(
        self,
        ranges: Mapping[TopicPartition, tuple[int, int]],
        reader: PartitionReader,
        progress: RecoveryProgress,
    ) -> dict[TopicPartition, dict[bytes, bytes]]:
        """The latest value of each key of some partitions."""
        latest: dict[TopicPartition, dict[bytes, bytes]] = {source: {} for source in ranges}
        async for source, records in reader.read(ranges):
            values = latest[source]
            for record in records:
                if record.value is None:
                    values.pop(record.key, None)
                else:
                    values[record.key] = record.value
            self.steps += 1
            progress.advance(len(records))
        return latest

    async def _refuse_other_topics(self, reader: PartitionReader) -> None:
        """Kafka forgets a group's offsets of a topic that is deleted, so state alone can tell."""
        counted: dict[TopicPartition, int] = {}
        for stage in self._stages.values():
            if isinstance(stage, RemembersOffsets):
                counted |= stage.counted_to()
        for source, (_, end) in (await reader.bounds(counted)).items():
            if counted[source] > end:
                name = self._names.on_broker(source[0])
                raise OffsetError(
                    f"{name}/{source[1]}: what is kept has counted up to {counted[source]}, "
                    f"the partition ends at {end}: {_MADE_ANEW}"
                )

    async def _starts(
        self, reader: PartitionReader, owned: list[TopicPartition]
    ) -> dict[TopicPartition, int]:
        committed = await self._committed_offsets(owned)
        bounds = await reader.bounds(owned)
        return {
            source: start_offset(
                self._names.partition(source),
                committed.get(source),
                *bounds[source],
                group=self._settings.group_id,
            )
            for source in owned
        }

    async def _recall(
        self, reader: PartitionReader, starts: Mapping[TopicPartition, int], turn: object
    ) -> None:
        """Tell each stage what it read before: by its notes, and beyond them by the posts."""
        for topic, stage in self._stages.items():
            self._refuse_superseded(turn)
            wanted = {
                partition: (first, start)
                for (name, partition), start in starts.items()
                if name == topic and (first := stage.recall_from(partition, start)) < start
            }
            if not wanted or stage.notes is None:
                continue
            seen = await read_back(reader, stage.notes.name, wanted)
            self.steps += 1
            rest = {(topic, part): (wanted[part][0], seen[part].lowest) for part in wanted}
            older = await self._identities(reader, stage, rest, turn)
            self._refuse_superseded(turn)
            for partition, posts in seen.items():
                await asyncio.sleep(0)
                self._refuse_superseded(turn)
                stage.recall(partition, older[partition] + posts.posts())

    async def _identities(
        self,
        reader: PartitionReader,
        stage: Stage,
        ranges: Mapping[TopicPartition, tuple[int, int]],
        turn: object,
    ) -> dict[int, list[tuple[int, int]]]:
        """What stands in ranges of the stage's topic, as far as retention has left it."""
        found: dict[int, list[tuple[int, int]]] = {partition: [] for _, partition in ranges}
        bounds = await reader.bounds(
            source for source, (first, end) in ranges.items() if first < end
        )
        left = {
            source: (max(ranges[source][0], bounds[source][0]), ranges[source][1])
            for source in bounds
        }
        progress = self._progress("reading earlier posts again", left)
        async for (_, partition), records in reader.read(left):
            found[partition] += stage.identities(records)
            self._refuse_superseded(turn)
            self.steps += 1
            progress.advance(len(records))
        progress.finish()
        return found

    def _progress(
        self, what: str, ranges: Mapping[TopicPartition, tuple[int, int]]
    ) -> RecoveryProgress:
        records = sum(end - first for first, end in ranges.values())
        return RecoveryProgress(self._metrics, what, records)


def read_together(
    ranges: Mapping[TopicPartition, tuple[int, int]],
) -> Iterator[list[TopicPartition]]:
    """Partitions, in groups that are read before the next one: few, as each costs a fetch in vain.

    What was read of a group goes once its state is made, so that not all of it stands beside that.

    >>> ranges = {("x", 0): (0, 7), ("x", 1): (5, 80_000), ("x", 2): (0, 0)}
    >>> [[partition for _, partition in group] for group in read_together(ranges)]
    [[0, 1], [2]]
    """
    group: list[TopicPartition] = []
    records = 0
    for source, (first, end) in ranges.items():
        group.append(source)
        records += end - first
        if records >= READ_TOGETHER_RECORDS:
            yield group
            group, records = [], 0
    if group:
        yield group


async def _newest_offset(
    reader: PartitionReader, source: TopicPartition, bounds: tuple[int, int], key: bytes
) -> int | None:
    """Offset of the newest record of a key; None: it was compacted away meanwhile."""
    newest = None
    async for _, records in reader.read({source: bounds}):
        for record in records:
            if record.key == key:
                newest = record.offset
    return newest


def start_offset(
    source: TopicPartition, committed: int | None, first: int, end: int, *, group: str
) -> int:
    """Where to start: the committed offset, or the beginning where there is none.

    Raises:
        OffsetError: the committed offset lies outside of the partition.

    >>> start_offset(("posts.raw", 0), None, 3, 9, group="leimo")
    3
    >>> start_offset(("posts.raw", 0), 12, 3, 9, group="leimo")
    Traceback (most recent call last):
    streams.ownership.OffsetError: posts.raw/0: the group leimo has read up to 12, ...
    """
    if committed is None:
        return first
    if committed > end:
        raise OffsetError(
            f"{source[0]}/{source[1]}: the group {group} has read up to {committed}, but the "
            f"partition ends at {end}: {_MADE_ANEW}"
        )
    if committed < first:
        raise OffsetError(
            f"{source[0]}/{source[1]}: the group {group} has read up to {committed}, but the "
            f"partition begins at {first}: retention removed "
            f"{counted(first - committed, 'record')} that nobody had counted. Raise retention.ms, "
            "and start over under another name with LEIMO_GROUP."
        )
    return committed
