"""One subscriber: its deliveries, one send at a time, in a task of its own."""

import asyncio
import hashlib
import logging
import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from msgspec.structs import replace

from delivery import outcomes
from delivery.channels import limits_of
from delivery.channels.alertmanager import REFRESH_S, RESOLVED_S
from delivery.clock import Clock
from delivery.digest_times import due_digests
from delivery.endpoints import EndpointError
from delivery.journal import Journal
from delivery.notices import PREFIX, concerns, notice, outdated
from delivery.outcomes import Answer, ReceiverState
from delivery.secrets import resolved
from delivery.sender import Sender
from delivery.stages import (
    Around,
    companions,
    escalates,
    first_ready,
    groups_told,
    is_no_news,
    limit,
    match,
    new_delivery,
    put_aside,
    take_in,
)
from schemas.action import Action, ActionSubject
from schemas.alert import Alert, AlertState
from schemas.catalogue import Gather, ReceivingChannel, Subscriber
from schemas.delivery import Delivery, Outcome, Reason
from schemas.delivery import Receiver as ReceiverRecord
from schemas.forgotten import Forgotten
from streams.metrics import DeliveryMetrics
from views.doings import Doings

log = logging.getLogger(__name__)

Jitter = Callable[[], float]


def any_jitter() -> float:
    """From -1 to 1."""
    return random.uniform(-1, 1)


class Receiver:
    """What waits for one subscriber, and its sends.

    Two things are durable before anything else happens: that a send begins, and how it ended. A
    process that is killed leaves at most one send of which nobody knows.
    """

    def __init__(
        self,
        subscriber: Subscriber,
        journal: Journal,
        sender: Sender,
        metrics: DeliveryMetrics,
        *,
        clock: Clock,
        secrets_folder: Path | None = None,
        jitter: Jitter = any_jitter,
        doings: Doings | None = None,
        forgotten: Forgotten | None = None,
    ) -> None:
        self.subscriber = subscriber
        self.names: Mapping[str, str] = {}
        self.escalates_from: Sequence[tuple[Subscriber, int]] = ()
        """Who escalates to this subscriber, and at which place of the list it stands."""
        self.held: dict[str, Delivery] = {}
        """By name: what waits, and what may still be heard of."""
        self.state = ReceiverState()
        self.record = ReceiverRecord(subscriber=subscriber.id)
        self._doings = Doings() if doings is None else doings
        self._forgotten = Forgotten() if forgotten is None else forgotten
        self._journal = journal
        self._sender = sender
        self._metrics = metrics
        self._clock = clock
        self._jitter = jitter
        self._folder = secrets_folder
        self._wake = asyncio.Event()
        self._refreshed_ms = 0
        self._stopping = False

    @property
    def waiting(self) -> int:
        """Deliveries that wait to be sent."""
        return sum(delivery.waits for delivery in self.held.values())

    @property
    def has_work(self) -> bool:
        """Whether its task has something to do now or later."""
        return any(
            delivery.waits or self._is_kept_alive(delivery) for delivery in self.held.values()
        )

    @property
    def muted_until_ms(self) -> int:
        """Until when somebody muted it."""
        return self._doings.of(
            ActionSubject.DEFINITION, f"subscriber:{self.subscriber.id}"
        ).until_ms

    def restore(self, deliveries: list[Delivery], record: ReceiverRecord | None) -> list[Delivery]:
        """Take over what another owner left; returns what was found cut off, to be written."""
        now_ms = self._clock.now_ms()
        cut = []
        for found in deliveries:
            delivery = found
            if found.outcome is Outcome.SENDING:
                delivery = outcomes.cut_off(found, now_ms)
                cut.append(delivery)
                self._metrics.repeats.inc()
                log.warning(
                    "subscriber %s: the send of alert %s/%d was cut off by the end of a process; "
                    "it is sent again with the same id",
                    delivery.subscriber,
                    delivery.alert,
                    delivery.revision,
                )
            self.held[delivery.name] = delivery
        self.state = outcomes.remembered(self.held.values())
        self.record = record or self.record
        for name in [name for name, held in self.held.items() if _is_over(held)]:
            del self.held[name]
        return cut

    def take_in(self, alert: Alert, now_ms: int) -> Delivery | None:
        """A state of an alert came; returns the record to be written, None where nothing changed.

        The caller writes it, together with how far `alerts` was read, and then calls `wake`.
        """
        held = self.held.get(alert.id)
        is_for_others = held is None and match(self.subscriber, alert) is not Reason.MATCHED
        if is_for_others and not self.escalates_from:
            return None  # as for most subscribers, which are many
        around = Around(
            self._doings.of_alert(alert.id, alert.incident),
            self.held,
            self.muted_until_ms,
            escalates(self.subscriber, self.escalates_from, alert, now_ms)
            if self.escalates_from
            else None,
        )
        delivery = take_in(self.subscriber, alert, held, now_ms, around)
        if delivery is not None:
            self._hold(delivery)
            if delivery.outcome is Outcome.NOT_SENT:
                self._count(delivery)
        return delivery

    def take_in_action(self, action: Action, now_ms: int) -> list[Delivery]:
        """Somebody did something about an alert: what is not to be repeated any more is put aside,
        and those who were told of the alert are told who has it. Returns the records, as `take_in`.
        """
        changed = []
        for delivery in list(self.held.values()):
            if not concerns(delivery, action):
                continue
            doing = self._doings.of_alert(delivery.alert, delivery.incident)
            alert = delivery.pending
            if (
                alert is not None
                and alert.state is AlertState.FIRING
                and is_no_news(self.subscriber, alert, delivery, doing)
            ):
                changed.append(put_aside(delivery, alert, Reason.ACKNOWLEDGED, now_ms))
            made = notice(self.subscriber, delivery, action, now_ms)
            if made is not None:
                changed += self._older_notices(delivery.alert, now_ms)
                changed.append(made)
        for delivery in changed:
            self._hold(delivery)
        return changed

    def _older_notices(self, alert: str, now_ms: int) -> list[Delivery]:
        return [
            outdated(one, now_ms)
            for one in self.held.values()
            if one.alert == alert and one.item.startswith(PREFIX) and one.outcome is Outcome.HELD
        ]

    def take_in_retry(self, alert: Alert, now_ms: int) -> Delivery | None:
        """Somebody asks for an alert that was given up: it is due, in the state that is given."""
        held = self.held.get(alert.id)
        if held is not None and (held.waits or held.told_revision >= alert.revision):
            return None
        delivery = replace(
            held or new_delivery(self.subscriber, alert, now_ms),
            revision=alert.revision,
            outcome=Outcome.HELD,
            reason=Reason.DUE,
            at_ms=now_ms,
            matched_at_ms=now_ms,
            is_over=alert.state is AlertState.RESOLVED,
            pending=alert,
            due_ms=0,
            failures=0,
            failing_since_ms=0,
            parts_sent=0,
        )
        self._hold(delivery)
        return delivery

    def forget(self) -> list[Delivery]:
        """Take what is to be forgotten out of what is still to be sent; returns what changed."""
        changed = []
        for delivery in list(self.held.values()):
            pending, told = delivery.pending, delivery.told
            without = replace(
                delivery,
                pending=None if pending is None else self._forgotten.without(pending) or pending,
                told=None if told is None else self._forgotten.without(told) or told,
            )
            if without != delivery:
                self._hold(without)
                changed.append(without)
        return changed

    def begin_digests(self, now_ms: int) -> list[Delivery | ReceiverRecord]:
        """Digests whose time has come; returns the records, as `take_in`."""
        record, digests = due_digests(self.subscriber, self.record, now_ms)
        if record == self.record:
            return []
        self.record = record
        for digest in digests:
            self._hold(digest)
        return [record, *digests]

    def redefine(self, subscriber: Subscriber) -> None:
        """The definition changed."""
        if subscriber != self.subscriber:
            self.subscriber = subscriber
            self.wake()

    def wake(self) -> None:
        """Look again at what waits."""
        self._wake.set()

    def stop(self) -> None:
        """End after the send that is under way, its outcome written."""
        self._stopping = True
        self._wake.set()

    async def run(self) -> None:
        """Send what is due; ends when nothing waits, or after `stop`."""
        while not self._stopping and self.has_work:
            self._wake.clear()
            now_ms = self._clock.now_ms()
            if self._is_gone(self.record):
                await self._give_up(Reason.GONE, now_ms)
                continue
            delivery, until_ms = self._next(now_ms)
            refresh_ms = self._next_refresh_ms()
            if delivery is not None:
                await self._send(delivery, now_ms)
            elif refresh_ms and refresh_ms <= now_ms:
                await self._refresh(now_ms)
            else:
                times = [at_ms for at_ms in (until_ms, refresh_ms) if at_ms]
                await self._clock.wait(self._wake, min(times, default=0))

    async def give_up_all(self) -> None:
        """The subscriber is no longer defined."""
        await self._give_up(Reason.UNSUBSCRIBED, self._clock.now_ms())

    def _next(self, now_ms: int) -> tuple[Delivery | None, int]:
        """What to send now, or when to look again."""
        state, limits = self.state, limits_of(self.subscriber.channel)
        gathers = self.subscriber.gather is not Gather.ALERT
        delivery, until_ms = first_ready(
            self.subscriber,
            (held for held in self.held.values() if held.waits),
            now_ms,
            is_down=state.is_down,
            muted_until_ms=self.muted_until_ms,
            told_ms=groups_told(self.subscriber, self.held.values()) if gathers else {},
        )
        if delivery is None:
            return None, until_ms
        if state.closed_until_ms > now_ms:
            return None, state.closed_until_ms
        per_minute = self.subscriber.per_minute or limits.per_minute
        verdict = limit(state.sent_ms, per_minute, limits.spacing_ms, now_ms)
        return (delivery, 0) if verdict.reason is Reason.DUE else (None, verdict.until_ms)

    async def _send(self, delivery: Delivery, now_ms: int) -> None:
        waiting = [one for one in self.held.values() if one.waits]
        beside = self._sender.fitting(
            self.subscriber,
            delivery,
            companions(self.subscriber, delivery, waiting, now_ms),
            self.names,
        )
        intents = [outcomes.begun(one, now_ms) for one in (delivery, *beside)]
        for one in intents:
            self._hold(one)
        await self._journal.add(intents)
        sent = await self._sender.send(
            self.subscriber, intents, self.names, self._doings, self._clock.now_ms()
        )
        answer = sent.answer
        was_down = self.state.is_down
        first, *others = intents
        after = outcomes.after(
            self.held.get(first.name, first),  # a newer state may have come meanwhile
            answer,
            told=first.pending,
            parts=sent.parts,
            ended_ms=self._clock.now_ms(),
            jitter=self._jitter(),
            state=self.state,
            penalty_s=limits_of(self.subscriber.channel).penalty_s,
        )
        records: list[Delivery | ReceiverRecord] = [
            replace(after, beside=first.name if others else "")
        ]
        records += [
            outcomes.told_beside(self.held.get(one.name, one), after, answer, one.pending)
            for one in others
            if one.pending is not None
        ]
        self._metrics.attempts.labels(self.subscriber.channel.value, answer.reason.value).inc()
        self._tell(answer, was_down=was_down)
        for record in records:
            if isinstance(record, Delivery):
                self._hold(record)
                if record.outcome in (Outcome.SENT, Outcome.DEAD):
                    self._count(record)
        if answer.reason is Reason.SENT and was_down:
            for name, held in self.held.items():
                self.held[name] = outcomes.due_at_once(held)
        if answer.reason is Reason.GONE:
            self.record = replace(
                self.record, gone_at_ms=after.at_ms, gone_address=self._address_mark()
            )
            records.append(self.record)
        await self._journal.add(records)

    def _hold(self, delivery: Delivery) -> None:
        if _is_over(delivery):
            self.held.pop(delivery.name, None)
        else:
            self.held[delivery.name] = delivery

    def _tell(self, answer: Answer, *, was_down: bool) -> None:
        if self.state.is_down and not was_down:
            log.warning(
                "subscriber %s does not take messages (%s %s): %s; they are kept and tried again",
                self.subscriber.id,
                answer.reason.value,
                answer.status or "no answer",
                answer.detail,
            )
        elif was_down and not self.state.is_down:
            log.info("subscriber %s takes messages again", self.subscriber.id)
        elif answer.reason is Reason.REFUSED:
            log.error(
                "subscriber %s refused a message for good (%s): %s",
                self.subscriber.id,
                answer.status,
                answer.detail,
            )

    def _count(self, delivery: Delivery) -> None:
        labels = (self.subscriber.channel.value, delivery.outcome.value)
        self._metrics.deliveries.labels(*labels).inc()
        if delivery.outcome is Outcome.SENT:
            seconds = (delivery.told_at_ms - delivery.matched_at_ms) / 1000
            self._metrics.seconds.observe(max(seconds, 0))

    async def _give_up(self, reason: Reason, now_ms: int) -> None:
        dead = [
            replace(held, outcome=Outcome.DEAD, reason=reason, at_ms=now_ms, pending=None, due_ms=0)
            for held in self.held.values()
            if held.waits
        ]
        for delivery in dead:
            self._hold(replace(delivery, told=None))
            self._count(delivery)
        for name, held in list(self.held.items()):
            self.held[name] = replace(held, told=None)
        await self._journal.add(dead)

    def _is_gone(self, record: ReceiverRecord) -> bool:
        return bool(record.gone_at_ms) and record.gone_address == self._address_mark()

    def _address_mark(self) -> str:
        """What tells an address from another without saying it."""
        try:
            address = resolved(self.subscriber.address, self._folder)
        except EndpointError:
            return ""
        return hashlib.sha256(f"leimo:{self.subscriber.id}:{address}".encode()).hexdigest()[:16]

    def _is_kept_alive(self, delivery: Delivery) -> bool:
        """Whether an Alertmanager has to be told of it again."""
        if delivery.told is None or self.subscriber.channel is not ReceivingChannel.ALERTMANAGER:
            return False
        since_ms = self._clock.now_ms() - delivery.told_at_ms
        return delivery.told_state is AlertState.FIRING or since_ms < RESOLVED_S * 1000

    def _next_refresh_ms(self) -> int:
        if not any(self._is_kept_alive(delivery) for delivery in self.held.values()):
            return 0
        return max(self._refreshed_ms + REFRESH_S * 1000, self.state.closed_until_ms)

    async def _refresh(self, now_ms: int) -> None:
        self._refreshed_ms = now_ms
        alerts = [
            held.told
            for held in self.held.values()
            if held.told is not None and self._is_kept_alive(held)
        ]
        for held in list(self.held.values()):
            if held.told is not None and not self._is_kept_alive(held):
                self._hold(replace(held, told=None))
        answer = await self._sender.refresh(self.subscriber, alerts, self.names, now_ms)
        channel = self.subscriber.channel.value
        self._metrics.attempts.labels(channel, answer.reason.value).inc()
        if answer.reason is not Reason.SENT:
            log.warning(
                "subscriber %s: what fires could not be told again (%s): %s",
                self.subscriber.id,
                answer.status or "no answer",
                answer.detail,
            )


def _is_over(delivery: Delivery) -> bool:
    """Nothing waits, and nothing will be heard of this alert any more."""
    return delivery.is_over and not delivery.waits and delivery.told is None
