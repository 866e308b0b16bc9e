"""The reason of an alert in Chinese says what the rules' own sentence says, figure by figure."""

import re
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from msgspec.structs import replace

from schemas.alert import Alert, Evidence
from schemas.catalogue import Wording
from schemas.mention import Objective
from schemas.rules import Condition, Measure, RuleKind
from tests.delivery.alerts import alert, resolved
from tests.measures import test_feed_gaps, test_platform_burst
from tests.measures.feed import DAY, HOUR, at, catalogue, learned
from tests.measures.rules import (
    test_composite,
    test_crisis,
    test_drop,
    test_influencer,
    test_sentiment,
    test_share,
    test_silence,
    test_spike,
)
from views.reasons import reason_in


def in_chinese(one: Alert, name: str = "优衣库") -> str:
    return reason_in(Wording.ZH, one, name)


def figures(text: str) -> set[str]:
    return set(re.findall(r"\d[\d,.]*\d|\d", text))


def spikes() -> Sequence[Alert]:
    feed = learned([test_spike.SPIKE], DAY, 1)
    feed.minutes(10, 20)
    feed.minutes(3 * HOUR, 1)
    return feed.alerts


def drops() -> Sequence[Alert]:
    feed = learned([test_drop.DROP], test_drop.KNOWN, 3)
    feed.minutes(2 * HOUR, 0.1)
    return feed.alerts


def moods() -> Sequence[Alert]:
    feed = test_sentiment.usual()
    test_sentiment.mixed(feed, 2 * HOUR, 1, 0.8)
    return feed.alerts


def crises() -> Sequence[Alert]:
    feed = learned([test_crisis.FIRE], DAY, 0.5)
    feed.posts(feed.some(2, text="起火"))
    test_crisis.reposted(feed, 30, 8)
    return feed.alerts


def loud() -> Sequence[Alert]:
    posts = learned([test_influencer.LOUD], DAY, 1)
    posts.posts(posts.some(1, reach=2_500_000, **test_influencer.ANGRY))
    asks = learned([test_influencer.LOUD], DAY, 1)
    asks.posts(asks.some(1, reach=2_000_000, intents=(Objective.CLIENT_MANAGEMENT,)))
    attacked = learned([test_influencer.LOUD], DAY, 1)
    attacked.minutes(20, 1, **test_influencer.ATTACK)
    return [*posts.alerts, *asks.alerts, *test_influencer.spread(10), *attacked.alerts]


def silences() -> Sequence[Alert]:
    brand = learned([test_silence.OF_X], DAY, 3)
    brand.minutes(65, 0)
    live = test_silence.Live([test_silence.OF_FEED])
    live.post(0)
    live.silent(1, 40)
    gap = test_feed_gaps.fed(test_feed_gaps.FEED_SILENT)
    begun_ms, ended_ms = at(test_feed_gaps.DAYS - 20), at(test_feed_gaps.DAYS - 3)
    gap.subject.note_feeds([(begun_ms, ended_ms)], None)
    return [*brand.alerts, *live.alerts, *test_feed_gaps.told(gap)]


def shares() -> Sequence[Alert]:
    talk = test_share.settled()
    talk.minutes(2 * HOUR, {"a": 4.5, "b": 0.2, "c": 1.0})
    return talk.alerts


def composites() -> Sequence[Alert]:
    collapse = test_composite.liked([test_composite.COLLAPSE])
    collapse.minutes(30, 25, polarity=test_composite.BAD)
    conditions = (
        Condition(Measure.AUTHORS, over_min=5, at_least=30),
        Condition(Measure.REACH, over_min=5, at_least=30_000),
        Condition(Measure.NEGATIVE, over_min=5, at_least=60),
    )
    many = test_composite.liked([test_composite.rule(*conditions)])
    for _ in range(5):
        many.posts(many.some(10, reach=1000, polarity=test_composite.BAD))
    return [*collapse.alerts, *many.alerts]


def of_all() -> Sequence[Alert]:
    feed = test_platform_burst.platform()
    feed.minutes(10, 8, test_platform_burst.MANY)
    feed.subject.redefine(catalogue([], test_platform_burst.MANY))
    feed.minutes(1, 0.5, test_platform_burst.MANY)
    return feed.alerts


@pytest.mark.parametrize(
    "made", [spikes, drops, moods, crises, loud, silences, shares, composites, of_all]
)
def test_what_rules_tell_is_told_in_chinese_with_all_of_its_figures(
    made: Callable[[], Sequence[Alert]],
) -> None:
    alerts = made()
    assert alerts
    for one in alerts:
        told = in_chinese(one)
        assert figures(one.reason) <= figures(told), (one.reason, told)
        english = re.findall(r"[A-Za-z]{3,}", told)
        assert set(english) <= {one.rule, "maker", "sale"}, (one.reason, told)
        assert reason_in(Wording.EN, one, "Uniqlo") == one.reason


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"original": "origin", "is_repost": True}, "其中 6 个账号转发同一条原帖"),
        ({"text_hash": 77}, "其中 6 个账号文字相同"),
        ({"terms": ("手机", "爆炸")}, "其中 6 个账号都在说“爆炸”"),
    ],
)
def test_it_says_what_posts_have_in_common(fields: dict[str, Any], told: str) -> None:
    [one] = test_spike.few(test_spike.quiet(), **fields)
    assert f"，{told}" in in_chinese(one)
    over = replace(one, state="resolved", reason=f"X: over after 3 min; {one.reason[3:]}")
    assert told in in_chinese(over)


def test_it_says_what_rises_what_was_expected_and_how_it_ended() -> None:
    fire = alert(kind="crisis", rule="safety", seen=4, evidence=Evidence(expected_burst="618"))
    assert in_chinese(fire) == (
        "优衣库：10 分钟内 4 条帖子含危机词（safety）；热词：起火、召回；"
        "大促期间声量上涨属预期：618"
    )
    end = resolved(0, kind="drop", seen=3, expected=90)
    assert in_chinese(end).startswith("优衣库：持续 10 分钟后结束；过去一小时 3 条帖子")
    gone = replace(end, reason="优衣库: no rule looks for this any more; 3 posts in the last hour")
    assert in_chinese(gone).startswith("优衣库：已无规则关注此事；过去一小时")


@pytest.mark.parametrize("kind", RuleKind)
def test_a_sentence_of_other_words_is_told_in_chinese_by_the_fields(kind: RuleKind) -> None:
    one = alert(kind=kind.value, reason="worded in another way", terms=())
    assert not re.search("[a-z]{3}", in_chinese(one).replace(one.rule, ""))
    assert "120" in in_chinese(one) or kind is RuleKind.SILENCE


def test_a_kind_of_rule_that_is_not_known_keeps_its_sentence() -> None:
    assert in_chinese(alert(kind="own", reason="said by hand")) == "said by hand"
