"""Which rules look at which brand and when, and which silences are in force."""

from typing import Any

import pytest

from measures.board import Board, BoardSettings
from measures.rule_index import RuleIndex, active_hours, time_ms
from schemas.alert import EVERY_BRAND, Alert
from schemas.catalogue import Brand, Catalogue, Holiday, Silence
from schemas.rules import CrisisRule, Rule, ShareRule, SilenceRule, SpikeRule
from tests.measures.feed import HOUR, Feed, at, begun, ended
from tests.measures.stream import START

HOUR_MS = 3_600_000
BRANDS = (
    Brand(id="x", name="X", trade="phones"),
    Brand(id="y", name="Y", trade="cars"),
    Brand(id="z", name="Z"),
)


def crisis(id_: str = "fire", **fields: Any) -> Rule:
    return CrisisRule(id=id_, words=("火",), **fields)


def feed_of(*rules: Rule, silences: tuple[Silence, ...] = ()) -> Feed:
    return Feed(Board(BoardSettings(), Catalogue(BRANDS, rules, silences=silences)))


def alarm(feed: Feed) -> list[Alert]:
    """A crisis of all brands in this minute."""
    return feed.posts(*(feed.some(5, brand.id, text="火") for brand in BRANDS))


@pytest.mark.parametrize(
    ("fields", "watched"),
    [
        ({}, ["x", "y", "z"]),
        ({"brands": ("y",)}, ["y"]),
        ({"trades": ("phones",)}, ["x"]),
        ({"brands": ("z",), "trades": ("phones", "cars")}, ["x", "y", "z"]),
        ({"brands": ("gone",)}, []),
        ({"trades": ("",)}, []),  # no trade is no trade
    ],
)
def test_a_rule_watches_brands_a_trade_or_all(fields: dict[str, Any], watched: list[str]) -> None:
    assert sorted(alert.brand for alert in alarm(feed_of(crisis(**fields)))) == watched


def test_rules_about_the_feed_and_about_all_are_of_no_single_brand() -> None:
    feed = SilenceRule(id="feed")
    some = SilenceRule(id="some", brands=("x",))
    spike = SpikeRule(id="spike")
    narrow = SpikeRule(id="narrow", trades=("phones",))
    index = RuleIndex(Catalogue(BRANDS, (feed, some, spike, narrow)))
    assert index.rules_of("x") == (some, spike, narrow)
    assert index.rules_of("y") == (spike,)
    assert index.rules_of(EVERY_BRAND) == (spike, feed)
    assert index.rules_of("unknown") == ()


def test_a_group_has_one_rule_and_its_members() -> None:
    share = ShareRule(id="s", trades=("phones",), brands=("z",))
    index = RuleIndex(Catalogue(BRANDS, (share,)))
    assert index.rules_of("~s") == (share,)
    assert index.rules_of("x") == ()
    assert index.members_of("~s") == {"x", "z"}
    assert (index.rules_of("~gone"), index.members_of("~gone")) == ((), frozenset())


@pytest.mark.parametrize(
    ("text", "active", "inactive"),
    [
        ("08:00-22:00", ["08:00", "21:59"], ["07:59", "22:00", "00:00"]),
        ("22:00-06:00", ["22:00", "23:59", "00:00", "05:59"], ["06:00", "12:00", "21:59"]),
        ("08:00-22:00 +08:00", ["00:00", "13:59"], ["14:00", "23:59"]),
        ("20:00-04:00 -05:00", ["01:00", "08:59"], ["09:00", "00:59"]),  # noon of the world
        ("09:00-18:00 +05:30", ["03:30", "12:29"], ["03:29", "12:30"]),
        ("08:00-24:00", ["08:00", "23:59"], ["07:59", "00:00"]),
        ("00:00-08:00 +14:00", ["10:00", "17:59"], ["09:59", "18:00"]),
    ],
)
def test_active_hours(text: str, active: list[str], inactive: list[str]) -> None:
    hours = active_hours(text)
    for clocks, expected in ((active, True), (inactive, False)):
        for clock in clocks:
            minutes = int(clock[:2]) * 60 + int(clock[3:])
            assert hours.holds(16_000 * 24 * HOUR_MS + minutes * 60_000) is expected, clock


@pytest.mark.parametrize(
    "text", ["", "8-22", "08:00", "08:00-25:00", "24:30-08:00", "08:60-09:00", "08:00-22:00 CET"]
)
def test_what_is_no_span_of_hours_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="write such as 08:00"):
        active_hours(text)


def test_a_rule_looks_in_its_hours_alone() -> None:
    """START is in the hour of 16:00 UTC on 13 May 2014."""
    assert START % (24 * HOUR_MS) // HOUR_MS == 16
    assert alarm(feed_of(crisis(active_hours="17:00-16:00"))) == []
    assert len(alarm(feed_of(crisis(active_hours="00:00-01:00 +08:00")))) == len(BRANDS)


def test_an_alert_ends_when_its_hours_do() -> None:
    feed = feed_of(crisis(active_hours="15:00-17:00"))
    for _ in range(2 * HOUR):
        alarm(feed)
    assert len(ended(feed.alerts)) == len(begun(feed.alerts)) == len(BRANDS)


DAY = "2014-05-13T16"


def silence(**fields: Any) -> Silence:
    return Silence(**{"id": "s", "reason": "launch", "until": f"{DAY}:58Z", **fields})


@pytest.mark.parametrize(
    ("fields", "marked"),
    [
        ({}, [("fire", "x"), ("fire", "y"), ("smoke", "x"), ("smoke", "y")]),
        ({"brands": ("x",)}, [("fire", "x"), ("smoke", "x")]),
        ({"rules": ("fire",)}, [("fire", "x"), ("fire", "y")]),
        ({"brands": ("y",), "rules": ("smoke",)}, [("smoke", "y")]),
        ({"until": f"{DAY}:14+00:00"}, []),  # over: START is 16:54
        ({"until": f"{DAY}:54Z"}, []),  # ends as the minute begins
        ({"until": f"{DAY}:55Z"}, [("fire", "x"), ("fire", "y"), ("smoke", "x"), ("smoke", "y")]),
        ({"since": f"{DAY}:55Z"}, []),  # not yet
        ({"until": "tomorrow"}, []),  # no time: the check of the catalogue refuses it
    ],
)
def test_a_silence_marks_what_it_covers_while_it_is_in_force(
    fields: dict[str, Any], marked: list[tuple[str, str]]
) -> None:
    feed = feed_of(
        crisis("fire", brands=("x", "y")),
        crisis("smoke", brands=("x", "y")),
        silences=(silence(**fields),),
    )
    alerts = alarm(feed)
    assert len(alerts) == 4, "they live on"
    found = sorted((one.rule, one.brand) for one in alerts if one.silenced_by == "s")
    assert found == marked


def test_after_its_end_an_alert_that_goes_on_is_told_as_usual() -> None:
    feed = feed_of(crisis(brands=("x",)), silences=(silence(),))
    alarm(feed)
    feed.minutes(6, 0)
    feed.posts(feed.some(60, "x", text="火"))
    assert [alert.silenced_by for alert in feed.alerts] == ["s", ""]


def test_a_silence_that_is_taken_back_marks_nothing_more() -> None:
    rule = crisis(brands=("x",))
    feed = feed_of(rule, silences=(silence(),))
    feed.subject.redefine(Catalogue(BRANDS, (rule,)))
    assert [alert.silenced_by for alert in alarm(feed)] == [""]


def test_times_need_a_zone() -> None:
    assert time_ms("1970-01-01T08:00+08:00") == 0
    with pytest.raises(ValueError, match="has no zone"):
        time_ms("2026-11-25T08:00")


def test_hours_of_a_zone_move_with_its_daylight_saving() -> None:
    """In Berlin it is 08:00 at 07:00 UTC in winter, and at 06:00 UTC in summer."""
    hours = active_hours("08:00-22:00 Europe/Berlin")
    for day, first in (("2026-01-15", 7), ("2026-07-15", 6), ("2026-03-29", 6), ("2026-10-25", 7)):
        active = [hours.holds(time_ms(f"{day}T{hour:02}:00Z")) for hour in range(first - 1, 23)]
        assert active[:2] == [False, True], day
        assert sum(active) == 14, day


def test_hours_of_no_zone_are_refused() -> None:
    with pytest.raises(ValueError, match="Europe/Paname is no time zone"):
        active_hours("08:00-22:00 Europe/Paname")


def test_an_alert_on_a_day_of_sales_says_that_it_is_one() -> None:
    """START is 16:54 UTC on 13 May: in Shanghai the 14th has begun."""
    sale = Holiday(id="sale", first="05-14", is_sale=True, zone="Asia/Shanghai")
    for holidays, told in (((sale,), "sale"), ((), "")):
        feed = Feed(Board(BoardSettings(), Catalogue(BRANDS, (crisis(),), holidays=holidays)))
        alerts = alarm(feed)
        assert len(alerts) == len(BRANDS), "it is told all the same"
        assert {alert.evidence.expected_burst for alert in alerts} == {told}
        assert all(
            alert.reason.endswith("bursts are expected: sale") == bool(told) for alert in alerts
        )


def test_the_clock_of_the_tests_is_what_the_tables_say() -> None:
    assert at(0) == time_ms(f"{DAY}:54Z")


def test_sales_are_expected_of_the_trades_that_sell_then_and_of_all_brands_together() -> None:
    sale = Holiday(id="sale", first="05-14", is_sale=True, trades=("phones",))
    index = RuleIndex(Catalogue(holidays=(sale,)))
    phones, cars, _ = BRANDS
    every = Brand(id=EVERY_BRAND, name="*")
    noon_ms = time_ms("2026-05-14T12:00Z")
    assert index.expected_burst_at(phones, noon_ms) == "sale"
    assert index.expected_burst_at(every, noon_ms) == "sale"
    assert index.expected_burst_at(cars, noon_ms) == ""
    assert index.expected_burst_at(phones, noon_ms + 24 * HOUR_MS) == ""
