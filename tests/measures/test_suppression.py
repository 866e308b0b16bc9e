"""Why nobody is told: each reason, which is named of several, and that none is missed."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from measures.brand_state import OpenAlert, PastAlert
from measures.rules.finding import Finding
from measures.suppression import Circumstances, silence_over, suppressed_by
from schemas.alert import SuppressedReason
from schemas.catalogue import Silence
from schemas.rules import RULE_OF_KIND, Rule, RuleKind, SpikeRule
from tests.measures.feed import DAY, Feed, at, catalogue, learned

NOW = at(100)
RULE = SpikeRule(id="r", pending_min=5)
FIRING = OpenAlert("id", at(90), at(99), 0, 2, 100, 10, "posts", "many posts", at(99))
HELD_BACK: Mapping[SuppressedReason, dict[str, Any]] = {
    SuppressedReason.OUTSIDE_ACTIVE_HOURS: {"is_active": False},
    SuppressedReason.PLATFORM_WIDE_BURST: {"is_platform_burst": True},
    SuppressedReason.ALREADY_FIRING: {"open": FIRING},
    SuppressedReason.PENDING: {"pending": None},
    SuppressedReason.COOL_DOWN: {"past": PastAlert(at(60), 2)},
    SuppressedReason.SILENCE: {"silences": (Silence(id="launch", reason="", until=""),)},
}
"""What makes each reason hold."""
FREE: dict[str, Any] = {"pending": (at(90), at(99))}


def finding(severity: int = 2, seen: float = 100) -> Finding:
    return Finding(seen, 10, severity, "many posts")


def reason_of(*holding: SuppressedReason, severity: int = 2) -> SuppressedReason | None:
    around = dict(FREE)
    for reason in holding:
        around |= HELD_BACK[reason]
    return suppressed_by(RULE, finding(severity), NOW, Circumstances(**around))


def test_without_any_reason_it_is_told() -> None:
    assert reason_of() is None


@pytest.mark.parametrize("reason", SuppressedReason)
def test_each_reason_holds_alone(reason: SuppressedReason) -> None:
    assert reason_of(reason) is reason


ALONGSIDE = [reason for reason in SuppressedReason if reason is not SuppressedReason.ALREADY_FIRING]


@given(st.sets(st.sampled_from(ALONGSIDE), min_size=1))
def test_of_several_reasons_the_first_in_their_order_is_named(
    holding: set[SuppressedReason],
) -> None:
    order = list(SuppressedReason)
    assert reason_of(*holding) is min(holding, key=order.index)


def test_what_fires_is_neither_held_back_nor_pending_nor_cooling_down() -> None:
    """It goes on; its active hours alone may end it."""
    fires = SuppressedReason.ALREADY_FIRING
    others = set(SuppressedReason) - {fires, SuppressedReason.OUTSIDE_ACTIVE_HOURS}
    assert reason_of(fires, *others) is fires
    assert reason_of(fires, *others, severity=5) is SuppressedReason.SILENCE
    assert reason_of(fires, severity=5) is None


@pytest.mark.parametrize(
    ("kind", "severity", "is_held_back"),
    [
        (RuleKind.SPIKE, 7, True),
        (RuleKind.COMPOSITE, 1, True),
        (RuleKind.SPIKE, 8, False),
        (RuleKind.CRISIS, 1, False),
        (RuleKind.DROP, 1, False),
    ],
)
def test_a_platform_wide_burst_explains_more_posts_and_not_far_more(
    kind: RuleKind, severity: int, is_held_back: bool
) -> None:
    around = Circumstances(is_platform_burst=True)
    reason = suppressed_by(RULE_OF_KIND[kind](id="r"), finding(severity), NOW, around)
    assert reason is (SuppressedReason.PLATFORM_WIDE_BURST if is_held_back else None)


def test_the_first_silence_that_covers_it_is_named() -> None:
    silences = [
        Silence(id="other-brand", reason="", until="", brands=("y",)),
        Silence(id="other-rule", reason="", until="", rules=("s",)),
        Silence(id="both", reason="", until="", brands=("x",), rules=("r",)),
        Silence(id="all", reason="", until=""),
    ]
    assert silence_over(silences, "r", "x") == "both"
    assert silence_over(silences[:2], "r", "x") == ""


def bursting(rule: Rule, *, silences: tuple[Silence, ...] = ()) -> Feed:
    """A brand that bursts for twelve minutes."""
    feed = learned([rule], DAY, 0.5, silences=silences)
    feed.minutes(12, 40)
    return feed


def test_a_board_says_why_a_rule_with_hours_told_nothing() -> None:
    begin_h = at(DAY) // 3_600_000 % 24
    hours = f"{(begin_h + 2) % 24:02}:00-{(begin_h + 3) % 24:02}:00"
    feed = bursting(SpikeRule(id="spike", active_hours=hours))
    assert feed.alerts == []
    assert feed.suppressed.keys() == {SuppressedReason.OUTSIDE_ACTIVE_HOURS}


def test_a_board_says_why_a_rule_that_waits_told_nothing() -> None:
    feed = bursting(SpikeRule(id="spike", pending_min=30))
    assert feed.alerts == []
    assert feed.suppressed.keys() == {SuppressedReason.PENDING}


def test_a_silenced_alert_is_on_the_record_and_counted_with_each() -> None:
    silence = Silence(id="s", reason="launch", until="2099-01-01T00:00Z")
    feed = bursting(SpikeRule(id="spike"), silences=(silence,))
    assert {alert.silenced_by for alert in feed.alerts} == {"s"}
    assert feed.suppressed[SuppressedReason.SILENCE] == len(feed.alerts)
    assert feed.suppressed[SuppressedReason.ALREADY_FIRING] > 0


def test_what_a_change_of_the_rules_takes_away_is_no_finding() -> None:
    feed = bursting(SpikeRule(id="spike"))
    before = feed.suppressed.copy()
    feed.subject.redefine(catalogue())
    feed.minutes(5, 40)
    assert feed.suppressed == before
