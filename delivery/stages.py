"""What happens to an alert on its way to a subscriber; each stage gives a named reason.

match → silenced → muted → hours → folding → escalation → group → duplicate → limit → send → retry
→ record. Pure: time is an argument, and a held delivery goes in and comes out.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import NamedTuple
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from schemas.alert import Alert, AlertState
from schemas.catalogue import FOR_PROGRAMS, Gather, Subscriber, Weekday
from schemas.delivery import Delivery, Digest, Outcome, Reason
from schemas.mention import GROUP_PREFIX
from views.doings import NOTHING_DONE, Doing

WORSE = 2
"""So many severities more are told before the interval is over."""
LIMIT_WINDOW_MS = 60_000
_DAY_MIN = 24 * 60
_WEEKDAYS = tuple(Weekday)
_LOOK_AHEAD_DAYS = 9


class Verdict(NamedTuple):
    """What a stage says."""

    reason: Reason
    until_ms: int = 0
    """When to ask again, where it has to wait."""


class Escalation(NamedTuple):
    """Somebody else is to be told first."""

    subscriber: str
    at_ms: int
    """When this one's turn has come."""


class Around(NamedTuple):
    """What is to be known beside an alert and what was told of it."""

    doing: Doing = NOTHING_DONE
    """What people did about it."""
    others: Mapping[str, Delivery] = MappingProxyType({})
    """All that the subscriber may still hear of, by name."""
    muted_until_ms: int = 0
    escalation: Escalation | None = None
    """Where it concerns others, who may not acknowledge it."""


ALONE = Around()


def is_program(subscriber: Subscriber) -> bool:
    """Whether it is told of each state of each alert, and of nothing else."""
    return subscriber.channel in FOR_PROGRAMS


def match(subscriber: Subscriber, alert: Alert) -> Reason:
    """Whether an alert concerns a subscriber; `MATCHED`, or the first condition that it fails.

    Alerts about the whole feed (`*`) go to those who name neither brands nor groups.
    """
    elsewhere = (
        Reason.DIGESTS_ONLY if subscriber.digests_only else _about_another(subscriber, alert)
    )
    if elsewhere is not None:
        return elsewhere
    if alert.severity < subscriber.min_severity:
        return Reason.TOO_MILD
    if subscriber.kinds and alert.kind not in subscriber.kinds:
        return Reason.OTHER_KIND
    if subscriber.departments and alert.department not in subscriber.departments:
        return Reason.OTHER_DEPARTMENT
    if subscriber.intents and alert.evidence.intents.keys().isdisjoint(subscriber.intents):
        return Reason.OTHER_INTENT
    return Reason.MATCHED


def _about_another(subscriber: Subscriber, alert: Alert) -> Reason | None:
    if not (subscriber.brands or subscriber.groups):
        return None
    if alert.brand.startswith(GROUP_PREFIX):
        is_wanted = alert.brand.removeprefix(GROUP_PREFIX) in subscriber.groups
        return None if is_wanted else Reason.OTHER_GROUP
    is_wanted = alert.brand in subscriber.brands or alert.parent in subscriber.brands
    return None if is_wanted else Reason.OTHER_BRAND


def take_in(
    subscriber: Subscriber,
    alert: Alert,
    held: Delivery | None,
    now_ms: int,
    around: Around = ALONE,
) -> Delivery | None:
    """What a new state of an alert makes of the delivery; None where nothing changes.

    The newest state replaces one that still waits. Who was told that it fires is told all that
    follows, however little it matches by then; a resolve goes to nobody else, except that an alert
    which waits for a receiver that is down is told as over.
    """
    if held is not None and alert.revision <= max(held.revision, held.told_revision):
        return None
    was_told = held is not None and held.told_revision >= 0
    waits = held is not None and held.pending is not None
    escalation = None
    if not was_told and not waits and match(subscriber, alert) is not Reason.MATCHED:
        escalation = around.escalation
        if escalation is None:
            return None
    if held is None and alert.state is AlertState.RESOLVED:
        return None
    delivery = held or new_delivery(subscriber, alert, now_ms)
    if escalation is not None:
        delivery = replace(
            delivery, escalated_from=escalation.subscriber, escalates_at_ms=escalation.at_ms
        )
    reason = _not_to_be_told(subscriber, alert, delivery, now_ms, around)
    if reason is not None:
        return put_aside(delivery, alert, reason, now_ms)
    # Another message than the one that failed: it is due, and counts from nothing.
    delivery = replace(delivery, failures=0, failing_since_ms=0, due_ms=0)
    verdict = ready(
        subscriber, replace(delivery, pending=alert), now_ms, muted_until_ms=around.muted_until_ms
    )
    return replace(
        delivery,
        channel=subscriber.channel,
        revision=alert.revision,
        outcome=Outcome.HELD,
        reason=verdict.reason,
        at_ms=now_ms,
        matched_at_ms=delivery.matched_at_ms if waits else now_ms,
        is_over=alert.state is AlertState.RESOLVED,
        pending=alert,
        parts_sent=0,
    )


def _not_to_be_told(
    subscriber: Subscriber, alert: Alert, delivery: Delivery, now_ms: int, around: Around
) -> Reason | None:
    """Silenced, seen to, folded; or over, of which this subscriber has heard nothing."""
    was_told = delivery.told_revision >= 0
    if alert.state is not AlertState.RESOLVED:
        if alert.silenced_by:
            return Reason.SILENCED
        if is_no_news(subscriber, alert, delivery, around.doing):
            return Reason.ACKNOWLEDGED
        is_first = not was_told and not delivery.escalated_from
        return folding(subscriber, alert, around.others) if is_first else None
    if was_told:
        return None
    if delivery.pending is None:
        return Reason.NEVER_TOLD
    verdict = ready(subscriber, delivery, now_ms, muted_until_ms=around.muted_until_ms)
    is_kept_back = verdict.reason in (Reason.WAITING, Reason.MUTED, Reason.ESCALATION)
    return Reason.OVER_BEFORE_TOLD if is_kept_back else None


def is_no_news(subscriber: Subscriber, alert: Alert, delivery: Delivery, doing: Doing) -> bool:
    """Whether somebody sees to the alert, so that a repeat or an escalation would only disturb.

    What is much worse than what was told is news all the same.
    """
    if not doing.is_seen_to:
        return False
    if delivery.told_revision < 0:
        return bool(delivery.escalated_from)
    return not is_program(subscriber) and alert.severity < delivery.told_severity + WORSE


def folding(subscriber: Subscriber, alert: Alert, others: Mapping[str, Delivery]) -> Reason | None:
    """Whether a person hears of it by another alert: the head of its incident, or the same of the
    brand whose product it is about. What is much worse than that is told by itself."""
    if is_program(subscriber) or subscriber.every_alert:
        return None
    head = others.get(alert.incident) if alert.incident != alert.id else None
    if head is not None and _covers(head, alert):
        return Reason.IN_INCIDENT
    if alert.parent and any(
        other.brand == alert.parent and other.kind == alert.kind and _covers(other, alert)
        for other in others.values()
    ):
        return Reason.UNDER_PARENT
    return None


def _covers(other: Delivery, alert: Alert) -> bool:
    if other.item or other.is_over or not (other.told_revision >= 0 or other.pending):
        return False
    return alert.severity < severity_of(other) + WORSE


def severity_of(delivery: Delivery) -> int:
    """The worst that was told, or waits to be."""
    waiting = 0 if delivery.pending is None else delivery.pending.severity
    return max(delivery.told_severity, waiting)


def new_delivery(subscriber: Subscriber, alert: Alert, now_ms: int) -> Delivery:
    """Of an alert of which the subscriber has heard nothing."""
    return Delivery(
        subscriber=subscriber.id,
        channel=subscriber.channel,
        alert=alert.id,
        brand=alert.brand,
        kind=alert.kind,
        incident="" if alert.incident == alert.id else alert.incident,
        revision=alert.revision,
        outcome=Outcome.HELD,
        reason=Reason.DUE,
        at_ms=now_ms,
        matched_at_ms=now_ms,
    )


def put_aside(delivery: Delivery, alert: Alert, reason: Reason, now_ms: int) -> Delivery:
    """Not to be told."""
    return replace(
        delivery,
        revision=alert.revision,
        outcome=Outcome.NOT_SENT,
        reason=reason,
        at_ms=now_ms,
        is_over=alert.state is AlertState.RESOLVED,
        pending=None,
        due_ms=0,
        parts_sent=0,
    )


def escalates(
    subscriber: Subscriber, steps: Iterable[tuple[Subscriber, int]], alert: Alert, now_ms: int
) -> Escalation | None:
    """Whether an alert comes to a subscriber when others do not acknowledge it: the earliest turn.

    `steps`: who escalates to this subscriber, and at which place of the list it stands, from 1 on.
    The time counts from when those could be told at the earliest, whether or not their receiver
    takes messages.
    """
    found: Escalation | None = None
    if alert.state is AlertState.RESOLVED or alert.silenced_by:
        return None
    if alert.incident not in ("", alert.id) and not subscriber.every_alert:
        return None
    for first, place in steps:
        if match(first, alert) is not Reason.MATCHED:
            continue
        begins_ms = max(hours(first, alert.severity, now_ms).until_ms, now_ms)
        at_ms = begins_ms + first.wait_s * 1000 + place * first.escalate_min * 60_000
        if found is None or at_ms < found.at_ms:
            found = Escalation(first.id, at_ms)
    return found


def ready(
    subscriber: Subscriber,
    delivery: Delivery,
    now_ms: int,
    *,
    muted_until_ms: int = 0,
    group_told_ms: int = 0,
) -> Verdict:
    """Whether what waits may be told now, as far as this delivery goes: muted, hours, escalation,
    group, retry. `group_told_ms`: when the group of the alert was told of last."""
    if not delivery.waits:
        return Verdict(Reason.DUPLICATE)
    for verdict in (
        Verdict(Reason.MUTED, muted_until_ms),
        _may_disturb(subscriber, delivery, now_ms),
        group(subscriber, delivery, now_ms, group_told_ms),
        Verdict(Reason.FAILED if delivery.failures else Reason.THROTTLED, delivery.due_ms),
    ):
        if verdict.until_ms > now_ms:
            return verdict
    return Verdict(Reason.DUE)


def _may_disturb(subscriber: Subscriber, delivery: Delivery, now_ms: int) -> Verdict:
    """An escalation comes when its time has, at all hours; a digest, when it was ordered."""
    if isinstance(delivery.about, Digest):
        return Verdict(Reason.DUE)
    if delivery.escalated_from and delivery.told_revision < 0:
        return Verdict(Reason.ESCALATION, delivery.escalates_at_ms)
    return hours(subscriber, severity_of(delivery), now_ms)


def hours(subscriber: Subscriber, severity: int, now_ms: int) -> Verdict:
    """Whether a subscriber may be disturbed; else when that begins."""
    if severity >= subscriber.urgent_severity or not (subscriber.hours or subscriber.days):
        return Verdict(Reason.DUE)
    zone = ZoneInfo(subscriber.zone)
    begin_min, end_min = _span_of(subscriber.hours)
    days = subscriber.days or _WEEKDAYS
    today = datetime.fromtimestamp(now_ms / 1000, zone).date()
    for ahead in range(-1, _LOOK_AHEAD_DAYS):
        day = today + timedelta(days=ahead)
        if _WEEKDAYS[day.weekday()] not in days:
            continue
        midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
        # Wall-clock arithmetic: nine o'clock is nine o'clock when the clocks change, too.
        begins_ms = _ms(midnight + timedelta(minutes=begin_min))
        ends_ms = _ms(midnight + timedelta(minutes=end_min))
        if begins_ms <= now_ms < ends_ms:
            return Verdict(Reason.DUE)
        if begins_ms > now_ms:
            return Verdict(Reason.OUTSIDE_HOURS, begins_ms)
    return Verdict(Reason.DUE)


def _span_of(text: str) -> tuple[int, int]:
    """First minute of the day and the one behind the last, which may lie in the next day.

    >>> _span_of("22:00-06:00"), _span_of("")
    ((1320, 1800), (0, 1440))
    """
    if not text:
        return 0, _DAY_MIN
    begin, _, end = text.partition("-")
    first, last = (int(clock[:2]) * 60 + int(clock[3:]) for clock in (begin, end))
    return first, last if last > first else last + _DAY_MIN


def _ms(local: datetime) -> int:
    return round(local.timestamp() * 1000)


def group(
    subscriber: Subscriber, delivery: Delivery, now_ms: int, group_told_ms: int = 0
) -> Verdict:
    """Whether what is told of one alert, or of a group of them, is to be gathered for longer."""
    alert = delivery.pending
    if alert is None:
        return Verdict(Reason.DUE)
    interval_ms = subscriber.interval_min * 60_000
    if delivery.told_revision < 0:
        if delivery.escalated_from:
            return Verdict(Reason.DUE)
        until_ms = delivery.matched_at_ms + subscriber.wait_s * 1000
        if group_told_ms and alert.severity < subscriber.urgent_severity:
            until_ms = max(until_ms, group_told_ms + interval_ms)
    elif alert.state is AlertState.RESOLVED or alert.severity >= delivery.told_severity + WORSE:
        return Verdict(Reason.DUE)
    else:
        until_ms = delivery.told_at_ms + interval_ms
    return Verdict(Reason.WAITING, until_ms) if until_ms > now_ms else Verdict(Reason.DUE)


def group_of(subscriber: Subscriber, delivery: Delivery) -> str:
    """What alerts that share a message have in common; empty: each has its own."""
    if delivery.item or is_program(subscriber):
        return ""
    return {Gather.ALERT: "", Gather.BRAND: f"brand {delivery.brand}", Gather.ALL: "all"}[
        subscriber.gather
    ]


def groups_told(subscriber: Subscriber, held: Iterable[Delivery]) -> dict[str, int]:
    """When each group, of which an alert still fires, was told of last."""
    found: dict[str, int] = {}
    for delivery in held:
        mine = group_of(subscriber, delivery)
        if mine and delivery.told_at_ms > found.get(mine, 0):
            found[mine] = delivery.told_at_ms
    return found


def companions(
    subscriber: Subscriber, first: Delivery, waiting: Iterable[Delivery], now_ms: int
) -> list[Delivery]:
    """Others that may be told in the message of `first`, the most severe first.

    What failed before goes alone, so that one message which a receiver chokes on takes no others
    with it.
    """
    mine = group_of(subscriber, first)
    if not mine or first.failures or first.parts_sent:
        return []
    found = [
        one
        for one in waiting
        if one.name != first.name
        and group_of(subscriber, one) == mine
        and not (one.failures or one.parts_sent)
        and ready(subscriber, one, now_ms).reason in (Reason.DUE, Reason.WAITING)
    ]
    return sorted(found, key=lambda one: (-severity_of(one), one.matched_at_ms, one.name))


def limit(sent_ms: Sequence[int], per_minute: int, spacing_ms: int, now_ms: int) -> Verdict:
    """Whether a receiver takes another message, after those that ended at `sent_ms` (in order).

    A message counts from its end: the receiver saw it before that, so whatever a network delays,
    it never sees more than `per_minute` within a minute.

    >>> limit([1_000, 2_000], 2, 0, 50_000).until_ms, limit([1_000], 20, 1_000, 1_500).until_ms
    (61001, 2001)
    """
    until_ms = 0
    if spacing_ms and sent_ms:
        until_ms = sent_ms[-1] + spacing_ms + 1
    if per_minute and len(sent_ms) >= per_minute:
        until_ms = max(until_ms, sent_ms[-per_minute] + LIMIT_WINDOW_MS + 1)
    return Verdict(Reason.LIMIT, until_ms) if until_ms > now_ms else Verdict(Reason.DUE)


def first_ready(
    subscriber: Subscriber,
    waiting: Iterable[Delivery],
    now_ms: int,
    *,
    is_down: bool,
    muted_until_ms: int = 0,
    told_ms: Mapping[str, int] = MappingProxyType({}),
) -> tuple[Delivery | None, int]:
    """The delivery to send next, or None and when to ask again (0: nothing waits).

    Those that failed least come first, so that one message which a receiver chokes on keeps no
    other from it. Where the receiver `is_down`, a retry's own time does not count: any is a probe.
    `told_ms`: as `groups_told` says.
    """
    best: Delivery | None = None
    until_ms = 0
    for delivery in waiting:
        asked = replace(delivery, due_ms=0) if is_down else delivery
        verdict = ready(
            subscriber,
            asked,
            now_ms,
            muted_until_ms=muted_until_ms,
            group_told_ms=told_ms.get(group_of(subscriber, delivery), 0) if told_ms else 0,
        )
        if verdict.reason is Reason.DUE:
            if best is None or _order(delivery) < _order(best):
                best = delivery
        elif verdict.until_ms and (not until_ms or verdict.until_ms < until_ms):
            until_ms = verdict.until_ms
    return best, until_ms


def _order(delivery: Delivery) -> tuple[int, int, str]:
    return delivery.failures, delivery.matched_at_ms, delivery.name
