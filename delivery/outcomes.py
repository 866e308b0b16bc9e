"""Send → retry → record: what an answer makes of a delivery and of its receiver. Pure."""

from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from schemas.alert import Alert
from schemas.catalogue import ReceivingChannel
from schemas.delivery import Attempt, Delivery, Outcome, Reason

SCHEDULE_S = (5, 60, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""Pauses of one delivery: from five seconds to a day, over about three days."""
PROBES_S = (5, 15, 30, 60, 120, 300, 300, 600)
"""Pauses of a receiver that fails; the last is repeated. It is asked with another message each
time, and when it answers, all that waited is due."""
DOWN_AFTER = 3
"""Failures in a row from which the receiver is down, and not only a message refused."""
EXPIRES_MS = 72 * 3_600_000
"""For so long a delivery may fail."""
JITTER = 0.2
KEPT_ATTEMPTS = 20
LONGEST_PAUSE_S = 86_400
"""What a receiver may ask for with `Retry-After`."""
_DETAIL_CHARS = 200
_COUNTED_AGAINST = frozenset({Reason.FAILED, Reason.MISCONFIGURED})


class Answer(NamedTuple):
    """How a receiver answered."""

    reason: Reason
    """`SENT`, `FAILED`, `THROTTLED`, `MISCONFIGURED`, `REFUSED` or `GONE`."""
    status: int = 0
    detail: str = ""
    retry_after_s: float | None = None
    message: str = ""
    """The channel's id of the message."""
    forgets_message: bool = False
    """The first message, which was to be changed, is gone."""


class ReceiverState(msgspec.Struct):
    """What is known of a receiver in this process; made anew from the attempts by a new owner."""

    sent_ms: deque[int] = msgspec.field(default_factory=lambda: deque(maxlen=6000))
    """Ends of the last sends, whatever came of them."""
    failures: int = 0
    """In a row."""
    closed_until_ms: int = 0
    last_success_ms: int = 0

    @property
    def is_down(self) -> bool:
        """The breaker is open: single messages probe it."""
        return self.failures >= DOWN_AFTER


def remembered(deliveries: Iterable[Delivery]) -> ReceiverState:
    """The state of a receiver, from what was kept of its deliveries."""
    state = ReceiverState()
    attempts = sorted(
        (attempt for delivery in deliveries for attempt in delivery.attempts),
        key=lambda attempt: attempt.at_ms,
    )
    for attempt in attempts:
        state.sent_ms.append(attempt.at_ms)
        _count(state, attempt.reason, attempt.at_ms)
    return state


def _count(state: ReceiverState, reason: Reason, at_ms: int) -> None:
    if reason in _COUNTED_AGAINST:
        state.failures += 1
    elif reason is Reason.SENT:
        state.failures = 0
        state.last_success_ms = at_ms


def begun(delivery: Delivery, now_ms: int) -> Delivery:
    """The intent, to be durable before the send."""
    return replace(delivery, outcome=Outcome.SENDING, reason=Reason.DUE, at_ms=now_ms)


def cut_off(delivery: Delivery, now_ms: int) -> Delivery:
    """An intent without an outcome, as a new owner finds it: it is sent again, and that is told.

    What was sent counts for the limit of the receiver, from now on since nobody knows better.
    """
    cut = Attempt(
        now_ms, 0, Reason.FAILED, "cut off by the end of the process", delivery.parts_sent
    )
    return replace(
        delivery,
        outcome=Outcome.HELD,
        reason=Reason.DUE,
        at_ms=now_ms,
        repeats=delivery.repeats + 1,
        attempts=(*delivery.attempts, cut)[-KEPT_ATTEMPTS:],
    )


def after(
    delivery: Delivery,
    answer: Answer,
    *,
    told: Alert | None,
    parts: int,
    ended_ms: int,
    jitter: float,
    state: ReceiverState,
    penalty_s: float,
) -> Delivery:
    """The outcome of the send of one part of `told`; changes the state of the receiver, too.

    `delivery` may wait with a newer state by now; of what is no alert, `told` is None. `jitter` is
    from -1 to 1; `penalty_s` is for how long the channel blocks who was too quick, where the answer
    does not say so.
    """
    state.sent_ms.append(ended_ms)
    _count(state, answer.reason, ended_ms)
    part = delivery.parts_sent
    attempt = Attempt(ended_ms, answer.status, answer.reason, answer.detail[:_DETAIL_CHARS], part)
    delivery = replace(
        delivery, at_ms=ended_ms, attempts=(*delivery.attempts, attempt)[-KEPT_ATTEMPTS:]
    )
    pause_s = _pause_s(answer, state, jitter, penalty_s)
    state.closed_until_ms = ended_ms + round(pause_s * 1000)
    if answer.reason is Reason.SENT:
        return _sent(delivery, answer, told, parts, ended_ms)
    if not delivery.waits:  # silenced meanwhile
        return delivery
    if answer.forgets_message:  # what was to be changed is not there any more: told anew
        return replace(delivery, outcome=Outcome.HELD, reason=Reason.DUE, message="")
    return _not_taken(delivery, answer, told, state, ended_ms, jitter)


def _not_taken(
    delivery: Delivery,
    answer: Answer,
    told: Alert | None,
    state: ReceiverState,
    ended_ms: int,
    jitter: float,
) -> Delivery:
    if answer.reason is Reason.THROTTLED:
        return replace(delivery, outcome=Outcome.HELD, reason=Reason.THROTTLED)
    if answer.reason in (Reason.REFUSED, Reason.GONE):
        if _is_current(delivery, told):
            return _dead(delivery, answer.reason)
        # The newer state may fare better.
        return replace(delivery, outcome=Outcome.HELD, reason=Reason.DUE)
    return _failed(delivery, answer.reason, state, ended_ms, jitter)


def _failed(
    delivery: Delivery, reason: Reason, state: ReceiverState, ended_ms: int, jitter: float
) -> Delivery:
    failures = delivery.failures + 1
    since_ms = delivery.failing_since_ms or ended_ms
    delivery = replace(delivery, failures=failures, failing_since_ms=since_ms)
    if ended_ms - since_ms >= EXPIRES_MS:
        return _dead(delivery, Reason.EXPIRED)
    # Others were taken between its last two failures, so it is not the receiver that is down.
    before_ms = delivery.attempts[-2].at_ms if len(delivery.attempts) > 1 else ended_ms
    if failures > len(SCHEDULE_S) and state.last_success_ms > before_ms:
        return _dead(delivery, Reason.GAVE_UP)
    wait_s = SCHEDULE_S[min(failures, len(SCHEDULE_S)) - 1] * (1 + JITTER * jitter)
    due_ms = ended_ms + round(wait_s * 1000)
    return replace(delivery, outcome=Outcome.HELD, reason=reason, due_ms=due_ms)


def _pause_s(answer: Answer, state: ReceiverState, jitter: float, penalty_s: float) -> float:
    """For how long the receiver is left alone."""
    asked_s = min(answer.retry_after_s or 0.0, LONGEST_PAUSE_S)
    if answer.reason is Reason.THROTTLED:
        return asked_s or penalty_s
    if answer.reason in _COUNTED_AGAINST and state.is_down:
        step = min(state.failures - DOWN_AFTER, len(PROBES_S) - 1)
        return max(asked_s, PROBES_S[step] * (1 + JITTER * jitter))
    return asked_s if answer.reason is not Reason.SENT else 0.0


def _is_current(delivery: Delivery, told: Alert | None) -> bool:
    """Whether what was told is what waits, and no newer state came meanwhile."""
    if told is None:
        return delivery.waits
    return delivery.pending is not None and delivery.pending.revision == told.revision


def _sent(
    delivery: Delivery, answer: Answer, told: Alert | None, parts: int, ended_ms: int
) -> Delivery:
    is_current = _is_current(delivery, told)
    if is_current and delivery.parts_sent + 1 < parts:
        return replace(
            delivery,
            outcome=Outcome.HELD,
            reason=Reason.DUE,
            parts_sent=delivery.parts_sent + 1,
            message=delivery.message or answer.message,
        )
    is_done = is_current or not delivery.waits
    delivery = replace(
        delivery,
        outcome=Outcome.SENT if is_done else Outcome.HELD,
        reason=Reason.SENT if is_done else Reason.WAITING,
        pending=None if is_current else delivery.pending,
        due_ms=0,
        parts_sent=0,
        failures=0,
        failing_since_ms=0,
        told_at_ms=ended_ms,
        message=delivery.message or answer.message,
    )
    if told is None:
        return delivery
    is_kept = delivery.channel is ReceivingChannel.ALERTMANAGER
    return replace(
        delivery,
        told_revision=told.revision,
        told_state=told.state,
        told_severity=told.severity,
        told=told if is_kept else None,
    )


def told_beside(delivery: Delivery, first: Delivery, answer: Answer, told: Alert) -> Delivery:
    """The outcome of one that was told in the message of another; that one failed or died alone."""
    if answer.reason is not Reason.SENT:
        is_mine = delivery.outcome is Outcome.SENDING
        return replace(delivery, outcome=Outcome.HELD, at_ms=first.at_ms) if is_mine else delivery
    attempt = Attempt(first.at_ms, answer.status, answer.reason, "in one message with others")
    delivery = replace(
        delivery,
        at_ms=first.at_ms,
        beside=first.name,
        attempts=(*delivery.attempts, attempt)[-KEPT_ATTEMPTS:],
    )
    return _sent(delivery, answer, told, 1, first.at_ms)


def _dead(delivery: Delivery, reason: Reason) -> Delivery:
    return replace(delivery, outcome=Outcome.DEAD, reason=reason, pending=None, due_ms=0)


def due_at_once(delivery: Delivery) -> Delivery:
    """What waited for a receiver that answers again."""
    return replace(delivery, due_ms=0) if delivery.due_ms else delivery
