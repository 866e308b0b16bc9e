"""What was taken back (`deletions`) leaves what the worker keeps and what it has told.

Alerts that ended long ago are in no state: this reads `alerts`, and hands those that show what is
to be forgotten to the stage that owns their partition, the only one that writes there.
"""

import asyncio
import logging

import msgspec

from agents.measure import MeasureStage
from kafka_io.followers import TopicFollower
from kafka_io.ledger import TopicPartition
from kafka_io.reading import PartitionReader
from kafka_io.settings import Settings
from schemas.alert import Alert, Sample
from schemas.deletion import Deletion
from schemas.forgotten import Forgotten
from schemas.topics import ALERTS, DELETIONS

log = logging.getLogger(__name__)

_PAUSE_S = 2.0
"""Deletions are taken together: to look for them costs as much for a hundred as for one."""

_AT_ONCE = 500
"""Alerts that are read in one go: the stages wait meanwhile."""

_decode_alert = msgspec.json.Decoder(Alert).decode
_decode_deletion = msgspec.json.Decoder(Deletion).decode

Shown = tuple[int, int]
"""Marks of a post and of its author."""


class Forgetting:
    """Follows `deletions` and `alerts` in a worker."""

    def __init__(self, settings: Settings) -> None:
        self.forgotten = Forgotten()
        """To be shared with the stages: it is filled in place."""
        self._settings = settings
        self._deletions = TopicFollower(settings, [(DELETIONS.name, 0)])
        self._alerts = TopicFollower(
            settings, [(ALERTS.name, partition) for partition in range(settings.partitions)]
        )
        self._shown: dict[int, set[tuple[int, bytes]]] = {}
        """Mark of a post or an author -> partition and key of the alerts that show it."""
        self._newest: dict[tuple[int, bytes], tuple[int, set[int]]] = {}
        """Alert -> offset of its newest record, and the marks of what it shows."""
        self._due: set[tuple[int, bytes]] = set()
        """Alerts that may show what is to be forgotten, also those of other owners."""
        self._asked: dict[tuple[int, bytes], int] = {}
        """Alert -> offset of the record that this owner tells anew."""
        self._owned: set[int] = set()

    async def load(self) -> None:
        """Read `deletions` to its end, before a stage begins."""
        ends = await self._deletions.start()
        while not await self._deletions.is_at(ends):
            await self._new_deletions()

    async def follow(self, measure: MeasureStage) -> None:
        """Forget what is to be forgotten, until cancelled."""
        await self._alerts.start()
        while True:
            fresh = await self._new_deletions()
            is_busy = await self._new_alerts()
            if fresh:
                for partition in measure.partitions:
                    measure.forget(partition, Forgotten(fresh))
                    await asyncio.sleep(0)
                self._due |= self._showing(fresh)
            await self._reissue(measure)
            await asyncio.sleep(0 if is_busy else _PAUSE_S)

    async def stop(self) -> None:
        await self._deletions.stop()
        await self._alerts.stop()

    async def _new_deletions(self) -> list[Deletion]:
        fresh = []
        for records in (await self._deletions.poll()).values():
            for record in records:
                if record.value is None:
                    continue
                try:
                    deletion = _decode_deletion(record.value)
                except (msgspec.MsgspecError, UnicodeDecodeError) as error:
                    log.error(
                        "deletions: %r at offset %d is no deletion (%s); write it again with "
                        "`leimo forget`",
                        record.key,
                        record.offset,
                        error,
                    )
                    continue
                if self.forgotten.add(deletion):
                    fresh.append(deletion)
        return fresh

    async def _new_alerts(self) -> bool:
        """Note what was told; whether there may be more of it at once."""
        found = await self._alerts.poll(_AT_ONCE)
        for (_, partition), records in found.items():
            for record in records:
                alert = _decode_alert(record.value) if record.value else None
                at = partition, record.key
                self._note(at, record.offset, () if alert is None else alert.samples)
                self._due.discard(at)
                if alert is not None and self.forgotten.without(alert) is not None:
                    self._due.add(at)
        return sum(map(len, found.values())) >= _AT_ONCE

    def _note(self, at: tuple[int, bytes], offset: int, samples: tuple[Sample, ...]) -> None:
        _, before = self._newest.get(at, (0, set()))
        for mark in before:
            self._shown[mark].discard(at)
            if not self._shown[mark]:
                del self._shown[mark]
        marks = {mark for sample in samples for mark in _marks(sample)}
        for mark in marks:
            self._shown.setdefault(mark, set()).add(at)
        self._newest[at] = offset, marks

    def _showing(self, fresh: list[Deletion]) -> set[tuple[int, bytes]]:
        found: set[tuple[int, bytes]] = set()
        for deletion in fresh:
            mark = hash((deletion.scope.value, deletion.source, deletion.subject))
            found |= self._shown.get(mark, set())
        return found

    async def _reissue(self, measure: MeasureStage) -> None:
        owned = set(measure.partitions)
        if owned != self._owned:
            # What was asked for and not committed is lost with the partition.
            self._owned = owned
            self._asked.clear()
        for at in sorted(at for at in self._due if at[0] in owned):
            offset, _ = self._newest[at]
            if self._asked.get(at) == offset:
                continue
            alert = await self._read((ALERTS.name, at[0]), offset)
            clean = None if alert is None else self.forgotten.without(alert)
            if clean is not None:
                self._asked[at] = offset
                measure.reissue(at[0], clean)

    async def _read(self, source: TopicPartition, offset: int) -> Alert | None:
        """The alert there; None: it is gone, since a newer one of its key was written."""
        async with PartitionReader(self._settings) as reader:
            async for _, records in reader.read({source: (offset, offset + 1)}):
                for record in records:
                    if record.offset == offset and record.value:
                        return _decode_alert(record.value)
        return None


def _marks(sample: Sample) -> Shown:
    return (
        hash(("post", sample.source, sample.post)),
        hash(("author", sample.source, sample.author)),
    )
