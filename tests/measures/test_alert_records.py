"""What findings make of an alert: pending, firing, updated, resolved, and why nothing is told."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from measures.alert_life import is_over, resolve_after_ms
from measures.alert_records import Subject, alert_id, notice_of, resolved, withdrawn
from measures.brand_state import BrandState
from measures.rules.finding import Finding
from schemas.alert import Alert, AlertState, SuppressedReason
from schemas.catalogue import Brand, Silence
from schemas.rules import RULE_OF_KIND, CrisisRule, DropRule, Rule, RuleKind, ShareRule, SpikeRule
from tests.measures.feed import DAY, HOUR, Feed, at, begun, check_lives, ended, learned
from tests.measures.stream import board

X = Brand(id="x", name="X", parent="house", department="care")
SPIKE = SpikeRule(id="spike")


def finding(severity: int = 1, seen: float = 100, expected: float = 10, **more: Any) -> Finding:
    return Finding(seen, expected, severity, "many posts", **more)


def subject(rule: Rule = SPIKE, **more: Any) -> Subject:
    return Subject(BrandState(), rule, X, **more)


def found(about: Subject, start_ms: int, what: Finding) -> Alert | None:
    """The record that comes of a finding."""
    return notice_of(about, start_ms, what).alert


def test_the_first_finding_fires_with_all_that_is_known() -> None:
    alert = found(subject(), at(3), finding(4, probability=0.001, horizon_min=5))
    assert alert is not None
    assert (alert.state, alert.revision, alert.severity) == (AlertState.FIRING, 0, 4)
    assert (alert.fingerprint, alert.brand, alert.kind) == ("spike/x", "x", "spike")
    assert (alert.started_at_ms, alert.updated_at_ms, alert.ended_at_ms) == (at(3), at(3), None)
    assert (alert.department, alert.parent) == ("care", "house")
    assert (alert.evidence.probability, alert.evidence.horizon_min) == (0.001, 5)


def test_the_id_is_that_of_the_fingerprint_and_the_begin() -> None:
    one, other = found(subject(), at(3), finding()), found(subject(), at(3), finding(9, 900))
    assert one is not None
    assert other is not None
    assert one.id == other.id == alert_id("spike/x", at(3))
    later = found(subject(), at(4), finding())
    assert later is not None
    assert later.id != one.id


@pytest.mark.parametrize(
    ("minutes", "severity", "seen", "is_told"),
    [
        (1, 1, 100, False),  # the same
        (9, 1, 100, False),  # the same for long
        (9, 1, 149, False),  # hardly more
        (9, 1, 150, True),  # half as much again
        (9, 2, 100, True),  # more severe
        (2, 3, 100, False),  # more severe, but told a moment ago
        (2, 4, 100, True),  # much worse is told at once
        (9, 1, 10, False),  # less
    ],
)
def test_an_update_is_told_when_it_has_grown(
    minutes: int, severity: int, seen: float, is_told: bool
) -> None:
    about = subject()
    found(about, at(0), finding(1, 100))
    update = found(about, at(minutes), finding(severity, seen))
    assert (update is not None) is is_told
    if update is not None:
        assert (update.revision, update.seen, update.severity) == (1, seen, severity)
        assert (update.started_at_ms, update.updated_at_ms) == (at(0), at(minutes))


@pytest.mark.parametrize(("seen", "expected"), [(0, 0), (0, 50), (30, 100)])
def test_of_what_is_less_than_expected_more_is_no_growth(seen: float, expected: float) -> None:
    about = subject(DropRule(id="drop"))
    found(about, at(0), finding(2, seen, expected))
    for minute in range(1, 60):
        assert found(about, at(minute), finding(2, 2 * seen, expected)) is None
    assert found(about, at(60), finding(3, 0, expected)) is not None


def test_it_is_over_when_whole_minutes_have_passed_without_it() -> None:
    rule = SpikeRule(id="r", resolve_after_min=2)
    about = subject(rule)
    found(about, at(0), finding())
    held = about.state.alerts["r"]
    assert [
        is_over(held.true_at_ms, resolve_after_ms(rule), at(minute)) for minute in (1, 2, 3)
    ] == [False, False, True]
    end = resolved(about)
    assert (end.state, end.revision, end.ended_at_ms) == (AlertState.RESOLVED, 1, at(3))
    assert about.state.alerts == {}
    assert "over after 1 min" in end.reason


def test_an_older_minute_that_is_looked_at_late_takes_nothing_back() -> None:
    about = subject()
    found(about, at(5), finding())
    update = found(about, at(4), finding(9))
    assert update is not None
    assert update.updated_at_ms == at(5)
    assert about.state.alerts["spike"].told_at_ms == at(5)


def lived(severity: int, **fields: Any) -> Subject:
    kind = fields.pop("kind", RuleKind.SPIKE)
    about = subject(RULE_OF_KIND[kind](id="r", **fields))
    found(about, at(0), finding(severity))
    resolved(about)
    return about


@pytest.mark.parametrize(("kind", "worse"), [(RuleKind.SPIKE, 1), (RuleKind.DROP, 5)])
def test_no_new_alert_begins_in_the_cool_down_unless_it_is_worse(
    kind: RuleKind, worse: int
) -> None:
    """Of more posts beyond the last peak, else far worse."""
    about = lived(2, kind=kind)
    assert found(about, at(2 * HOUR), finding(2 + worse - 1)) is None
    assert found(about, at(9 * HOUR - 1), finding(2)) is None
    much_worse = found(about, at(2 * HOUR), finding(2 + worse))
    assert much_worse is not None
    assert much_worse.revision == 0


def test_a_new_alert_begins_after_the_cool_down() -> None:
    again = found(lived(2), at(9 * HOUR), finding(1))
    assert again is not None
    assert (again.revision, again.started_at_ms) == (0, at(9 * HOUR))


@pytest.mark.parametrize(
    ("fields", "minute", "begins"),
    [
        ({"kind": RuleKind.CRISIS}, 40, True),  # a crisis is told each time
        ({"kind": RuleKind.SILENCE}, 40, True),
        ({"cool_down_min": 0}, 40, True),
        ({"cool_down_min": 100}, 99, False),
        ({"cool_down_min": 100}, 100, True),
    ],
)
def test_the_kind_or_the_rule_says_how_long_the_cool_down_is(
    fields: dict[str, Any], minute: int, begins: bool
) -> None:
    assert (found(lived(2, **fields), at(minute), finding(2)) is not None) is begins


def test_what_has_ended_does_not_begin_again_in_the_same_minute_under_the_same_id() -> None:
    about = lived(1, cool_down_min=0)
    assert found(about, at(0), finding(10)) is None
    assert found(about, at(1), finding(10)) is not None


def test_a_condition_has_to_hold_for_the_minutes_that_the_rule_says() -> None:
    about = subject(SpikeRule(id="r", pending_min=4))
    told = [found(about, at(minute), finding()) is not None for minute in range(5)]
    assert told == [False, False, False, False, True]
    assert about.state.pending == {}
    assert about.state.alerts["r"].started_at_ms == at(4)


def test_a_gap_begins_the_waiting_anew() -> None:
    about = subject(SpikeRule(id="r", pending_min=4))
    for minute in (0, 2, 20, 22):
        assert found(about, at(minute), finding()) is None
    assert found(about, at(24), finding()) is not None


def test_a_silence_in_force_marks_the_record() -> None:
    silence = Silence(id="launch", reason="we know", until="")
    notice = notice_of(subject(silences=[silence]), at(0), finding())
    alert = notice.alert
    assert alert is not None
    assert alert.silenced_by == "launch"
    assert notice.suppressed is SuppressedReason.SILENCE


@pytest.mark.parametrize(
    ("around", "reason"),
    [
        ({"is_active": False}, SuppressedReason.OUTSIDE_ACTIVE_HOURS),
        ({"is_platform_burst": True}, SuppressedReason.PLATFORM_WIDE_BURST),
    ],
)
def test_what_counts_as_no_finding_leaves_no_trace(
    around: dict[str, bool], reason: SuppressedReason
) -> None:
    about = subject(SpikeRule(id="r", pending_min=4))
    before = msgspec.msgpack.encode(about.state)
    notice = notice_of(about, at(0), finding(), **around)
    assert (notice.alert, notice.suppressed, notice.is_kept) == (None, reason, False)
    assert msgspec.msgpack.encode(about.state) == before


def test_an_alert_that_fires_outside_its_hours_is_not_kept_alive() -> None:
    about = subject()
    found(about, at(0), finding())
    notice_of(about, at(9), finding(9), is_active=False)
    assert about.state.alerts["spike"].true_at_ms == at(0)


def test_each_step_of_a_life_that_is_not_told_has_its_reason() -> None:
    about = subject(SpikeRule(id="r", pending_min=1))
    reasons = [notice_of(about, at(minute), finding()).suppressed for minute in range(3)]
    assert reasons == [SuppressedReason.PENDING, None, SuppressedReason.ALREADY_FIRING]
    resolved(about)
    reasons = [notice_of(about, at(minute), finding()).suppressed for minute in (60, 61)]
    assert reasons == [SuppressedReason.PENDING, SuppressedReason.COOL_DOWN]


def test_what_is_about_a_rival_has_a_key_and_a_fingerprint_of_its_own() -> None:
    share = ShareRule(id="share")
    state = BrandState()
    for name in ("x", "y"):
        about = Subject(state, share, Brand(id=name, name=name), about=name)
        alert = found(about, at(0), finding())
        assert alert is not None
        assert alert.fingerprint == f"share/{name}"
    assert set(state.alerts) == {"share/x", "share/y"}


def test_what_no_rule_looks_for_ends_now_and_says_so() -> None:
    about = subject()
    found(about, at(0), finding())
    end = withdrawn(about, at(7))
    assert (end.state, end.revision, end.ended_at_ms) == (AlertState.RESOLVED, 1, at(7))
    assert "no rule looks for this any more" in end.reason


def test_a_burst_that_several_horizons_see_is_one_alert_and_going_on_is_no_other() -> None:
    feed = learned([SPIKE], 2 * DAY, 0.5)
    feed.minutes(3 * HOUR, 30)
    assert len({alert.id for alert in feed.alerts}) == 1
    assert len(feed.alerts) <= 8
    feed.minutes(6 * HOUR, 0.5)
    check_lives(feed.alerts)
    assert len(ended(feed.alerts)) == 1


def test_waves_of_one_event_are_one_alert() -> None:
    feed = learned([SPIKE], 2 * DAY, 0.5)
    for _ in range(4):
        feed.minutes(20, 30)
        feed.minutes(25, 0.5)
    assert len(begun(feed.alerts)) == 1


def test_an_alert_that_may_end_at_once_lasts_while_its_condition_holds() -> None:
    """With a minute to resolve, an event must not end and begin at each tick."""
    rule = CrisisRule(id="fire", words=("火",), resolve_after_min=1, cool_down_min=0)
    feed = Feed(board([rule]))
    for _ in range(10):
        feed.posts(feed.some(5, text="火"))
    feed.minutes(5, 0)
    assert len(begun(feed.alerts)) == len(ended(feed.alerts)) == 1
    check_lives(feed.alerts)


FINDINGS = st.lists(
    st.tuples(
        st.integers(0, 200), st.integers(1, 10), st.floats(0, 1e6), st.booleans(), st.booleans()
    ),
    max_size=30,
)
RULES = st.sampled_from(RuleKind).flatmap(
    lambda kind: st.builds(
        RULE_OF_KIND[kind],
        id=st.just("r"),
        pending_min=st.sampled_from([0, 0, 4]),
        cool_down_min=st.sampled_from([RULE_OF_KIND[kind](id="r").cool_down_min, 0, 30]),
    )
)


@given(RULES, FINDINGS, st.booleans())
def test_every_finding_is_told_or_has_a_reason(
    rule: Rule,
    findings: list[tuple[int, int, float, bool, bool]],
    is_silenced: bool,
) -> None:
    silences = [Silence(id="s", reason="", until="")] if is_silenced else []
    about = subject(rule, silences=silences)
    for minute, severity, seen, is_active, is_burst in sorted(findings):
        what = finding(severity, seen)
        notice = notice_of(about, at(minute), what, is_active=is_active, is_platform_burst=is_burst)
        told = notice.alert
        if told is None:
            assert notice.suppressed not in {None, SuppressedReason.SILENCE}
        else:
            assert notice.suppressed is (SuppressedReason.SILENCE if is_silenced else None)
            assert told.silenced_by == ("s" if is_silenced else "")
        if minute % 3 == 0 and about.state.alerts:
            resolved(about)
