"""A broker with TLS and passwords: every way in works, and each wrong way names the mend."""

import asyncio
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from kafka_io.brokers import HOST, BrokerMissing, free_port
from kafka_io.clients import client_options
from kafka_io.diagnosis import why_unreachable
from kafka_io.reading import PartitionReader
from kafka_io.settings import Settings, SettingsError
from kafka_io.topic_admin import TopicError, apply_topics, faults_of, refuse_faults, topic_states
from leimo.cli import app
from leimo.run import run
from schemas.topics import POSTS_RAW, TOPICS
from tests.leimo import pipeline_run
from tests.leimo.test_broken_input import append, status
from tests.secured_kafka import GUEST, PASSWORD, USER, Certificates, SecuredKafka

pytestmark = pytest.mark.kafka

LOGIN = {"sasl_username": USER, "sasl_password": PASSWORD}


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredKafka]:
    certificates = Certificates.made(tmp_path_factory.mktemp("tls"), HOST)
    try:
        with SecuredKafka(certificates) as broker:
            yield broker
    except BrokerMissing as missing:
        if os.environ.get("REQUIRE_KAFKA"):
            raise
        pytest.skip(str(missing))


def settings_for(kafka: SecuredKafka, listener: str, **options: Any) -> Settings:
    """Trusts the broker's authority, unless told otherwise."""
    trusting = {"ssl_ca_file": kafka.certificates.authority} | options
    return Settings(broker=kafka.at(listener), group="secured", partitions=2, **trusting)


WAYS_IN = [
    ("tls", {"security_protocol": "SSL"}),
    ("tls", {"security_protocol": "ssl"}),
    ("password", {"security_protocol": "SASL_PLAINTEXT", "sasl_mechanism": "PLAIN", **LOGIN}),
    (
        "password",
        {"security_protocol": "SASL_PLAINTEXT", "sasl_mechanism": "SCRAM-SHA-256", **LOGIN},
    ),
    ("both", {"security_protocol": "SASL_SSL", **LOGIN}),
    ("both", {"security_protocol": "SASL_SSL", "sasl_mechanism": "PLAIN", **LOGIN}),
]


@pytest.mark.parametrize(("listener", "options"), WAYS_IN)
async def test_a_client_with_the_right_settings_comes_in(
    kafka: SecuredKafka, client_leaks: None, listener: str, options: dict[str, Any]
) -> None:
    settings = settings_for(kafka, listener, **options)
    await apply_topics(settings)

    assert all(state.is_right for state in await topic_states(settings))
    async with PartitionReader(settings) as reader:
        assert await reader.bounds([(POSTS_RAW.name, 1)]) == {(POSTS_RAW.name, 1): (0, 0)}


async def test_a_client_with_a_certificate_comes_in(
    kafka: SecuredKafka, client_leaks: None
) -> None:
    own = {"security_protocol": "SSL", "ssl_cert_file": kafka.certificates.client}
    settings = settings_for(kafka, "mutual", **own)

    await apply_topics(settings)


async def test_a_worker_counts_behind_tls_and_a_password(
    kafka: SecuredKafka, client_leaks: None
) -> None:
    """The whole way, with leimo's own commands: Faust's consumer has to come in as well."""
    settings = settings_for(kafka, "both", security_protocol="SASL_SSL", **LOGIN)
    with pipeline_run.leimo(settings, "topics", "apply") as apply:
        assert await asyncio.to_thread(apply.wait, 60) == 0
    with pipeline_run.leimo(settings, "catalogue", "apply") as publish:
        assert await asyncio.to_thread(publish.wait, 60) == 0
    with (
        pipeline_run.leimo(settings, "worker"),
        pipeline_run.leimo(settings, "feed", "simulate", "--rate", "1000", "--seed", "1"),
    ):

        async def has_windows() -> bool:
            async with PartitionReader(settings) as reader:
                bounds = await reader.bounds([("mentions", 0), ("mentions", 1)])
            return sum(end for _, end in bounds.values()) > 100

        await pipeline_run.until(has_windows, lambda: "no mentions behind TLS")


async def test_rights_by_prefix_are_enough_and_one_that_lacks_is_told(
    kafka: SecuredKafka, client_leaks: None
) -> None:
    """Those of docs/operations.md."""
    root = await pipeline_run.prepared(kafka.address, "guest", topic_prefix="acme.")
    given: dict[str, Any] = {
        **root.model_dump(exclude_unset=True),
        "broker": kafka.at("password"),
        "security_protocol": "SASL_PLAINTEXT",
        "sasl_mechanism": "PLAIN",
        "sasl_username": GUEST,
        "sasl_password": PASSWORD,
    }
    guest = Settings(**given)
    prefixed = ("--resource-pattern-type", "prefixed")
    kafka.allow("Read Describe Write", "--topic", "acme.", *prefixed)

    states = await topic_states(guest)
    faults = faults_of(states, 1)
    assert len(faults) == sum("not told by the broker" in fault for fault in faults) == len(TOPICS)
    with pytest.raises(TopicError, match=r"production refuses .*acme\.mentions: .*not told"):
        refuse_faults(states, 1)
    environment = pipeline_run.environment(guest)
    shown = await asyncio.to_thread(CliRunner().invoke, app, ["topics", "list"], env=environment)
    assert (shown.exit_code, shown.stdout.count(" not told ")) == (1, len(TOPICS))

    kafka.allow("DescribeConfigs", "--topic", "acme.", *prefixed)
    kafka.allow("Read", "--group", "acme.", *prefixed)
    kafka.allow("Write Describe", "--transactional-id", "acme.", *prefixed)
    kafka.allow("IdempotentWrite", "--cluster")

    async def all_is_told() -> bool:
        return not faults_of(await topic_states(guest), 1)

    async def has_windows() -> bool:
        return bool(await pipeline_run.windows(root))

    await pipeline_run.until(all_is_told, lambda: "the broker does not tell")
    with pipeline_run.leimo(guest, "worker"):
        await append(root, [status()])
        await pipeline_run.until(has_windows, lambda: "nothing was counted")


WRONG_WAYS = [
    ("tls", {}, "speaks TLS: set LEIMO_SECURITY_PROTOCOL=SSL or SASL_SSL"),
    ("both", {}, "speaks TLS: set LEIMO_SECURITY_PROTOCOL=SSL or SASL_SSL"),
    ("password", {}, "asks for a user and a password: set LEIMO_SECURITY_PROTOCOL=SASL_SSL or"),
    ("both", {"security_protocol": "SSL"}, "asks for a user and a password.*LEIMO_SASL_USERNAME"),
    ("tls", {"security_protocol": "SSL", "ssl_ca_file": None}, "not trusted.*LEIMO_SSL_CA_FILE"),
    (
        "password",
        {"security_protocol": "SASL_PLAINTEXT", **LOGIN, "sasl_password": "guessed"},
        "refused the user 'leimo'.*LEIMO_SASL_PASSWORD",
    ),
    (
        "password",
        {
            "security_protocol": "SASL_PLAINTEXT",
            "sasl_mechanism": "PLAIN",
            **LOGIN,
            "sasl_password": "guessed",
        },
        "refused the user 'leimo'.*LEIMO_SASL_PASSWORD",
    ),
    (
        "scramonly",
        {"security_protocol": "SASL_PLAINTEXT", "sasl_mechanism": "PLAIN", **LOGIN},
        "does not take PLAIN: set LEIMO_SASL_MECHANISM=SCRAM-SHA-256 or",
    ),
    ("password", {"security_protocol": "SSL"}, "does not speak TLS.*PLAINTEXT or SASL_PLAINTEXT"),
    ("tls", {"security_protocol": "SASL_SSL", **LOGIN}, "takes no user and password.*=SSL"),
    ("mutual", {"security_protocol": "SSL"}, "LEIMO_SSL_CERT_FILE"),
]


@pytest.mark.parametrize(("listener", "options", "message"), WRONG_WAYS)
async def test_a_wrong_way_in_names_the_mend(
    kafka: SecuredKafka, client_leaks: None, listener: str, options: dict[str, Any], message: str
) -> None:
    told = await why_unreachable(settings_for(kafka, listener, **options))

    assert re.search(message, told), told
    assert kafka.at(listener) in told
    assert PASSWORD not in told
    assert "guessed" not in told


def test_a_certificate_for_another_host_can_be_allowed(
    kafka: SecuredKafka, client_leaks: None
) -> None:
    """`localhost` is not the address that the certificate names."""
    address = kafka.at("tls").replace(HOST, "localhost")
    settings = settings_for(kafka, "tls", security_protocol="SSL").model_copy(
        update={"broker": address}
    )
    told = run(why_unreachable(settings), settings)
    assert "LEIMO_SSL_CHECK_HOSTNAME=false" in told, told

    lenient = settings.model_copy(update={"ssl_check_hostname": False})
    assert "does now" in run(why_unreachable(lenient), lenient)


async def test_what_is_no_broker_is_told_from_what_is_absent() -> None:
    port = free_port()
    assert "no Kafka broker answers" in await why_unreachable(Settings(broker=f"{HOST}:{port}"))

    def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(hang_up, HOST, port, family=socket.AF_INET)
    async with server:
        told = await why_unreachable(Settings(broker=f"{HOST}:{port}"))
    assert "it is no Kafka broker" in told


async def test_a_broker_that_does_not_answer_is_told_with_its_address() -> None:
    """As one that was stopped does, or one that has no time."""
    is_done = asyncio.Event()

    async def say_nothing(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await is_done.wait()
        writer.close()

    server = await asyncio.start_server(say_nothing, HOST, 0, family=socket.AF_INET)
    port = server.sockets[0].getsockname()[1]
    async with server:
        told = await why_unreachable(Settings(broker=f"{HOST}:{port}"))
        is_done.set()
    assert told.startswith(f"{HOST}:{port} takes connections and does not answer within 5 s")


def test_a_command_ends_with_the_reason(kafka: SecuredKafka) -> None:
    settings = settings_for(kafka, "password")
    done = subprocess.run(
        [sys.executable, "-m", "leimo", "topics", "list"],
        cwd=pipeline_run.ROOT, env=pipeline_run.environment(settings),
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip

    assert done.returncode == 1
    assert "error: " in done.stderr
    assert "asks for a user and a password" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_file_without_certificates_is_named(tmp_path: Path) -> None:
    empty = tmp_path / "empty.pem"
    empty.write_text("nothing\n")
    for options in ({"ssl_ca_file": empty}, {"ssl_cert_file": empty}):
        settings = Settings(broker="127.0.0.1:1", security_protocol="SSL", **options)  # type: ignore[arg-type]
        with pytest.raises(SettingsError, match=r"empty\.pem.*PEM"):
            client_options(settings)
