"""Subscribers of a catalogue file: read, checked with line and mend, published."""

import msgspec
import pytest

from catalogue.file import dump_definitions, parse
from schemas.catalogue import Definition, ReceivingChannel, Subscriber, Weekday, Wording
from schemas.mention import Objective
from schemas.rules import RuleKind

HEAD = "brands:\n  - {id: mi, name: 小米}\nrules:\n  - {id: a, kind: spike}\nsubscribers:\n"
OPS = "  - id: ops\n    channel: dingtalk\n    address: SUBSCRIBER_OPS\n"


def test_everything_that_can_be_said_is_read_and_published() -> None:
    text = (
        HEAD
        + OPS
        + """\
    secret: SUBSCRIBER_OPS_KEY
    brands: [mi]
    kinds: [spike, crisis]
    intents: [client-management]
    departments: [pr]
    min_severity: 3
    hours: "09:00-21:00"
    days: [mon, fri]
    zone: Europe/Berlin
    urgent_severity: 9
    per_minute: 10
    wait_s: 30
    interval_min: 15
    language: en
"""
    )
    examined = parse(text.encode(), "my.yml")
    assert examined.errors == ()
    wanted = Subscriber(
        id="ops", channel=ReceivingChannel.DINGTALK, address="SUBSCRIBER_OPS",
        secret="SUBSCRIBER_OPS_KEY", brands=("mi",), kinds=(RuleKind.SPIKE, RuleKind.CRISIS),
        intents=(Objective.CLIENT_MANAGEMENT,), departments=("pr",), min_severity=3,
        hours="09:00-21:00", days=(Weekday.MON, Weekday.FRI), zone="Europe/Berlin",
        urgent_severity=9, per_minute=10, wait_s=30, interval_min=15, language=Wording.EN,
    )  # fmt: skip
    assert examined.catalogue.subscribers == (wanted,)
    sent = dict(dump_definitions(examined.catalogue))
    assert msgspec.json.decode(sent[b"subscriber:ops"], type=Definition) == wanted


@pytest.mark.parametrize(
    ("more", "line", "key", "message"),
    [
        ("  - id: x\n", 9, "subscribers[1]", "channel of x is missing"),
        ("    brands: [mii]\n", 9, "subscribers[0].brands[0]", "did you mean mi?"),
        ("    groups: [a]\n", 9, "subscribers[0].groups[0]", "of no rule of kind share here"),
        ("    kinds: [spkie]\n", 9, "subscribers[0].kinds[0]", "did you mean spike?"),
        ('    hours: "9-18"\n', 9, "subscribers[0].hours", "write such as 09:00-21:00"),
        ('    hours: "09:00-25:00"\n', 9, "subscribers[0].hours", "is no span of hours"),
        ('    hours: "09:00-09:00"\n', 9, "subscribers[0].hours", "ends when it begins"),
        ("    zone: Peking\n", 9, "subscribers[0].zone", "such as Asia/Shanghai"),
        ("    zone: ../../etc\n", 9, "subscribers[0].zone", "is no time zone"),
        ("    days: [monday]\n", 9, "subscribers[0].days[0]", "is none of mon, tue"),
        ("    min_severity: 11\n", 9, "subscribers[0].min_severity", "they go from 1 to 10"),
        ("    wait_s: -1\n", 9, "subscribers[0].wait_s", "is not from 0 to 3600"),
        ("    language: fr\n", 9, "subscribers[0].language", "is none of zh, en"),
        ("    secret: abc\n", 9, "subscribers[0].secret", "is no name of a file or variable"),
        ("    secret: LEIMO_SASL_PASSWORD\n", 9, "subscribers[0].secret", "SUBSCRIBER_OPS_URL"),
        ("    old_secret: SUBSCRIBER_A\n", 9, "subscribers[0].old_secret", "does not use this"),
        ("  - id: x\n    channel: webhook\n    address: SUBSCRIBER_X\n", 9, "subscribers[1]",
         "a webhook needs the signing key"),
    ],
)  # fmt: skip
def test_each_mistake_is_told_with_its_line_and_mend(
    more: str, line: int, key: str, message: str
) -> None:
    errors = parse((HEAD + OPS + more).encode(), "my.yml").errors
    assert [(error.line, error.key) for error in errors if message in error.message] == [
        (line, key)
    ], errors


def test_a_secret_that_stands_in_the_file_is_not_shown() -> None:
    text = HEAD + OPS.replace("SUBSCRIBER_OPS", "https://oapi.dingtalk.com/?access_token=hidden")
    [error] = parse(text.encode(), "my.yml").errors
    assert error.key == "subscribers[0].address"
    assert "hidden" not in str(error)
