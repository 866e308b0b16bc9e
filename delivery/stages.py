"""What happens to an alert on its way to a subscriber; each stage gives a named reason.

match → silenced → hours → group → duplicate → limit → send → retry → record. Pure: time is an
argument, and a held delivery goes in and comes out.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from schemas.alert import Alert, AlertState
from schemas.catalogue import Subscriber, Weekday
from schemas.delivery import Delivery, Outcome, Reason
from schemas.mention import GROUP_PREFIX

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


def match(subscriber: Subscriber, alert: Alert) -> Reason:
    """Whether an alert concerns a subscriber; `MATCHED`, or the first condition that it fails.

    Alerts about the whole feed (`*`) go to those who name neither brands nor groups.
    """
    about = _about_another(subscriber, alert)
    if about is not None:
        return about
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
    subscriber: Subscriber, alert: Alert, held: Delivery | None, now_ms: int
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
    if not was_told and not waits and match(subscriber, alert) is not Reason.MATCHED:
        return None
    if held is None and alert.state is AlertState.RESOLVED:
        return None
    if (reason := _not_to_be_told(subscriber, alert, held, now_ms)) is not None:
        return _put(subscriber, alert, held, reason, now_ms)
    # Another message than the one that failed: it is due, and counts from nothing.
    delivery = replace(
        held or _new(subscriber, alert, now_ms), failures=0, failing_since_ms=0, due_ms=0
    )
    verdict = ready(subscriber, replace(delivery, pending=alert), now_ms)
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
    subscriber: Subscriber, alert: Alert, held: Delivery | None, now_ms: int
) -> Reason | None:
    """Silenced; or over, of which this subscriber has heard nothing."""
    if alert.state is not AlertState.RESOLVED:
        return Reason.SILENCED if alert.silenced_by else None
    if held is None or held.told_revision >= 0:
        return None
    if held.pending is None:
        return Reason.NEVER_TOLD
    is_gathered = group(subscriber, held, now_ms).reason is Reason.WAITING
    return Reason.OVER_BEFORE_TOLD if is_gathered else None


def _new(subscriber: Subscriber, alert: Alert, now_ms: int) -> Delivery:
    return Delivery(
        subscriber=subscriber.id,
        channel=subscriber.channel,
        alert=alert.id,
        brand=alert.brand,
        revision=alert.revision,
        outcome=Outcome.HELD,
        reason=Reason.DUE,
        at_ms=now_ms,
        matched_at_ms=now_ms,
    )


def _put(
    subscriber: Subscriber, alert: Alert, held: Delivery | None, reason: Reason, now_ms: int
) -> Delivery:
    """Not to be told."""
    return replace(
        held or _new(subscriber, alert, now_ms),
        revision=alert.revision,
        outcome=Outcome.NOT_SENT,
        reason=reason,
        at_ms=now_ms,
        is_over=alert.state is AlertState.RESOLVED,
        pending=None,
        due_ms=0,
        parts_sent=0,
    )


def ready(subscriber: Subscriber, delivery: Delivery, now_ms: int) -> Verdict:
    """Whether what waits may be told now, as far as this alert goes: hours, group, retry."""
    if delivery.pending is None:
        return Verdict(Reason.DUPLICATE)
    for verdict in (
        hours(subscriber, delivery.pending.severity, now_ms),
        group(subscriber, delivery, now_ms),
        Verdict(Reason.FAILED if delivery.failures else Reason.THROTTLED, delivery.due_ms),
    ):
        if verdict.until_ms > now_ms:
            return verdict
    return Verdict(Reason.DUE)


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


def group(subscriber: Subscriber, delivery: Delivery, now_ms: int) -> Verdict:
    """Whether the states of one alert are to be gathered a little longer."""
    alert = delivery.pending
    if alert is None:
        return Verdict(Reason.DUPLICATE)
    if delivery.told_revision < 0:
        until_ms = delivery.matched_at_ms + subscriber.wait_s * 1000
    elif alert.state is AlertState.RESOLVED or alert.severity >= delivery.told_severity + WORSE:
        return Verdict(Reason.DUE)
    else:
        until_ms = delivery.told_at_ms + subscriber.interval_min * 60_000
    return Verdict(Reason.WAITING, until_ms) if until_ms > now_ms else Verdict(Reason.DUE)


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
    subscriber: Subscriber, waiting: Iterable[Delivery], now_ms: int, *, is_down: bool
) -> tuple[Delivery | None, int]:
    """The delivery to send next, or None and when to ask again (0: nothing waits).

    Those that failed least come first, so that one message which a receiver chokes on keeps no
    other from it. Where the receiver `is_down`, a retry's own time does not count: any is a probe.
    """
    best: Delivery | None = None
    until_ms = 0
    for delivery in waiting:
        asked = replace(delivery, due_ms=0) if is_down else delivery
        verdict = ready(subscriber, asked, now_ms)
        if verdict.reason is Reason.DUE:
            if best is None or _order(delivery) < _order(best):
                best = delivery
        elif verdict.until_ms and (not until_ms or verdict.until_ms < until_ms):
            until_ms = verdict.until_ms
    return best, until_ms


def _order(delivery: Delivery) -> tuple[int, int, str]:
    return delivery.failures, delivery.matched_at_ms, delivery.alert
