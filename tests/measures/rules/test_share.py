"""Shares among rivals, through the mentions of groups that the analysis makes."""

from collections.abc import Iterable, Sequence
from typing import Any

import pytest

from analysis.groups import Groups
from schemas.alert import Alert
from schemas.catalogue import Brand, Catalogue
from schemas.mention import AnyMention, SpamSign
from schemas.rules import Rule, ShareRule
from tests.measures.feed import HOUR, Feed, begun, check_lives, ended
from tests.measures.stream import board

SHARE = ShareRule(id="rivals", trades=("phones",))
PHONES = tuple(Brand(id=name, name=name.upper(), trade="phones") for name in "abc")


class Talk:
    """A feed in which rivals are named, so many posts a minute each."""

    def __init__(self, rule: Rule = SHARE, brands: Sequence[Brand] = PHONES) -> None:
        self.feed = Feed(board())
        self.know(rule, brands)

    def know(self, rule: Rule | None, brands: Sequence[Brand]) -> None:
        known = Catalogue(tuple(brands), (rule,) if rule else ())
        self.groups = Groups(known)
        self.feed.subject.redefine(known)

    @property
    def alerts(self) -> list[Alert]:
        return self.feed.alerts

    def minutes(self, count: int, rates: dict[str, float], **fields: Any) -> None:
        """`rates`: of the posts that name these brands together, `"a b"`."""
        for _ in range(count):
            self.feed.posts(*(self.posts(rate, names, **fields) for names, rate in rates.items()))

    def posts(self, rate: float, names: str, **fields: Any) -> Iterable[AnyMention]:
        for post in self.feed.mentions(rate, names.split(maxsplit=1)[0], **fields):
            others = names.split()[1:]
            seconds = post.event_time_ms % 60_000 / 1000
            named = [post, *(self.feed.mention(seconds, name, **fields) for name in others)]
            yield from named
            yield from self.groups.of(named)


USUAL = {"a": 2.0, "b": 2.0, "c": 1.0}


def settled() -> Talk:
    talk = Talk()
    talk.minutes(4 * HOUR, USUAL)
    assert talk.alerts == []
    return talk


def test_the_brand_that_gains_and_the_one_that_loses_are_named() -> None:
    talk = settled()
    talk.minutes(2 * HOUR, {"a": 4.5, "b": 0.2, "c": 1.0})
    first = {alert.brand: alert for alert in begun(talk.alerts)}
    assert set(first) == {"a", "b"}
    assert first["a"].seen > first["a"].expected == pytest.approx(40, abs=8)
    assert first["b"].seen < first["b"].expected == pytest.approx(40, abs=8)
    assert first["a"].unit == "% share"
    assert first["a"].fingerprint == "rivals/a"
    assert first["a"].reason.startswith("A: ")
    talk.minutes(3 * HOUR, USUAL)
    assert len(ended(talk.alerts)) == 2
    check_lives(talk.alerts)


def test_the_mood_of_a_group_is_not_made_up() -> None:
    talk = settled()
    talk.minutes(2 * HOUR, {"a": 4.5, "b": 0.2, "c": 1.0})
    assert {alert.evidence.negative_before for alert in talk.alerts} == {None}


def test_more_posts_of_all_are_no_shift() -> None:
    talk = settled()
    talk.minutes(2 * HOUR, {name: 4 * rate for name, rate in USUAL.items()})
    assert talk.alerts == []


def test_few_posts_are_no_shift() -> None:
    talk = settled()
    talk.minutes(2 * HOUR, {"a": 0.5})
    late = [alert for alert in begun(talk.alerts) if alert.evidence.posts < 50]
    assert late == []


@pytest.mark.parametrize("fields", [{"spam": (SpamSign.PITCH,)}, {"author": "one"}])
def test_spam_and_one_account_are_no_shift(fields: dict[str, Any]) -> None:
    talk = settled()
    for _ in range(2 * HOUR):
        calm = [post for names, rate in USUAL.items() for post in talk.posts(rate, names)]
        flood = talk.feed.some(12, "a", **fields)
        groups = [group for post in flood for group in talk.groups.of([post])]
        talk.feed.posts(calm, flood, groups)
    assert talk.feed.subject.states["~rivals"].ring_posts > 12 * 100, "they were counted"
    talk.minutes(2 * HOUR, USUAL)
    assert talk.alerts == []


def test_nothing_is_told_before_rivals_were_compared_for_an_hour() -> None:
    talk = Talk()
    talk.minutes(20, {"a": 20.0})
    talk.minutes(30, {"b": 20.0})
    assert talk.alerts == []


def test_a_rival_that_leaves_the_rule_or_joins_it_is_no_shift() -> None:
    talk = settled()
    talk.know(SHARE, PHONES[1:])
    talk.minutes(3 * HOUR, USUAL)
    talk.know(SHARE, PHONES)
    talk.minutes(3 * HOUR, USUAL)
    assert talk.alerts == []


def test_an_alert_about_a_rival_that_leaves_ends_and_the_others_go_on() -> None:
    talk = settled()
    talk.minutes(2 * HOUR, {"a": 4.5, "b": 0.2, "c": 1.0})
    talk.know(SHARE, [PHONES[1], PHONES[2]])
    talk.minutes(5, USUAL)
    assert [alert.brand for alert in ended(talk.alerts)] == ["a"]
    talk.minutes(2 * HOUR, USUAL)
    assert sorted(alert.brand for alert in ended(talk.alerts)) == ["a", "b"]
    check_lives(talk.alerts)


def test_the_rule_leaves_with_its_alerts() -> None:
    talk = settled()
    talk.minutes(2 * HOUR, {"a": 4.5, "b": 0.2, "c": 1.0})
    talk.know(None, PHONES)
    talk.minutes(1, USUAL)
    assert len(ended(talk.alerts)) == 2
    assert talk.feed.subject.open_alerts == 0
    assert talk.feed.subject.states["~rivals"].past == {}
