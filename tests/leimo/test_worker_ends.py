"""How a worker ends: asked to, or with the reason in its last line."""

import asyncio
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kafka_io.batches import Row
from kafka_io.brokers import HOST, ApacheKafka, EmbeddedBroker
from kafka_io.settings import Settings
from kafka_io.topic_admin import apply_topics
from schemas.topics import BRANDS_CHANGELOG, MENTIONS
from tests.kafka_io.broker_log import append, committed
from tests.leimo.pipeline_run import DEADLINE_S, ROOT, environment, prepared

pytestmark = pytest.mark.kafka


@pytest.fixture(autouse=True)
def _hang_ups_count() -> Iterator[None]:
    """Also under `nohup`, whose children do not hear them, and are right not to."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@contextmanager
def worker(settings: Settings, log: Path, **changes: str) -> Iterator[subprocess.Popen[bytes]]:
    """A worker that writes its log into a file; stopped for certain."""
    with (
        log.open("wb") as out,
        subprocess.Popen(
            [sys.executable, "-m", "leimo", "worker"],
            cwd=ROOT,
            env=environment(settings) | changes,
            stderr=out,
        ) as process,
    ):
        try:
            yield process
        finally:
            process.kill()


def wait_for(log: Path, text: str) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while text not in log.read_text():
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.05)


def last_line(log: Path) -> str:
    return log.read_text().splitlines()[-1]


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM, signal.SIGINT])
def test_a_worker_that_is_asked_to_end_ends_cleanly(
    kafka_broker: ApacheKafka, tmp_path: Path, number: signal.Signals
) -> None:
    settings = asyncio.run(prepared(kafka_broker.address, f"ends-{number.name}"))
    log = tmp_path / "log"
    with worker(settings, log) as process:
        wait_for(log, " owns ")
        process.send_signal(number)

        assert process.wait(DEADLINE_S) == 0, log.read_text()


def test_foreign_state_is_named_in_the_last_line(kafka_broker: ApacheKafka, tmp_path: Path) -> None:
    settings = asyncio.run(prepared(kafka_broker.address, "foreign"))
    foreign = Row(BRANDS_CHANGELOG.name, 2, b"xiaomi", b"\x07")
    others = [foreign._replace(key=b"%d" % number, value=None) for number in range(3)]
    asyncio.run(append(settings, foreign, *others, foreign, *others))
    asyncio.run(append(settings, *others))
    newest = asyncio.run(committed(settings, BRANDS_CHANGELOG.name))[2]
    offset = max(record.offset for record in newest if record.key == b"xiaomi")
    log = tmp_path / "log"
    try:
        with worker(settings, log) as process:
            assert process.wait(DEADLINE_S) == 70, log.read_text()
    finally:
        asyncio.run(append(settings, foreign._replace(value=None)))

    told = last_line(log)
    assert f"{BRANDS_CHANGELOG.name}/2 at offset {offset}: the entry b'xiaomi' has the " in told
    assert "has the format b'\\x07', and this build reads b'\\x02'" in told
    assert f"delete {BRANDS_CHANGELOG.name}" in told


def test_production_names_topics_that_are_not_replicated(
    kafka_broker: ApacheKafka, tmp_path: Path
) -> None:
    settings = asyncio.run(prepared(kafka_broker.address, "production"))
    log = tmp_path / "log"
    with worker(settings, log, LEIMO_PROFILE="production") as process:
        assert process.wait(DEADLINE_S) == 1, log.read_text()

    told = log.read_text()
    assert f"{MENTIONS.name}: it has 1 replica, wanted 2" in told
    assert "LEIMO_PROFILE=dev" in last_line(log)


def test_missing_topics_are_named_in_the_last_line(
    kafka_broker: ApacheKafka, tmp_path: Path
) -> None:
    settings = Settings(broker=kafka_broker.address, group="no-topics", partitions=4)
    log = tmp_path / "log"
    with worker(settings, log) as process:
        assert process.wait(DEADLINE_S) == 1, log.read_text()

    assert "Topics are missing: posts.raw, " in last_line(log)


def test_a_taken_port_is_named_in_the_last_line(kafka_broker: ApacheKafka, tmp_path: Path) -> None:
    settings = asyncio.run(prepared(kafka_broker.address, "taken"))
    log = tmp_path / "log"
    with socket.create_server((HOST, 0)) as taken:
        address = f"{HOST}:{taken.getsockname()[1]}"
        with worker(settings, log, LEIMO_METRICS_ADDRESS=address) as process:
            assert process.wait(DEADLINE_S) == 1, log.read_text()

    assert address in last_line(log)
    assert "LEIMO_METRICS_ADDRESS" in last_line(log)


def test_the_log_of_a_worker_is_for_its_operator(tmp_path: Path) -> None:
    """On a new broker, where the group has no coordinator yet."""
    log = tmp_path / "log"
    with ApacheKafka.start() as new:
        settings = asyncio.run(prepared(new.address, "first"))
        with worker(settings, log) as process:
            wait_for(log, " owns ")
            process.send_signal(signal.SIGTERM)
            assert process.wait(DEADLINE_S) == 0, log.read_text()

    told = log.read_text()
    assert [text for text in (" ERROR ", "[^", "Unclosed", "Traceback") if text in told] == [], told


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
def test_a_worker_that_waits_for_a_catalogue_ends_cleanly(
    kafka_broker: ApacheKafka, tmp_path: Path, number: signal.Signals
) -> None:
    settings = Settings(broker=kafka_broker.address, group="waits", partitions=4)
    asyncio.run(apply_topics(settings))
    log = tmp_path / "log"
    with worker(settings, log) as process:
        wait_for(log, "holds no brands yet")
        process.send_signal(number)

        assert process.wait(DEADLINE_S) == 0, log.read_text()
    assert "Traceback" not in log.read_text()


def test_a_broker_that_takes_no_commit_is_named_in_the_last_line(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with ApacheKafka.start() as frozen:
        settings = asyncio.run(prepared(frozen.address, "frozen"))
        # The session outlives the commit, whose end is to be seen here.
        patience = {"LEIMO_COMMIT_TIMEOUT_S": "3", "LEIMO_SESSION_TIMEOUT_S": "30"}
        with worker(settings, log, **patience) as process:
            wait_for(log, " owns ")
            for node in frozen.nodes:
                node.pause()
            try:
                assert process.wait(DEADLINE_S) == 70, log.read_text()
            finally:
                for node in frozen.nodes:
                    node.resume()

    assert "LEIMO_COMMIT_TIMEOUT_S=3" in last_line(log)


def test_a_production_worker_without_transactions_says_so_in_a_line(
    embedded_broker: EmbeddedBroker, tmp_path: Path
) -> None:
    settings = asyncio.run(prepared(embedded_broker.address, "embedded"))
    log = tmp_path / "log"
    with worker(settings, log, LEIMO_PROFILE="production") as process:
        assert process.wait(DEADLINE_S) == 1, log.read_text()

    assert "it has no transactions" in last_line(log)
