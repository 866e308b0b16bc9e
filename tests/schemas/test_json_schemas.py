"""The JSON Schemas say what is really on the wire."""

import json
from typing import Any

import jsonschema
import msgspec
import pytest

from schemas import json_schemas
from schemas.action import Action, ActionKind, ActionSubject
from schemas.alert import Alert, AlertState, Evidence, Sample, Term
from schemas.catalogue import (
    Brand,
    Context,
    Feed,
    FeedKind,
    Holiday,
    Intent,
    ReceivingChannel,
    Silence,
    Subscriber,
    Weekday,
    Wording,
)
from schemas.dead_letter import DeadLetter, DropReason
from schemas.deletion import Deletion, DeletionScope
from schemas.delivery import Attempt, Delivery, Outcome, Progress, Reason, Receiver
from schemas.expectation import Expectation
from schemas.feed import FeedGap, FeedPosition, FeedState, GapReason
from schemas.mention import GroupMention, Mention, Objective, Place, Polarity, SpamSign, Span, Tick
from schemas.rules import RULE_OF_KIND, CrisisRule, RuleKind, rule_fields
from schemas.signal import Signal
from schemas.trend import Influencer, Trend, TrendTerm
from schemas.window import Window

SAMPLES: dict[str, msgspec.Struct] = {
    "mention": Mention(
        brand="xiaomi", partition=1, offset=2, event_time_ms=3, polarity=Polarity.NEGATIVE,
        sentiment_milli=-700, spans=(Span(0, 2, "小米"),), terms=("手机",), text="小米手机",
        place=Place.CHAIN, confidence_milli=960, is_address=True, product="redmi",
        intents=(Objective.SOCIAL_SALES,), spam=(SpamSign.PITCH,), language="zh",
    ),
    "group_mention": GroupMention(
        group="phones", brands=("xiaomi", "vivo"), partition=1, offset=2, event_time_ms=3,
        polarity=Polarity.NEGATIVE, spam=(SpamSign.PITCH,), region="四川",
    ),
    "tick": Tick(sent_at_ms=1, partitions=8, watermarks={0: 5}, idle=(1,)),
    "signal": Signal(
        alert="a", brand="xiaomi", kind="spike", started_at_ms=1, severity=3, posts={7: 9},
        terms={"火": 0.5}, is_whole=False,
    ),
    "window": Window(
        brand="xiaomi", start_ms=60_000, size_ms=60_000, posts=1, originals=1, reposts=0,
        positive=0, neutral=1, negative=0, sentiment_milli=0, reach=9, authors=1, texts=1,
        owned=0, paid=0, earned=1, exposures=0, spam=1, intents={Objective.SOCIAL_SALES: 1},
    ),
    "alert": Alert(
        id="a", fingerprint="spike/xiaomi", rule="spike", kind="spike", brand="xiaomi",
        state=AlertState.FIRING, severity=3, started_at_ms=1, updated_at_ms=2, seen=30.0,
        expected=2.5, reason="xiaomi: 30 posts", terms=(Term("手机", 3),),
        samples=(Sample("1", "weibo", "2", "小米", 9, 100, 3),), parent="mi", silenced_by="fair",
        evidence=Evidence(
            horizon_min=5, posts=30, earned=30, intents={Objective.SOCIAL_SALES: 2},
            negative_now=0.5,
        ),
    ),
    "trend": Trend(
        brand="xiaomi", at_ms=60_000, counted=3.0, usually_counted=9.0,
        top=(TrendTerm("手机", 2.0, 1.0, 3.5),), rising=(),
        influencers=(Influencer("7", 100, 1.0, 2.0),),
    ),
    "dead_letter": DeadLetter(
        reason=DropReason.NOT_JSON, topic="posts.raw", partition=1, offset=2, detail="cut",
        value=b"{",
    ),
    "brand": Brand(id="xiaomi", name="小米", context=Context(require=("手机",))),
    "rule": CrisisRule(id="fire", words=("起火",),
        min_posts=2, department="care",
    ),
    "silence": Silence(id="fair", reason="the yearly fair", until="2026-11-25T08:00+08:00"),
    "holiday": Holiday(id="golden-week", first="2026-10-01", last="2026-10-07"),
    "subscriber": Subscriber(
        id="ops", channel=ReceivingChannel.DINGTALK, address="SUBSCRIBER_OPS_URL",
        kinds=(RuleKind.CRISIS,), days=(Weekday.MON,), language=Wording.EN,
    ),
    "feed": Feed(id="fediverse", kind=FeedKind.MASTODON, server="a", token="FEED_A"),
    "delivery": Delivery(
        subscriber="ops", channel=ReceivingChannel.DINGTALK, alert="a", brand="xiaomi", revision=1,
        outcome=Outcome.HELD, reason=Reason.LIMIT, at_ms=1, matched_at_ms=1, is_over=True,
        attempts=(Attempt(1, 429, Reason.THROTTLED, "slowly"),), told_state=AlertState.FIRING,
    ),
    "receiver": Receiver(subscriber="ops", gone_at_ms=1),
    "progress": Progress(partition=1, offsets={0: 7}),
    "intent": Intent(id="wish", objective=Objective.SOCIAL_SALES, query="想买"),
    "feed_position": FeedPosition(
        feed="jetstream", position='{"seq": 7}', event_time_ms=1, at_ms=2, state=FeedState.LIVE,
        endpoint="wss://a", posts=3, started_at_ms=1, posts_per_s=2.5,
    ),
    "feed_gap": FeedGap(
        feed="jetstream", from_ms=1, to_ms=2, reason=GapReason.CURSOR_TOO_OLD, detail="x", at_ms=3
    ),
    "action": Action(
        id="7", at_ms=1, who="li", kind=ActionKind.ASSIGNED, on=ActionSubject.ALERT, subject="a1",
        via="center", brand="xiaomi", assignee="wang", department="care", until_ms=2, note="x",
    ),
    "deletion": Deletion(
        scope=DeletionScope.AUTHOR, source="weibo", subject="42", at_ms=1, asked_by="source"
    ),
    "expectation": Expectation(brand="xiaomi", start_ms=3600000, level=0.5, limits={1: 9, 60: 40}),
}  # fmt: skip


def schema(name: str) -> dict[str, Any]:
    text = (json_schemas.FOLDER / f"{name}.schema.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def test_the_generated_files_are_up_to_date() -> None:
    assert json_schemas.main(["--check"]) == 0


def test_every_record_has_a_sample() -> None:
    assert SAMPLES.keys() == json_schemas.RECORDS.keys()


@pytest.mark.parametrize("name", SAMPLES)
def test_what_is_sent_is_valid(name: str) -> None:
    jsonschema.validate(json.loads(msgspec.json.encode(SAMPLES[name])), schema(name))


@pytest.mark.parametrize("name", SAMPLES)
def test_a_record_without_its_first_required_field_is_not_valid(name: str) -> None:
    sent = json.loads(msgspec.json.encode(SAMPLES[name]))
    definition = schema(name)["$defs"][type(SAMPLES[name]).__name__]
    del sent[definition["required"][-1]]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(sent, schema(name))


@pytest.mark.parametrize("name", SAMPLES)
def test_a_record_survives_the_wire(name: str) -> None:
    sample = SAMPLES[name]
    assert sample == msgspec.json.decode(msgspec.json.encode(sample), type=type(sample))


@pytest.mark.parametrize("kind", RuleKind)
def test_the_schema_of_rules_says_what_each_kind_takes(kind: RuleKind) -> None:
    of_some = {name for each in RuleKind for name in rule_fields(each)}
    sent = json.loads(msgspec.json.encode(RULE_OF_KIND[kind](id="r")))
    default = {int: 7, float: 7.0, tuple: [], str: ""}

    for name in of_some:
        example = next(
            default[type(getattr(rule, name))]
            for rule in (each(id="r") for each in RULE_OF_KIND.values())
            if hasattr(rule, name)
        )
        is_taken = name in rule_fields(kind)
        validator = jsonschema.Draft202012Validator(schema("rule"))
        assert validator.is_valid({**sent, name: example}) is is_taken, name
