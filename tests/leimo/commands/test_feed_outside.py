"""`leimo feed push`, `follow` and `kafka` as a person starts them."""

import asyncio
import json
import signal
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from kafka_io.brokers import EmbeddedBroker, free_port
from kafka_io.settings import Settings
from kafka_io.topic_admin import apply_topics
from leimo.cli import app
from schemas.topics import POSTS_RAW
from tests.kafka_io.broker_log import committed
from tests.leimo.started import started

pytestmark = pytest.mark.embedded
POST = b'{"id":"1","text":"hi","created_at":"2026-05-25T14:23:28Z","author":{"id":"u"}}'


@pytest.fixture
def address(embedded_broker: EmbeddedBroker) -> str:
    asyncio.run(apply_topics(Settings(broker=embedded_broker.address, partitions=2)))
    return embedded_broker.address


def values(address: str) -> list[bytes]:
    found = asyncio.run(committed(Settings(broker=address, partitions=2), POSTS_RAW.name))
    return [record.value for some in found.values() for record in some]


def wait_for(address: str, count: int, process: subprocess.Popen[bytes]) -> None:
    deadline_s = time.monotonic() + 30
    while len(values(address)) < count:
        assert time.monotonic() < deadline_s
        assert process.poll() is None
        time.sleep(0.02)


def test_standard_input_is_sent_as_it_comes_and_to_its_end(address: str) -> None:
    with started("feed", "follow", "-", "--source", "leimo", "--json", "--broker", address) as feed:
        assert feed.stdin is not None
        feed.stdin.write(POST + b"\n")
        feed.stdin.flush()
        wait_for(address, 1, feed)
        out, _ = feed.communicate(POST + b"\n\n" + POST, timeout=30)
    assert (feed.returncode, json.loads(out)["posts"]) == (0, 3)
    assert values(address) == [POST] * 3


def test_a_table_on_standard_input_has_its_rows_mapped(address: str) -> None:
    mapping = "id=n,text=t,created_at=at"
    with started("feed", "follow", "-", "--source", "leimo", "--map", mapping,
                 "--zone", "+08:00", "--broker", address) as feed:  # fmt: skip
        feed.communicate(b'n,t,at\n7,"a\nb",2026-01-02 08:00\n8,c,2026-01-02 08:00', timeout=30)
    assert feed.returncode == 0
    assert sorted(map(json.loads, values(address)), key=str) == [
        {"id": "7", "text": "a\nb", "created_at": 1767312000000},
        {"id": "8", "text": "c", "created_at": 1767312000000},
    ]


def test_a_feed_that_waits_for_its_input_ends_on_a_signal(address: str) -> None:
    with started("feed", "follow", "-", "--source", "leimo", "--broker", address) as feed:
        assert feed.stdin is not None
        feed.stdin.write(POST + b"\n")
        feed.stdin.flush()
        wait_for(address, 1, feed)
        feed.send_signal(signal.SIGTERM)
        feed.wait(timeout=30)
    assert feed.returncode == 128 + signal.SIGTERM


def test_push_says_where_it_listens_and_ends_on_a_signal(address: str) -> None:
    metrics = free_port()
    with started("feed", "push", "--listen", "127.0.0.1:0", "--broker", address,
                 "--metrics", f"127.0.0.1:{metrics}") as feed:  # fmt: skip
        assert feed.stderr is not None
        while b"listening on " not in (line := feed.stderr.readline()):
            assert line
        url = line.decode().split()[-1]
        request = urllib.request.Request(url, POST, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            assert json.load(answer)["accepted"] == 1
        with urllib.request.urlopen(f"http://127.0.0.1:{metrics}/metrics", timeout=30) as answer:
            assert b'leimo_push_posts_total{source="leimo"} 1.0' in answer.read()
        feed.send_signal(signal.SIGTERM)
        _, error = feed.communicate(timeout=30)
    assert feed.returncode == 128 + signal.SIGTERM
    assert b"1 post accepted" in error
    assert values(address) == [POST]


def refused(*arguments: str) -> Result:
    result = CliRunner().invoke(app, ["feed", *arguments])
    assert result.exit_code == 2, result.output
    return result


def test_wrong_options_are_named(tmp_path: Path) -> None:
    for arguments, said in (
        (("push", "--listen", "0.0.0.0:9480"), "set LEIMO_PUSH_TOKEN"),
        (("push", "--listen", "nowhere"), "is no host:port"),
        (("follow", str(tmp_path / "none")), "no such file or folder"),
        (("follow", str(tmp_path), "--as", "x"), "is none of weibo-crawler"),
        (("follow", str(tmp_path), "--as", "weibo-search", "--map", "id=a"), "one of them"),
        (("follow", str(tmp_path), "--map", "id=a"), "text is missing"),
        (("kafka", "--from", "t", "--map", "id=a,text=b,created_at=c", "--zone", "Y"), "--zone"),
        (("kafka", "--from", "posts.raw"), "in a circle"),
    ):
        assert said in refused(*arguments).output.replace("\n", " ")


def test_a_followed_file_whose_broker_is_frozen_ends_and_loses_nothing(
    address: str, embedded_broker: EmbeddedBroker, tmp_path: Path
) -> None:
    file = tmp_path / "posts"
    file.write_bytes(POST + b"\n")
    command = ("feed", "follow", str(file), "--source", "leimo", "--broker", address,
               "--positions", str(tmp_path / "positions"))  # fmt: skip
    with started(*command) as feed:
        wait_for(address, 1, feed)
        embedded_broker.pause()
        with file.open("ab") as more:
            more.write(POST.replace(b"hi", b"ho") + b"\n")
        feed.send_signal(signal.SIGTERM)
        _, error = feed.communicate(timeout=30)
    embedded_broker.resume()
    assert feed.returncode == 128 + signal.SIGTERM, error
    with started(*command, "--once") as feed:
        feed.communicate(timeout=30)
    assert set(values(address)) == {POST, POST.replace(b"hi", b"ho")}
