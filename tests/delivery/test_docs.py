"""What docs/subscribers.md shows is true."""

import re
from pathlib import Path

import msgspec
import pytest

from catalogue.file import parse
from delivery.channels import limits_of
from delivery.explanations import IN_WORDS
from schemas.catalogue import ReceivingChannel, Subscriber
from schemas.delivery import Reason

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "subscribers.md").read_text("utf-8")
[EXAMPLE] = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)


def section(title: str) -> str:
    return TEXT[TEXT.index(f"## {title}\n") :].split("\n## ")[0]


def first_cells(text: str) -> set[str]:
    rows = re.findall(r"^\| (`.*?) \|", text, re.MULTILINE)
    return {name for row in rows for name in re.findall(r"`(\w+)`", row)}


def test_the_example_has_one_of_each_channel_and_no_errors() -> None:
    found = parse(EXAMPLE.encode(), "subscribers.md")
    assert found.errors == ()
    subscribers = found.catalogue.subscribers
    assert {one.channel for one in subscribers} == set(ReceivingChannel)
    assert any(one.escalate_to for one in subscribers)
    assert any(one.digests for one in subscribers)


def test_every_key_stands_in_the_table() -> None:
    keys = {field.name for field in msgspec.structs.fields(Subscriber)}
    assert first_cells(section("A subscriber").split("###")[0]) == keys


def test_every_reason_is_explained() -> None:
    assert first_cells(section("Why did I get this, or not?")) == {one.value for one in Reason}
    assert IN_WORDS.keys() == set(Reason)


@pytest.mark.parametrize("channel", ReceivingChannel)
def test_the_limits_are_those_in_force(channel: ReceivingChannel) -> None:
    found = re.search(rf"^\| `{channel.value}` \| (.*?) \|", TEXT, re.MULTILINE)
    assert found
    per_minute = re.search(r"(\d+)/min", found[1])
    assert int(per_minute[1] if per_minute else 0) == limits_of(channel).per_minute
