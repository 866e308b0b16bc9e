"""`leimo deliveries` and `leimo subscribers`, against the embedded broker."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import msgspec
import pytest
from typer.testing import CliRunner, Result

from catalogue.topic import publish
from kafka_io.batches import Row
from kafka_io.brokers import EmbeddedBroker
from kafka_io.partitions import partition_for
from kafka_io.settings import Settings
from kafka_io.topic_admin import apply_topics
from leimo.cli import app
from schemas.catalogue import Brand, Catalogue, ReceivingChannel
from schemas.delivery import Attempt, Delivery, Outcome, Reason
from schemas.topics import ALERTS, DELIVERIES
from tests.delivery.alerts import NOON_MS, alert, resolved, subscriber
from tests.kafka_io.broker_log import append

pytestmark = pytest.mark.embedded
Leimo = Callable[..., Result]
WHO = (
    subscriber(id="ops", secret="SUBSCRIBER_KEY"),
    subscriber(ReceivingChannel.DINGTALK, id="pr", brands=("huawei",), hours="09:00-18:00"),
    subscriber(ReceivingChannel.DINGTALK, id="duty", min_severity=9),
    subscriber(ReceivingChannel.SLACK, id="new"),
)
SENT = Delivery(
    subscriber="ops", channel=ReceivingChannel.WEBHOOK, alert=alert(1).id, brand="xiaomi",
    revision=0, outcome=Outcome.SENT, reason=Reason.SENT, at_ms=NOON_MS, matched_at_ms=NOON_MS,
    told_revision=0, repeats=1,
    attempts=(
        Attempt(NOON_MS - 5000, 503, Reason.FAILED, "busy"), Attempt(NOON_MS, 204),
    ),
)  # fmt: skip
DEAD = msgspec.structs.replace(
    SENT,
    alert=alert(2).id,
    outcome=Outcome.DEAD,
    reason=Reason.REFUSED,
    at_ms=NOON_MS + 1,
    repeats=0,
)


@pytest.fixture
def settings(embedded_broker: EmbeddedBroker) -> Settings:
    settings = Settings.load(broker=embedded_broker.address, partitions=2)
    asyncio.run(fill(settings))
    return settings


async def fill(settings: Settings) -> None:
    encode = msgspec.json.encode
    await apply_topics(settings)
    brands = (Brand(id="xiaomi", name="小米"), Brand(id="huawei", name="华为"))
    await publish(settings, Catalogue(brands=brands, subscribers=WHO))
    at = partition_for(b"ops", 2)
    await append(
        settings,
        *(Row(ALERTS.name, 0, b"f", encode(one)) for one in (alert(1), resolved(1), alert(2))),
        *(Row(DELIVERIES.name, at, one.key, encode(one)) for one in (DEAD, SENT)),
    )


@pytest.fixture
def leimo(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Leimo:
    monkeypatch.setenv("LEIMO_PARTITIONS", "2")

    def run(*arguments: str) -> Result:
        result = CliRunner().invoke(app, [*arguments, "--broker", settings.broker])
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result

    return run


def test_what_was_told_is_listed(leimo: Leimo) -> None:
    one, two = alert(1).id, alert(2).id
    assert leimo("deliveries", "list").stdout.splitlines() == [
        (
            f"2026-05-25T12:00:00Z  {one}/0  xiaomi → ops (webhook): sent: the receiver took it; "
            "1 may have arrived twice"
        ),
        (
            f"2026-05-25T12:00:00Z  {two}/0  xiaomi → ops (webhook): given up: the receiver "
            "refused this message for good"
        ),
    ]
    shown = leimo("deliveries", "list", "--outcome", "dead", "--json").stdout
    assert msgspec.json.decode(shown, type=Delivery) == DEAD
    assert leimo("deliveries", "list", "--subscriber", "pr").stdout == "nothing was delivered\n"
    assert "and 1 before them" in leimo("deliveries", "list", "--limit", "1").stdout


def test_each_subscriber_is_told_why(leimo: Leimo) -> None:
    one = alert(1).id
    assert leimo("deliveries", "explain", one).stdout.splitlines() == [
        f"{one}: spike of xiaomi, severity 6, resolved",
        "duty: not sent: it is milder than `min_severity`",
        "new: not sent: it matches today, and did not when it was read, or nobody delivered then",
        "ops (webhook): sent: the receiver took it; 1 may have arrived twice",
        "  2026-05-25T11:59:55Z  503  failed: busy",
        "  2026-05-25T12:00:00Z  204  sent",
        "pr: not sent: it is about another brand than those of `brands`",
    ]
    found = leimo("deliveries", "explain", one, "--subscriber", "pr", "--json").stdout
    assert json.loads(found) == {"subscriber": "pr", "alert": one, "reason": "other_brand"}


def test_an_alert_that_is_none_is_refused(leimo: Leimo) -> None:
    refused = leimo("deliveries", "explain", "nothing")
    assert refused.exit_code == 1
    assert "no such alert is held" in refused.stderr
    assert "2 alerts begin so" in leimo("deliveries", "explain", "0000").stderr


def test_subscribers_are_listed(leimo: Leimo) -> None:
    assert leimo("subscribers", "list").stdout.splitlines() == [
        "duty (dingtalk): severity 9 and more",
        "new (slack): severity 1 and more",
        "ops (webhook): severity 1 and more",
        "pr (dingtalk): brands huawei; severity 1 and more; 09:00-18:00 Asia/Shanghai",
    ]


@contextmanager
def answering(body: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """A server in a thread: commands run loops of their own."""
    got: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            """Not to the terminal."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/send?access_token=hidden", got
        finally:
            server.shutdown()
            thread.join()


def test_a_test_message_goes_out_and_the_answer_is_told(
    leimo: Leimo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEIMO_DELIVER_NETWORKS", "127.0.0.0/8")
    with answering(b'{"errcode":0,"errmsg":"ok"}') as (address, got):
        monkeypatch.setenv("SUBSCRIBER_OPS_URL", address)
        done = leimo("subscribers", "test", "duty")
    assert (done.exit_code, done.stdout) == (0, "duty: 200: the receiver took it\n")
    assert "测试" in got[0].decode()
    with answering(b'{"errcode":310000,"errmsg":"sign not match"}') as (address, _):
        monkeypatch.setenv("SUBSCRIBER_OPS_URL", address)
        done = leimo("subscribers", "test", "pr", "--json")
    assert done.exit_code == 1
    assert json.loads(done.stdout)["reason"] == "misconfigured"
    assert "hidden" not in done.stdout


def test_what_keeps_a_test_from_going_out_is_told(
    leimo: Leimo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SUBSCRIBER_OPS_URL", raising=False)
    done = leimo("subscribers", "test", "duty")
    assert done.exit_code == 1
    assert "SUBSCRIBER_OPS_URL stands for nothing; set the variable" in done.stdout
    assert done.stdout.startswith("duty: not asked: ")
    assert "tried again" not in done.stdout
    monkeypatch.setenv("SUBSCRIBER_OPS_URL", "http://127.0.0.1:1/")
    assert "LEIMO_DELIVER_NETWORKS" in leimo("subscribers", "test", "duty").stdout
    unknown = leimo("subscribers", "test", "dity")
    assert "did you mean duty?" in unknown.stderr
