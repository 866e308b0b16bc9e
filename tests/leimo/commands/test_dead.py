"""`leimo dead`: what was put aside is shown, and put back once."""

import asyncio
import json
from collections.abc import Callable

import pytest
from typer.testing import CliRunner, Result

from kafka_io.batches import Row
from kafka_io.brokers import Broker
from kafka_io.dead_letters import dead_letter_row
from kafka_io.settings import Settings
from kafka_io.topic_admin import apply_topics
from leimo.cli import app
from schemas.dead_letter import DropReason
from schemas.topics import MENTIONS, POSTS_DEAD, POSTS_RAW
from tests.kafka_io.broker_log import append, committed
from tests.kafka_io.records import record

HOSTILE = b'{"text": "\x1b[2J\xe5\xb0\x8f\xe7\xb1\xb3\xff"'
Leimo = Callable[..., Result]


@pytest.fixture
def settings(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("LEIMO_BROKER", broker.address)
    monkeypatch.setenv("LEIMO_PARTITIONS", "4")
    monkeypatch.setenv("LEIMO_GROUP", "dead-letters")
    settings = Settings.load()
    asyncio.run(apply_topics(settings))
    asyncio.run(append(settings, *dead_letters()))
    return settings


def dead_letters() -> list[Row]:
    """Three raw posts and a mention, at the offsets 0 to 3."""
    headers = (("source", b"weibo"), ("received_at", b"17"))
    raw = [
        record(HOSTILE, key=b"u1", offset=5, headers=headers),
        record(b"", offset=6),
        record(b"[" * 9, offset=7, headers=headers),
    ]
    mention = record(b"?", offset=8)
    return [
        dead_letter_row((POSTS_RAW.name, 3), raw[0], DropReason.NOT_JSON, "cut \x1b[31moff"),
        dead_letter_row((POSTS_RAW.name, 1), raw[1], DropReason.EMPTY, "no bytes"),
        dead_letter_row((POSTS_RAW.name, 1), raw[2], DropReason.NOT_JSON, "cut off"),
        dead_letter_row((MENTIONS.name, 0), mention, DropReason.NOT_JSON, "no mention"),
    ]


def leimo(*arguments: str) -> Result:
    result = CliRunner().invoke(app, ["dead", *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def posts_back(settings: Settings) -> dict[int, list[tuple[bytes | None, bytes, dict[str, bytes]]]]:
    found = asyncio.run(committed(settings, POSTS_RAW.name))
    return {
        partition: [(record.key, record.value, dict(record.headers)) for record in records]
        for partition, records in found.items()
    }


def test_list_counts_reasons_and_shows_the_newest(settings: Settings) -> None:
    told = leimo("list").stdout

    assert told.splitlines()[:2] == ["        3  not_json", "        1  empty"]
    assert "\x1b" not in told
    assert "cut off" in told
    assert "小米" in told
    newest = leimo("list", "--limit", "1").stdout
    assert "no mention" in newest
    assert "... and 3 before them" in newest


def test_list_as_json_holds_everything(settings: Settings) -> None:
    lines = [json.loads(line) for line in leimo("list", "--json").stdout.splitlines()]

    assert [line["offset"] for line in lines] == [0, 1, 2, 3]
    assert (lines[0]["key"], lines[0]["source"], lines[0]["raw_offset"]) == ("u1", "weibo", 5)
    assert bytes(lines[2]["value"], "utf-8") == b"[" * 9
    assert "value_base64" in lines[0], "these bytes are no UTF-8"
    assert "value_base64" not in lines[2]
    assert len(leimo("list", "--json", "--reason", "empty").stdout.splitlines()) == 1
    assert leimo("list", "--json", "--until", "2012-01-01").stdout == ""


def test_show_gives_the_bytes(settings: Settings) -> None:
    told = leimo("show", "0").stdout
    assert "posts.raw/3 at 5" in told
    assert "\x1b" not in told
    assert leimo("show", "0", "--raw").stdout_bytes == HOSTILE

    absent = leimo("show", "99")
    assert absent.exit_code == 1
    assert "99: `posts.dead` holds no such offset" in absent.stderr


def test_replay_puts_each_back_once_where_it_was(settings: Settings) -> None:
    assert "2 would be put back" not in leimo("replay", "--reason", "empty", "--dry-run").stdout
    assert posts_back(settings) == {}

    assert leimo("replay", "--offset", "0").stdout == "1 put back into posts.raw\n"
    assert posts_back(settings) == {
        3: [(b"u1", HOSTILE, {"source": b"weibo", "received_at": b"17"})]
    }
    assert json.loads(leimo("replay", "--all", "--json").stdout) == {"replayed": 2, "selected": 2}
    assert leimo("replay", "--all").stdout == "0 put back into posts.raw\n"

    back = posts_back(settings)
    assert [len(back[partition]) for partition in (1, 3)] == [2, 1], "the mention stays"
    assert "replayed   yes" in leimo("show", "0").stdout
    assert len(leimo("list", "--json").stdout.splitlines()) == 4, "marks are no dead letters"
    assert asyncio.run(committed(settings, POSTS_DEAD.name))[0][-1].value == b""


def test_replay_wants_to_know_which(settings: Settings) -> None:
    refused = leimo("replay")

    assert refused.exit_code == 2
    assert "--all" in refused.stderr
    assert posts_back(settings) == {}
