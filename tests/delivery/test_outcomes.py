"""What answers make of deliveries and receivers."""

from typing import Any

from msgspec.structs import replace

from delivery.outcomes import (
    EXPIRES_MS,
    SCHEDULE_S,
    Answer,
    ReceiverState,
    after,
    begun,
    cut_off,
    remembered,
)
from delivery.stages import take_in
from schemas.alert import AlertState
from schemas.delivery import Delivery, Outcome, Reason
from tests.delivery.alerts import NOON_MS, alert, resolved, subscriber

FAILED = Answer(Reason.FAILED, 503, "busy")
SENT = Answer(Reason.SENT, 200, message="m1")


def waiting(number: int = 1) -> Delivery:
    found = take_in(subscriber(), alert(number), None, NOON_MS)
    assert found is not None
    return begun(found, NOON_MS)


def answered(delivery: Delivery, answer: Answer, state: ReceiverState, **more: Any) -> Delivery:
    given: dict[str, Any] = {
        "told": delivery.pending or alert(), "parts": 1, "ended_ms": NOON_MS, "jitter": 0.0,
        "state": state, "penalty_s": 60,
    }  # fmt: skip
    return after(delivery, answer, **(given | more))


def test_success_is_recorded() -> None:
    held = answered(waiting(), SENT, ReceiverState())
    assert (held.outcome, held.told_revision, held.told_state) == (
        Outcome.SENT, 0, AlertState.FIRING,
    )  # fmt: skip
    assert (held.pending, held.message, held.told) == (None, "m1", None)


def test_the_pauses_grow_to_a_day_over_three_days() -> None:
    state, held, at_ms = ReceiverState(), waiting(), NOON_MS
    for wait_s in SCHEDULE_S:
        held = answered(held, FAILED, state, ended_ms=at_ms)
        assert held.due_ms == at_ms + wait_s * 1000
        at_ms = held.due_ms
    assert 70 < (at_ms - NOON_MS) / 3_600_000 < 80
    dead = answered(held, FAILED, state, ended_ms=NOON_MS + EXPIRES_MS)
    assert (dead.outcome, dead.reason, dead.pending) == (Outcome.DEAD, Reason.EXPIRED, None)


def test_jitter_spreads_the_retries() -> None:
    early, late = (answered(waiting(), FAILED, ReceiverState(), jitter=j) for j in (-1.0, 1.0))
    assert (early.due_ms - NOON_MS, late.due_ms - NOON_MS) == (4000, 6000)


def test_a_receiver_that_fails_is_left_alone_and_one_that_is_quick_again_is_not() -> None:
    state = ReceiverState()
    for number in range(3):
        answered(waiting(number), FAILED, state)
    assert state.is_down
    assert state.closed_until_ms == NOON_MS + 5000
    answered(waiting(4), FAILED, state)
    assert state.closed_until_ms == NOON_MS + 15_000
    answered(waiting(5), SENT, state)
    assert not state.is_down


def test_a_message_that_fails_while_others_are_taken_is_given_up() -> None:
    state, held, at_ms = ReceiverState(), waiting(), NOON_MS
    for _ in range(20):
        at_ms += 60_000
        held = answered(held, FAILED, state, ended_ms=at_ms)
        if held.outcome is Outcome.DEAD:
            break
        answered(waiting(2), SENT, state, ended_ms=at_ms + 1)
    assert held.reason is Reason.GAVE_UP
    assert held.failures == len(SCHEDULE_S) + 1


def test_a_message_is_not_given_up_while_the_receiver_takes_nothing() -> None:
    """One failure, a success of another, and then an outage: it is not the message."""
    state = ReceiverState()
    held = answered(waiting(), FAILED, state)
    answered(waiting(2), SENT, state, ended_ms=NOON_MS + 1)
    for minute in range(1, 200):
        held = answered(held, FAILED, state, ended_ms=NOON_MS + minute * 60_000)
    assert held.outcome is Outcome.HELD


def test_being_too_quick_is_no_failure() -> None:
    state = ReceiverState()
    quick = Answer(Reason.THROTTLED, 429, "slowly", retry_after_s=7.5)
    held = answered(waiting(), quick, state)
    assert (held.failures, held.outcome, state.failures) == (0, Outcome.HELD, 0)
    assert state.closed_until_ms == NOON_MS + 7500
    answered(waiting(), Answer(Reason.THROTTLED, 200), state)
    assert state.closed_until_ms == NOON_MS + 60_000


def test_what_is_refused_for_good_is_dead_unless_there_is_something_newer() -> None:
    refused = Answer(Reason.REFUSED, 400, "too long")
    dead = answered(waiting(), refused, ReceiverState())
    assert (dead.outcome, dead.reason) == (Outcome.DEAD, Reason.REFUSED)
    newer = take_in(subscriber(), resolved(), waiting(), NOON_MS)
    assert newer is not None
    held = answered(newer, refused, ReceiverState(), told=alert())
    assert (held.outcome, held.pending) == (Outcome.HELD, resolved())


def test_a_newer_state_that_came_during_a_send_is_told_next() -> None:
    newer = take_in(subscriber(), resolved(), waiting(), NOON_MS)
    assert newer is not None
    held = answered(newer, SENT, ReceiverState(), told=alert())
    assert (held.outcome, held.pending, held.told_revision) == (Outcome.HELD, resolved(), 0)


def test_a_silence_that_came_during_a_send_leaves_what_was_told() -> None:
    quiet = take_in(subscriber(), alert(1, 1, silenced_by="fair"), waiting(), NOON_MS)
    assert quiet is not None
    sent = answered(quiet, SENT, ReceiverState(), told=alert())
    assert (sent.pending, sent.told_revision) == (None, 0)
    failed = answered(quiet, FAILED, ReceiverState(), told=alert())
    assert (failed.outcome, failed.reason) == (Outcome.NOT_SENT, Reason.SILENCED)


def test_each_part_is_recorded() -> None:
    state = ReceiverState()
    held = answered(waiting(), SENT, state, parts=3)
    assert (held.outcome, held.parts_sent, held.told_revision) == (Outcome.HELD, 1, -1)
    held = answered(held, SENT, state, parts=3)
    held = answered(held, SENT, state, parts=3)
    assert (held.outcome, held.parts_sent, held.told_revision) == (Outcome.SENT, 0, 0)
    assert [attempt.part for attempt in held.attempts] == [0, 1, 2]


def test_what_was_cut_off_is_sent_again_and_told() -> None:
    held = cut_off(waiting(), NOON_MS + 5)
    assert (held.outcome, held.repeats, held.pending) == (Outcome.HELD, 1, alert())
    assert remembered([held]).sent_ms[-1] == NOON_MS + 5  # counts for the limit


def test_a_new_owner_knows_the_limit_and_the_breaker() -> None:
    state = ReceiverState()
    held = waiting()
    for at_ms in (NOON_MS, NOON_MS + 1, NOON_MS + 2):
        held = answered(held, FAILED, state, ended_ms=at_ms)
    other = answered(waiting(2), SENT, ReceiverState(), ended_ms=NOON_MS - 5)
    known = remembered([replace(held), other])
    assert list(known.sent_ms) == [NOON_MS - 5, NOON_MS, NOON_MS + 1, NOON_MS + 2]
    assert known.is_down
