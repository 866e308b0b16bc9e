"""What people do, incidents, groups, mutes and deletions: the stages, without Kafka."""

from typing import Any

from msgspec.structs import replace

from delivery.notices import notice
from delivery.stages import (
    Around,
    Escalation,
    companions,
    escalates,
    first_ready,
    folding,
    groups_told,
    ready,
    take_in,
)
from schemas.action import Action, ActionKind, ActionSubject
from schemas.alert import AlertState
from schemas.catalogue import Gather, ReceivingChannel, Subscriber
from schemas.delivery import Delivery, Outcome, Reason
from tests.delivery.alerts import MINUTE_MS, NOON_MS, alert, resolved, subscriber
from views.doings import Doing

PERSON = subscriber(ReceivingChannel.SLACK)
SEEN_TO = Around(doing=Doing(holder="li"))


def held(number: int = 1, who: Subscriber = PERSON, **changes: Any) -> Delivery:
    """An alert that waits."""
    found = take_in(who, alert(number, **changes), None, NOON_MS)
    assert found is not None
    return found


def told(number: int = 1, who: Subscriber = PERSON, **changes: Any) -> Delivery:
    """An alert that was told."""
    waiting = held(number, who, **changes)
    assert waiting.pending is not None
    return replace(
        waiting, outcome=Outcome.SENT, reason=Reason.SENT, pending=None, told_revision=0,
        told_state=AlertState.FIRING, told_severity=waiting.pending.severity, told_at_ms=NOON_MS,
    )  # fmt: skip


def test_what_somebody_sees_to_is_not_repeated_unless_it_is_much_worse() -> None:
    update = take_in(PERSON, alert(revision=1), told(), NOON_MS, SEEN_TO)
    assert update is not None
    assert (update.outcome, update.reason) == (Outcome.NOT_SENT, Reason.ACKNOWLEDGED)
    worse = take_in(PERSON, alert(revision=2, severity=8), update, NOON_MS, SEEN_TO)
    assert worse is not None
    assert worse.pending is not None
    over = take_in(PERSON, resolved(), update, NOON_MS, SEEN_TO)
    assert over is not None
    assert over.pending is not None


def test_programs_are_told_of_each_state_whoever_sees_to_it() -> None:
    program = subscriber()
    update = take_in(program, alert(revision=1), told(who=program), NOON_MS, SEEN_TO)
    assert update is not None
    assert update.pending is not None


def test_of_an_incident_people_hear_the_head_and_programs_all() -> None:
    member = alert(2, incident=alert(1).id)
    others = {alert(1).id: told(1)}
    around = Around(others=others)
    folded = take_in(PERSON, member, None, NOON_MS, around)
    assert folded is not None
    assert (folded.outcome, folded.reason) == (Outcome.NOT_SENT, Reason.IN_INCIDENT)
    # Its end was told to nobody, either.
    over = take_in(PERSON, resolved(2), folded, NOON_MS, around)
    assert over is not None
    assert over.reason is Reason.NEVER_TOLD
    assert folding(subscriber(), member, others) is None
    assert folding(subscriber(ReceivingChannel.SLACK, every_alert=True), member, others) is None
    assert folding(PERSON, replace(member, severity=8), others) is None  # much worse: news
    gone = {alert(1).id: replace(told(1), is_over=True)}
    assert folding(PERSON, member, gone) is None
    assert folding(PERSON, member, {}) is None  # the head was not for this subscriber


def test_a_product_is_folded_into_the_same_alert_of_its_parent() -> None:
    others = {alert(1).id: told(1)}
    product = alert(2, brand="xiaomi-su7", parent="xiaomi")
    assert folding(PERSON, product, others) is Reason.UNDER_PARENT
    assert folding(PERSON, replace(product, kind="sentiment"), others) is None


def test_escalation_counts_from_when_the_others_could_be_told() -> None:
    first = subscriber(
        ReceivingChannel.SLACK, id="desk", escalate_to=("ops", "boss"), escalate_min=10,
        hours="09:00-18:00", kinds=("spike",),
    )  # fmt: skip
    steps = [(first, 2)]
    evening, urgent = alert(severity=5), alert(severity=9)
    night = escalates(PERSON, steps, evening, NOON_MS)  # 20:00 in Shanghai: told at 09:00
    assert night == Escalation("desk", NOON_MS + (13 * 60 + 20) * MINUTE_MS)
    assert escalates(PERSON, steps, urgent, NOON_MS) == Escalation("desk", NOON_MS + 20 * MINUTE_MS)
    assert escalates(PERSON, steps, alert(kind="drop"), NOON_MS) is None
    assert escalates(PERSON, steps, alert(2, incident=alert(1).id), NOON_MS) is None
    assert escalates(PERSON, steps, alert(silenced_by="s"), NOON_MS) is None


def test_who_is_next_hears_of_it_when_nobody_acknowledges_and_else_never() -> None:
    mild = subscriber(ReceivingChannel.SLACK, min_severity=9, hours="09:00-18:00")
    at_ms = NOON_MS + 10 * MINUTE_MS
    around = Around(escalation=Escalation("desk", at_ms))
    waits = take_in(mild, alert(), None, NOON_MS, around)
    assert waits is not None
    assert ready(mild, waits, NOON_MS) == (Reason.ESCALATION, at_ms)
    assert ready(mild, waits, at_ms).reason is Reason.DUE  # at any hour
    seen_to = around._replace(doing=Doing(holder="l"))
    pager = take_in(subscriber(min_severity=9), alert(), None, NOON_MS, seen_to)
    assert pager is not None
    assert pager.reason is Reason.ACKNOWLEDGED
    seen = take_in(mild, alert(revision=1), waits, NOON_MS, seen_to)
    assert seen is not None
    assert (seen.outcome, seen.reason) == (Outcome.NOT_SENT, Reason.ACKNOWLEDGED)
    over = take_in(mild, resolved(), waits, NOON_MS, around)
    assert over is not None
    assert over.reason is Reason.OVER_BEFORE_TOLD
    assert take_in(mild, alert(), None, NOON_MS) is None  # nobody escalates


def test_who_is_muted_hears_afterwards_what_still_fires() -> None:
    until_ms = NOON_MS + 60 * MINUTE_MS
    muted = Around(muted_until_ms=until_ms)
    waits = take_in(PERSON, alert(severity=10), None, NOON_MS, muted)
    assert waits is not None
    assert (waits.outcome, waits.reason) == (Outcome.HELD, Reason.MUTED)
    found = first_ready(PERSON, [waits], NOON_MS, is_down=False, muted_until_ms=until_ms)
    assert found == (None, until_ms)
    over = take_in(PERSON, resolved(), waits, NOON_MS, muted)
    assert over is not None
    assert over.reason is Reason.OVER_BEFORE_TOLD


def test_alerts_of_a_group_share_a_message_and_an_interval() -> None:
    who = subscriber(ReceivingChannel.SLACK, gather=Gather.BRAND, wait_s=30, interval_min=10)
    one, two = held(1, who), held(2, who, severity=7)
    other, failed = held(3, who, brand="huawei"), replace(held(4, who), failures=1)
    waiting = [one, two, other, failed]
    assert companions(who, one, waiting, NOON_MS) == [two]
    assert companions(PERSON, one, waiting, NOON_MS) == []  # each by itself
    assert companions(who, failed, waiting, NOON_MS) == []
    told_ms = groups_told(who, [told(9, who)])
    assert told_ms == {"brand xiaomi": NOON_MS}
    found, until_ms = first_ready(who, [one], NOON_MS + 31_000, is_down=False, told_ms=told_ms)
    assert (found, until_ms) == (None, NOON_MS + 10 * MINUTE_MS)
    severe = held(5, who, severity=8)
    ready_now = first_ready(who, [one, severe], NOON_MS + 31_000, is_down=False, told_ms=told_ms)
    assert ready_now[0] == severe


def act(kind: ActionKind, who: str = "li", **more: Any) -> Action:
    return Action(
        id="7",
        at_ms=NOON_MS,
        who=who,
        kind=kind,
        on=ActionSubject.ALERT,
        subject=alert().id,
        **more,
    )


def test_who_was_told_of_the_alert_is_told_who_has_it() -> None:
    made = notice(PERSON, told(), act(ActionKind.ASSIGNED, assignee="wu"), NOON_MS)
    assert made is not None
    assert made.about is not None
    assert (made.waits, made.is_over, made.key) == (
        True,
        True,
        f"ops~{alert().id}~taken/7".encode(),
    )
    assert notice(PERSON, told(), act(ActionKind.ACKNOWLEDGED, who="ops"), NOON_MS) is None
    assert notice(PERSON, told(), act(ActionKind.NOTE, note="x"), NOON_MS) is None
    assert notice(PERSON, held(), act(ActionKind.ACKNOWLEDGED), NOON_MS) is None
    assert notice(subscriber(), told(), act(ActionKind.ACKNOWLEDGED), NOON_MS) is None
