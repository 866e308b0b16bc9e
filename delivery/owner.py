"""The owner of one partition of `deliveries`: its subscribers, and how far `alerts` was read."""

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from aiokafka import AIOKafkaConsumer

from delivery.clock import Clock
from delivery.history import states_of
from delivery.journal import Journal
from delivery.outcomes import EXPIRES_MS
from delivery.receiver import Jitter, Receiver, any_jitter
from delivery.sender import Sender
from kafka_io.actions import action_of
from kafka_io.clients import client_options, stop_consumer
from kafka_io.partitions import partition_for
from kafka_io.reading import PartitionReader
from kafka_io.settings import Settings
from kafka_io.topic_names import Names
from kafka_io.writers import AcknowledgedWriter, Checkpoint, Offsets, TransactionalWriter, Writer
from schemas.action import Action, ActionKind, ActionSubject
from schemas.alert import Alert
from schemas.catalogue import Catalogue, Subscriber
from schemas.deletion import Deletion
from schemas.delivery import Delivery, DeliveryRecord, Progress
from schemas.delivery import Receiver as ReceiverRecord
from schemas.errors import OperatorError
from schemas.forgotten import Forgotten
from schemas.topics import ACTIONS, ALERTS, DELETIONS, DELIVERIES
from streams.metrics import DeliveryMetrics
from streams.stop import die
from views.doings import Doings

log = logging.getLogger(__name__)

_POLL_MS = 500
_MAX_RECORDS = 500
_TURN_S = 0.02
_WRITTEN_MS = 6 * 3_600_000
"""A broker forgets a transactional id that writes nothing for days."""
_decode_alert = msgspec.json.Decoder(Alert).decode
_decode_record = msgspec.json.Decoder(DeliveryRecord).decode
_decode_deletion = msgspec.json.Decoder(Deletion).decode
_ABOUT_ALERTS = frozenset({ActionSubject.ALERT, ActionSubject.INCIDENT})
_PEOPLE = ((ACTIONS.name, 0), (DELETIONS.name, 0))
_REMEMBERED_MS = 90 * 86_400_000
"""As long as alerts are kept."""


def is_in(subscriber: str, partition: int, partitions: int) -> bool:
    """Whether a partition of `deliveries` is that of a subscriber."""
    return partition_for(subscriber.encode(), partitions) == partition


class _Turn:
    """What came of the alerts that are taken in without a pause."""

    def __init__(self) -> None:
        self.records: list[DeliveryRecord] = []
        self.changed: set[str] = set()
        self._until_s = time.monotonic() + _TURN_S

    @property
    def is_long(self) -> bool:
        return time.monotonic() > self._until_s


class PartitionOwner:
    """Fences the owner before, takes over its state, and delivers until it is stopped."""

    def __init__(
        self,
        settings: Settings,
        partition: int,
        sender: Sender,
        metrics: DeliveryMetrics,
        *,
        transactional: bool,
        clock: Clock | None = None,
        jitter: Jitter = any_jitter,
        checkpoint: Checkpoint = lambda point: None,
    ) -> None:
        self._settings = settings
        self._partition = partition
        self._sender = sender
        self._metrics = metrics
        self._clock = clock or Clock()
        self._jitter = jitter
        self._writer: Writer
        if transactional:
            mark = f"{settings.group_id}-deliver-{partition}"
            self._writer = TransactionalWriter(settings, mark, checkpoint)
        else:
            self._writer = AcknowledgedWriter(settings, _no_offsets, checkpoint)
        self._journal = Journal(self._writer, partition)
        self.receivers: dict[str, Receiver] = {}
        self._kept: dict[str, list[Delivery]] = {}
        """Of subscribers that are not defined."""
        self._gone: dict[str, ReceiverRecord] = {}
        self._names: Mapping[str, str] = {}
        self._doings = Doings()
        self._forgotten = Forgotten()
        self._steps: dict[str, list[tuple[Subscriber, int]]] = {}
        """Who escalates to a subscriber, and at which place of the list it stands."""
        self._offsets: dict[int, int] | None = None
        self._actions_offset = -1
        self._deletions_offset = 0
        self._alerts: AIOKafkaConsumer | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._sending: dict[str, asyncio.Task[None]] = {}
        self._retiring: dict[str, asyncio.Task[None]] = {}

    async def start(self, catalogue: Catalogue) -> None:
        """Take the partition over and begin."""
        await self._writer.start()  # from here on the owner before can write no more
        await self._read_state()
        acted = await self._read_people()
        self._tasks.append(asyncio.create_task(_or_die(self._journal.run(), "the journal")))
        self._names = _names_of(catalogue)
        await self._define(catalogue)
        # Nobody sends yet: where this is cut off, the next owner does it once more.
        for action in acted:
            await self._journal.add(await self._take_in_action(action))
        await self._place()
        for receiver in self.receivers.values():
            if changed := receiver.forget():
                await self._journal.add(changed)
        self._tasks.append(asyncio.create_task(_or_die(self._take_in(), "the reader of alerts")))
        for receiver in self.receivers.values():
            self._keep_running(receiver)

    async def stop(self, patience_s: float) -> None:
        """Read no more; sends that are under way end first, and are recorded.

        One that takes longer than `patience_s` is cut off, and for the next owner to do again: the
        others of the group wait, and take us for dead after some seconds.
        """
        for task in self._tasks[1:]:
            task.cancel()
        for receiver in self.receivers.values():
            receiver.stop()
        under_way = (*self._sending.values(), *self._retiring.values())
        if under_way:
            _, late = await asyncio.wait(under_way, timeout=patience_s)
            for task in late:
                task.cancel()
            await asyncio.gather(*under_way, return_exceptions=True)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._alerts is not None:
            await stop_consumer(self._alerts)
        await self._writer.stop()

    async def redefine(self, catalogue: Catalogue) -> None:
        """Subscribers came, changed or went."""
        self._names = _names_of(catalogue)
        await self._define(catalogue)
        for receiver in self.receivers.values():
            self._keep_running(receiver)

    async def _define(self, catalogue: Catalogue) -> None:
        self._steps = {}
        for first in catalogue.subscribers:
            for place, follower in enumerate(first.escalate_to, 1):
                self._steps.setdefault(follower, []).append((first, place))
        wanted = {
            subscriber.id: subscriber
            for subscriber in catalogue.subscribers
            if is_in(subscriber.id, self._partition, self._settings.partitions)
        }
        for subscriber_id in [one for one in self.receivers if one not in wanted]:
            receiver = self.receivers.pop(subscriber_id)
            work = _or_die(self._retire(receiver), f"the end of {subscriber_id}")
            self._retiring[subscriber_id] = asyncio.create_task(work)
        cut: list[Delivery] = []
        for subscriber in wanted.values():
            cut += await self._define_one(subscriber)
        if cut:  # all in one transaction: a take-over has to be quick
            await self._journal.add(cut)

    async def _retire(self, receiver: Receiver) -> None:
        """Not defined any more: what is under way ends, the rest is given up."""
        mine = receiver.subscriber.id
        receiver.stop()
        if (task := self._sending.pop(mine, None)) is not None:
            await asyncio.gather(task, return_exceptions=True)
        await receiver.give_up_all()
        self._kept[mine] = list(receiver.held.values())

    async def _define_one(self, subscriber: Subscriber) -> list[Delivery]:
        """Returns what was found cut off, to be written."""
        cut: list[Delivery] = []
        if (retiring := self._retiring.pop(subscriber.id, None)) is not None:
            await retiring
        receiver = self.receivers.get(subscriber.id)
        if receiver is None:
            receiver = self.receivers[subscriber.id] = Receiver(
                subscriber,
                self._journal,
                self._sender,
                self._metrics,
                clock=self._clock,
                secrets_folder=self._settings.secrets_folder,
                jitter=self._jitter,
                doings=self._doings,
                forgotten=self._forgotten,
            )
            kept = self._kept.pop(subscriber.id, [])
            cut = receiver.restore(kept, self._gone.get(subscriber.id))
        receiver.redefine(subscriber)
        receiver.names = self._names
        receiver.escalates_from = self._steps.get(subscriber.id, ())
        return cut

    def _keep_running(self, receiver: Receiver) -> None:
        """A task for each receiver that has something to do, and none for the others."""
        mine = receiver.subscriber.id
        task = self._sending.get(mine)
        if task is not None and not task.done():
            receiver.wake()
        elif receiver.has_work:
            work = _or_die(receiver.run(), f"the deliveries of {mine}")
            self._sending[mine] = asyncio.create_task(work)
        else:
            self._sending.pop(mine, None)

    async def _read_state(self) -> None:
        """The latest record of each key of the partition."""
        held: dict[bytes, bytes] = {}
        async with PartitionReader(self._settings) as reader:
            bounds = await reader.bounds([(DELIVERIES.name, self._partition)])
            async for _, records in reader.read(bounds):
                for record in records:
                    if record.value is None:
                        held.pop(record.key, None)
                    elif record.key is not None:
                        held[record.key] = record.value
        for key, value in held.items():
            self._restore(key, value)

    async def _read_people(self) -> list[Action]:
        """What people did and what is to be forgotten, as it stands now; returns the actions of
        which the owner before has told nobody."""
        untold = []
        async with PartitionReader(self._settings) as reader:
            bounds = await reader.bounds(_PEOPLE)
            async for (topic, _), records in reader.read(bounds):
                for record in records:
                    if topic == DELETIONS.name:
                        self._remember_deletion(record)
                    elif (action := self._remember_action(record.value)) is not None and (
                        0 <= self._actions_offset <= record.offset
                    ):
                        untold.append(action)
        self._actions_offset, self._deletions_offset = (bounds[one][1] for one in _PEOPLE)
        return untold

    def _remember_action(self, value: bytes | None) -> Action | None:
        """What concerns deliveries."""
        action = action_of(value)
        if action is None or action.on is ActionSubject.POST:
            return None
        if action.at_ms < self._clock.now_ms() - _REMEMBERED_MS:
            return None
        self._doings.add(action)
        return action

    def _remember_deletion(self, record: Any) -> None:
        try:
            self._forgotten.add(_decode_deletion(record.value or b""))
        except (msgspec.DecodeError, UnicodeDecodeError):
            log.error("%s at %d is no deletion", DELETIONS.name, record.offset)

    async def _take_in_action(self, action: Action) -> list[DeliveryRecord]:
        """What comes of an action for the subscribers of this partition."""
        now_ms = self._clock.now_ms()
        if action.on in _ABOUT_ALERTS:
            found: list[DeliveryRecord] = []
            for receiver in self.receivers.values():
                found += receiver.take_in_action(action, now_ms)
            return found
        if action.on is ActionSubject.DEFINITION:
            mine = self.receivers.get(action.subject.removeprefix("subscriber:"))
            if mine is not None:
                mine.wake()
            return []
        return await self._retried(action, now_ms)

    async def _retried(self, action: Action, now_ms: int) -> list[DeliveryRecord]:
        subscriber, _, alert = action.subject.partition("~")
        receiver = self.receivers.get(subscriber)
        if action.kind is not ActionKind.RETRIED or receiver is None:
            return []
        try:
            newest = (await states_of(self._settings, alert))[-1]
        except OperatorError as error:
            log.warning("subscriber %s is not told again: %s", subscriber, error)
            return []
        delivery = receiver.take_in_retry(self._forgotten.without(newest) or newest, now_ms)
        return [] if delivery is None else [delivery]

    def _restore(self, key: bytes, value: bytes) -> None:
        try:
            record: DeliveryRecord = _decode_record(value)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            log.error("%s: %r is no record of a delivery: %s", DELIVERIES.name, key, error)
            return
        if isinstance(record, Delivery):
            self._kept.setdefault(record.subscriber, []).append(record)
        elif isinstance(record, ReceiverRecord):
            self._gone[record.subscriber] = record
        else:
            self._offsets = dict(record.offsets)
            self._actions_offset = record.actions_offset

    async def _place(self) -> None:
        """Read `alerts` from where the owner before was; the first one ever, from now on."""
        names = Names(self._settings)
        self._alerts = AIOKafkaConsumer(
            **client_options(self._settings),
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            fetch_max_wait_ms=_POLL_MS,
        )
        await self._alerts.start()
        wanted = [names.partition((ALERTS.name, at)) for at in range(self._settings.partitions)]
        people = {
            names.partition(_PEOPLE[0]): self._actions_offset,
            names.partition(_PEOPLE[1]): self._deletions_offset,
        }
        self._alerts.assign([*wanted, *people])
        for partition, at in people.items():
            self._alerts.seek(partition, at)
        begins = await self._alerts.beginning_offsets(wanted)
        ends = await self._alerts.end_offsets(wanted)
        offsets = dict(self._offsets or {})
        for partition in wanted:
            usual = ends[partition] if self._offsets is None else begins[partition]
            at = max(offsets.get(partition.partition, usual), begins[partition])
            offsets[partition.partition] = at
            self._alerts.seek(partition, at)
        if self._offsets is None:
            log.info("partition %d of `%s`: alerts from now on", self._partition, DELIVERIES.name)
        self._offsets = offsets
        await self._journal.add([self._progress()])

    def _progress(self) -> Progress:
        return Progress(
            partition=self._partition,
            offsets=dict(self._offsets or {}),
            actions_offset=self._actions_offset,
        )

    async def _take_in(self) -> None:
        if self._alerts is None or self._offsets is None:
            raise RuntimeError("not placed yet")
        names = Names(self._settings)
        written_ms = self._clock.now_ms()
        while True:
            fetched = await self._alerts.getmany(timeout_ms=_POLL_MS, max_records=_MAX_RECORDS)
            durable = None
            turn = _Turn()
            by_topic: dict[str, list[Any]] = {}
            for partition, records in fetched.items():
                by_topic.setdefault(names.source(partition)[0], []).extend(records)
            await self._take_in_people(by_topic, turn)
            for record in by_topic.get(ALERTS.name, ()):
                turn.records += self._take_in_record(record, turn.changed)
                self._offsets[record.partition] = record.offset + 1
                if turn.is_long:
                    durable = self._hand_over(turn)
                    turn = _Turn()
                    await asyncio.sleep(0)  # others have their turn, too
            now_ms = self._clock.now_ms()
            self._begin_digests(now_ms, turn)
            if fetched or turn.records or now_ms - written_ms > _WRITTEN_MS:
                written_ms = now_ms
                durable = self._hand_over(turn)
            if durable is not None:
                await durable
            self._forget_finished()

    async def _take_in_people(self, by_topic: Mapping[str, list[Any]], turn: "_Turn") -> None:
        for record in by_topic.get(DELETIONS.name, ()):
            self._remember_deletion(record)
        if by_topic.get(DELETIONS.name):
            for receiver in self.receivers.values():
                turn.records += receiver.forget()
        for record in by_topic.get(ACTIONS.name, ()):
            action = self._remember_action(record.value)
            self._actions_offset = record.offset + 1
            if action is not None:
                # A turn of its own, as looking an alert up takes time.
                own = _Turn()
                self._add(own, await self._take_in_action(action))
                self._hand_over(own)

    def _begin_digests(self, now_ms: int, turn: "_Turn") -> None:
        for receiver in self.receivers.values():
            if receiver.subscriber.digests:
                self._add(turn, receiver.begin_digests(now_ms))

    def _add(self, turn: "_Turn", records: Sequence[DeliveryRecord]) -> None:
        turn.records += records
        turn.changed.update(one.subscriber for one in records if isinstance(one, Delivery))

    def _hand_over(self, turn: "_Turn") -> "asyncio.Future[None]":
        """Write what came of some alerts, in one transaction with how far that is.

        There is no `await` since the first of them was taken in, so that what is held of an alert
        is written before the intent of its send.
        """
        durable = self._journal.add([*turn.records, self._progress()])
        for subscriber in turn.changed:
            if (receiver := self.receivers.get(subscriber)) is not None:
                self._keep_running(receiver)
        return durable

    def _take_in_record(self, record: Any, changed: set[str]) -> list[DeliveryRecord]:
        if record.value is None:
            return []
        try:
            alert = _decode_alert(record.value)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            where = f"{ALERTS.name}/{record.partition} at {record.offset}"
            log.error("%s is no alert and is told to nobody: %s", where, error)
            return []
        alert = self._forgotten.without(alert) or alert
        now_ms = self._clock.now_ms()
        is_old = record.timestamp < now_ms - EXPIRES_MS
        found: list[DeliveryRecord] = []
        for receiver in self.receivers.values():
            if is_old and alert.id not in receiver.held:
                continue  # nobody delivered for days: what is new to a subscriber is no news
            delivery = receiver.take_in(alert, now_ms)
            if delivery is not None:
                found.append(delivery)
                changed.add(receiver.subscriber.id)
        return found

    def _forget_finished(self) -> None:
        for mine, task in list(self._sending.items()):
            if task.done():
                del self._sending[mine]

    @property
    def waiting(self) -> int:
        """Deliveries that wait to be sent."""
        return sum(receiver.waiting for receiver in self.receivers.values())

    @property
    def down(self) -> int:
        """Receivers that do not take messages."""
        return sum(receiver.state.is_down for receiver in self.receivers.values())


def _names_of(catalogue: Catalogue) -> dict[str, str]:
    return {brand.id: brand.name for brand in catalogue.brands}


async def _no_offsets(offsets: Offsets) -> None:
    """How far `alerts` was read stands in the records themselves."""


async def _or_die(work: Any, what: str) -> None:
    """A failed write, or a fault of our own, may not be passed over."""
    try:
        await work
    except asyncio.CancelledError:
        raise
    except BaseException as error:
        die(f"{what} failed", error)
