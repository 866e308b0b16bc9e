"""Each stage says why."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from delivery.stages import first_ready, group, hours, limit, match, ready, take_in
from schemas.alert import Alert, AlertState
from schemas.catalogue import Subscriber, Weekday
from schemas.delivery import Delivery, Outcome, Reason
from schemas.mention import Objective
from schemas.rules import RuleKind
from tests.delivery.alerts import MINUTE_MS, NOON_MS, alert, resolved, subscriber


@pytest.mark.parametrize(
    ("wanted", "given_alert", "reason"),
    [
        ({}, {}, Reason.MATCHED),
        ({}, {"brand": "*"}, Reason.MATCHED),
        ({"brands": ("xiaomi",)}, {}, Reason.MATCHED),
        ({"brands": ("huawei",)}, {}, Reason.OTHER_BRAND),
        ({"brands": ("xiaomi",)}, {"brand": "*"}, Reason.OTHER_BRAND),
        ({"brands": ("mi",)}, {"brand": "redmi", "parent": "mi"}, Reason.MATCHED),
        ({"brands": ("xiaomi",)}, {"brand": "~phones"}, Reason.OTHER_GROUP),
        ({"groups": ("phones",)}, {"brand": "~phones"}, Reason.MATCHED),
        ({"groups": ("phones",)}, {}, Reason.OTHER_BRAND),
        ({"groups": ("phones",), "brands": ("xiaomi",)}, {}, Reason.MATCHED),
        ({"kinds": (RuleKind.CRISIS,)}, {}, Reason.OTHER_KIND),
        ({"kinds": (RuleKind.CRISIS, RuleKind.SPIKE)}, {}, Reason.MATCHED),
        ({"departments": ("pr",)}, {}, Reason.OTHER_DEPARTMENT),
        ({"departments": ("client-management",)}, {}, Reason.MATCHED),
        ({"intents": (Objective.SOCIAL_SALES,)}, {}, Reason.OTHER_INTENT),
        ({"intents": (Objective.CLIENT_MANAGEMENT,)}, {}, Reason.MATCHED),
        ({"min_severity": 7}, {}, Reason.TOO_MILD),
        ({"min_severity": 6}, {}, Reason.MATCHED),
    ],
)
def test_what_concerns_whom(
    wanted: dict[str, Any], given_alert: dict[str, Any], reason: Reason
) -> None:
    assert match(subscriber(**wanted), alert(**given_alert)) is reason


def taken(who: Subscriber, *alerts: Alert, now_ms: int = NOON_MS) -> Delivery | None:
    held: Delivery | None = None
    for one in alerts:
        held = take_in(who, one, held, now_ms) or held
    return held


def told(revision: int = 0, severity: int = 6, at_ms: int = NOON_MS) -> Delivery:
    held = taken(subscriber(), alert())
    assert held is not None
    return replace(
        held, outcome=Outcome.SENT, reason=Reason.SENT, pending=None, told_revision=revision,
        told_state=AlertState.FIRING, told_severity=severity, told_at_ms=at_ms,
    )  # fmt: skip


def test_what_matches_waits_to_be_sent() -> None:
    held = taken(subscriber(), alert())
    assert held is not None
    assert (held.outcome, held.reason, held.pending) == (Outcome.HELD, Reason.DUE, alert())
    assert taken(subscriber(min_severity=9), alert()) is None


def test_the_same_state_again_changes_nothing() -> None:
    held = taken(subscriber(), alert(revision=3))
    for revision in range(4):
        assert take_in(subscriber(), alert(revision=revision), held, NOON_MS) is None
    assert take_in(subscriber(), alert(revision=0), told(), NOON_MS) is None


def test_a_newer_state_replaces_the_one_that_waits_and_keeps_its_place() -> None:
    first = take_in(subscriber(), alert(), None, NOON_MS)
    later = take_in(subscriber(), alert(revision=1), first, NOON_MS + 5)
    assert later is not None
    assert (later.pending, later.matched_at_ms) == (alert(revision=1), NOON_MS)


def test_who_was_told_hears_of_all_that_follows() -> None:
    mild = subscriber(min_severity=6)
    for later in (alert(revision=1, severity=2), resolved(severity=2)):
        held = take_in(mild, later, told(), NOON_MS)
        assert held is not None
        assert held.pending == later


def test_who_was_not_told_hears_of_no_end() -> None:
    assert taken(subscriber(), resolved()) is None
    assert taken(subscriber(min_severity=7), alert(), resolved()) is None
    silenced = taken(subscriber(), alert(silenced_by="fair"), resolved())
    assert silenced is not None
    assert (silenced.outcome, silenced.reason) == (Outcome.NOT_SENT, Reason.NEVER_TOLD)


def test_what_is_silenced_is_not_told_until_it_is_not() -> None:
    held = taken(subscriber(), alert(silenced_by="fair"))
    assert held is not None
    assert (held.outcome, held.reason, held.pending) == (Outcome.NOT_SENT, Reason.SILENCED, None)
    again = take_in(subscriber(), alert(revision=1), held, NOON_MS)
    assert again is not None
    assert again.pending == alert(revision=1)


def test_an_alert_that_ends_while_its_group_waits_is_not_told() -> None:
    held = taken(subscriber(wait_s=60), alert(), resolved())
    assert held is not None
    assert (held.outcome, held.reason) == (Outcome.NOT_SENT, Reason.OVER_BEFORE_TOLD)


def test_an_alert_that_ends_while_its_receiver_is_down_is_told_as_over() -> None:
    held = taken(subscriber(), alert())
    assert held is not None
    down = replace(held, reason=Reason.FAILED, failures=1, due_ms=NOON_MS + 5000)
    over = take_in(subscriber(), resolved(), down, NOON_MS)
    assert over is not None
    assert (over.outcome, over.pending, over.is_over) == (Outcome.HELD, resolved(), True)
    assert (over.failures, over.due_ms) == (0, 0)  # another message: it is due at once


def local(text: str, zone: str = "Asia/Shanghai") -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)


WORK: dict[str, Any] = {
    "hours": "09:00-18:00",
    "days": (Weekday.MON, Weekday.TUE, Weekday.WED, Weekday.THU, Weekday.FRI),
}


@pytest.mark.parametrize(
    ("when", "now", "until"),
    [
        (WORK, "2026-05-25T09:00", None),
        (WORK, "2026-05-25T17:59", None),
        (WORK, "2026-05-25T18:00", "2026-05-26T09:00"),
        (WORK, "2026-05-25T03:00", "2026-05-25T09:00"),
        (WORK, "2026-05-29T18:00", "2026-06-01T09:00"),
        ({"hours": "22:00-06:00"}, "2026-05-25T05:59", None),
        ({"hours": "22:00-06:00"}, "2026-05-25T06:00", "2026-05-25T22:00"),
        ({"hours": "22:00-06:00", "days": (Weekday.SUN,)}, "2026-05-25T05:59", None),
        ({"hours": "22:00-06:00", "days": (Weekday.MON,)}, "2026-05-25T05:59", "2026-05-25T22:00"),
        ({"days": (Weekday.SAT,)}, "2026-05-25T12:00", "2026-05-30T00:00"),
        ({"hours": "08:00-24:00"}, "2026-05-25T23:59", None),
        ({}, "2026-05-25T03:00", None),
    ],
)
def test_hours_are_those_of_the_subscriber(
    when: dict[str, Any], now: str, until: str | None
) -> None:
    verdict = hours(subscriber(**when), 5, local(now))
    expected = (Reason.DUE, 0) if until is None else (Reason.OUTSIDE_HOURS, local(until))
    assert verdict == expected
    assert hours(subscriber(**when), 8, local(now)).reason is Reason.DUE  # severe ones always


@pytest.mark.parametrize("day", ["2026-03-08", "2026-11-01"])
def test_nine_is_nine_when_the_clocks_change(day: str) -> None:
    who = subscriber(hours="09:00-10:00", zone="America/New_York")
    midnight = local(f"{day}T00:00", "America/New_York")
    assert hours(who, 1, midnight).until_ms == local(f"{day}T09:00", "America/New_York")


@given(st.integers(0, 4_000_000_000), st.sampled_from(["09:00-18:00", "22:00-06:00", ""]),
       st.sets(st.sampled_from(list(Weekday)), max_size=3),
       st.sampled_from(["Asia/Shanghai", "Europe/Berlin", "America/New_York"]))  # fmt: skip
def test_when_the_hours_begin_they_have_begun(
    now_s: int, span: str, days: set[Weekday], zone: str
) -> None:
    who = subscriber(hours=span, days=tuple(days), zone=zone)
    verdict = hours(who, 1, now_s * 1000)
    if verdict.reason is Reason.OUTSIDE_HOURS:
        assert verdict.until_ms > now_s * 1000
        assert hours(who, 1, verdict.until_ms).reason is Reason.DUE
        assert hours(who, 1, verdict.until_ms - 1).reason is Reason.OUTSIDE_HOURS


def test_states_are_gathered_for_a_while() -> None:
    who = subscriber(wait_s=30, interval_min=10)
    new = take_in(who, alert(), None, NOON_MS)
    assert new is not None
    assert group(who, new, NOON_MS) == (Reason.WAITING, NOON_MS + 30_000)
    assert group(who, new, NOON_MS + 30_000).reason is Reason.DUE
    update = replace(told(), pending=alert(revision=1))
    assert group(who, update, NOON_MS + 1) == (Reason.WAITING, NOON_MS + 10 * MINUTE_MS)
    worse = replace(told(), pending=alert(revision=1, severity=8))
    assert group(who, worse, NOON_MS + 1).reason is Reason.DUE
    over = replace(told(), pending=resolved())
    assert group(who, over, NOON_MS + 1).reason is Reason.DUE


def test_a_retry_waits_for_its_time_unless_the_receiver_is_probed() -> None:
    held = take_in(subscriber(), alert(), None, NOON_MS)
    assert held is not None
    later = replace(held, failures=1, due_ms=NOON_MS + 5000)
    assert ready(subscriber(), later, NOON_MS) == (Reason.FAILED, NOON_MS + 5000)
    assert first_ready(subscriber(), [later], NOON_MS, is_down=False) == (None, NOON_MS + 5000)
    assert first_ready(subscriber(), [later], NOON_MS, is_down=True)[0] == later


def test_what_failed_least_goes_first() -> None:
    old, new = (take_in(subscriber(), alert(n), None, NOON_MS + n) for n in (1, 2))
    assert old is not None
    assert new is not None
    failed = replace(old, failures=2)
    who = subscriber()
    assert first_ready(who, [failed, new], NOON_MS + 9, is_down=True)[0] == new
    assert first_ready(who, [new, old], NOON_MS + 9, is_down=False)[0] == old


@given(st.lists(st.integers(0, 120_000), max_size=60), st.integers(1, 20), st.integers(0, 1000))
def test_no_minute_has_more_than_the_limit(
    wishes: list[int], per_minute: int, spacing_ms: int
) -> None:
    sent: list[int] = []
    now_ms = 0
    for wish in sorted(wishes):
        now_ms = max(now_ms, wish)
        verdict = limit(sent, per_minute, spacing_ms, now_ms)
        now_ms = max(now_ms, verdict.until_ms)
        assert limit(sent, per_minute, spacing_ms, now_ms).reason is Reason.DUE
        sent.append(now_ms)
    for at, first in enumerate(sent):
        assert sum(one <= first + 60_000 for one in sent[at:]) <= per_minute
