"""`leimo deliver` on a broker: once to each, by whoever owns the subscriber."""

import asyncio
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import web

from catalogue.topic import publish
from delivery.deliverer import Deliverer
from delivery.owner import is_in
from kafka_io.batches import Row
from kafka_io.brokers import ApacheKafka, Broker, EmbeddedBroker
from kafka_io.settings import Settings
from kafka_io.topic_admin import apply_topics
from schemas.alert import Alert
from schemas.catalogue import Brand, Catalogue, Subscriber
from schemas.delivery import Delivery, DeliveryRecord, Outcome, Progress, Reason
from schemas.topics import ALERTS, DELIVERIES
from streams.stop import EXIT_FATAL
from tests.delivery.alerts import NOON_MS, alert, resolved, subscriber
from tests.delivery.desk import serving
from tests.kafka_io.broker_log import append, committed

ROOT = Path(__file__).resolve().parents[2]
KEY = "whsec_" + "A" * 40
encode = msgspec.json.encode
_decode = msgspec.json.Decoder(DeliveryRecord).decode


def named(count: int) -> list[Subscriber]:
    return [
        subscriber(id=f"s{at}", address=f"SUBSCRIBER_S{at}", secret="SUBSCRIBER_KEY")
        for at in range(count)
    ]


def catalogue(subscribers: list[Subscriber]) -> Catalogue:
    return Catalogue(brands=(Brand(id="xiaomi", name="小米"),), subscribers=tuple(subscribers))


async def prepared(broker: Broker, group: str, subscribers: list[Subscriber]) -> Settings:
    settings = Settings.load(
        broker=broker.address, group=group, partitions=2, metrics_address="",
        session_timeout_s=6, deliver_networks="127.0.0.0/8",
    )  # fmt: skip
    await apply_topics(settings)
    await publish(settings, catalogue(subscribers))
    return settings


async def tell(settings: Settings, *alerts: Alert, at_ms: int | None = None) -> None:
    await append(settings, *(_row(one, at_ms) for one in alerts))


def _row(one: Alert, at_ms: int | None) -> Row:
    partition = int(one.id, 16) % 2
    return Row(ALERTS.name, partition, one.fingerprint.encode(), encode(one), [], at_ms)


async def records(settings: Settings) -> list[DeliveryRecord]:
    found = (await committed(settings, DELIVERIES.name)).values()
    return [_decode(record.value) for some in found for record in some]


async def deliveries(settings: Settings) -> dict[tuple[str, str], Delivery]:
    found = [one for one in await records(settings) if isinstance(one, Delivery)]
    return {(one.subscriber, one.alert): one for one in found if not one.item}


async def until(reached: Callable[[], Any], what: str, deadline_s: float = 60) -> None:
    try:
        async with asyncio.timeout(deadline_s):
            while True:
                found = reached()
                if asyncio.iscoroutine(found):
                    found = await found
                if found:
                    return
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(what) from None


@asynccontextmanager
async def delivering(settings: Settings) -> AsyncIterator[Deliverer]:
    """A deliverer in this process, which has its partitions."""
    deliverer, stop = Deliverer(settings), asyncio.Event()
    running = asyncio.create_task(deliverer.run(stop))
    try:
        await until(lambda: len(deliverer.owners) == 2 or running.done(), "no partitions", 30)
        yield deliverer
    finally:
        stop.set()
        await running


class Receivers:
    """A server with an address for each subscriber; some of them fail, hang or refuse."""

    def __init__(self) -> None:
        self.got: dict[str, list[str]] = {}
        self.failing: dict[str, int] = {}
        """Status by subscriber."""
        self.hanging: set[str] = set()
        self.released = asyncio.Event()
        self.on_message: Callable[[], None] = lambda: None

    async def handle(self, request: web.Request) -> web.Response:
        mine = request.path.strip("/")
        await request.read()
        if mine in self.hanging:
            await self.released.wait()
        if mine in self.failing:
            return web.Response(status=self.failing[mine])
        self.got.setdefault(mine, []).append(request.headers["webhook-id"])
        self.on_message()
        return web.Response(status=204)


def put(monkeypatch: pytest.MonkeyPatch, address: str, subscribers: list[Subscriber]) -> None:
    monkeypatch.setenv("SUBSCRIBER_KEY", KEY)
    for one in subscribers:
        monkeypatch.setenv(one.address, f"{address}/{one.id}")


@pytest.mark.kafka
async def test_alerts_reach_who_they_concern_and_the_topic_says_so(
    kafka_broker: ApacheKafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    everybody = named(3)
    mild, brand = msgspec.structs.replace(everybody[1], min_severity=9), everybody[2]
    other = msgspec.structs.replace(brand, brands=("huawei",))
    who = [everybody[0], mild, other]
    settings = await prepared(kafka_broker, "deliver-once", who)
    await tell(settings, alert(77))  # from before the first start: told to nobody
    receivers = Receivers()
    async with serving(receivers.handle) as address:
        put(monkeypatch, address, who)
        async with delivering(settings):
            await tell(settings, alert(1), alert(2, severity=9))
            await until(lambda: sum(map(len, receivers.got.values())) == 3, str(receivers.got))
            await tell(settings, resolved(1), resolved(2), resolved(3))
            await until(lambda: sum(map(len, receivers.got.values())) == 6, str(receivers.got))
        async with delivering(settings):  # another owner: nothing again
            await tell(settings, alert(6), alert(7), at_ms=NOON_MS)  # days old: no news
            await tell(settings, alert(5))
            await until(lambda: len(receivers.got["s0"]) == 5, str(receivers.got))
    one, two, five = (alert(n).id for n in (1, 2, 5))
    assert sorted(receivers.got["s0"]) == sorted(
        [f"{one}/0", f"{two}/0", f"{one}/9", f"{two}/9", f"{five}/0"]
    )
    assert receivers.got["s1"] == [f"{two}/0", f"{two}/9"]
    assert "s2" not in receivers.got
    held = await deliveries(settings)
    assert set(held) == {("s0", one), ("s0", two), ("s0", five), ("s1", two)}
    assert {one.outcome for one in held.values()} == {Outcome.SENT}
    assert {(one.repeats, one.attempts[0].status) for one in held.values()} == {(0, 204)}
    assert [one for one in await records(settings) if isinstance(one, Progress)]


@pytest.mark.embedded
async def test_a_slow_receiver_holds_up_no_other_and_a_new_one_is_told_at_once(
    embedded_broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = named(3)
    settings = await prepared(embedded_broker, "deliver-slow", who[:2])
    receivers = Receivers()
    receivers.hanging.add("s0")
    async with serving(receivers.handle) as address:
        put(monkeypatch, address, who)
        async with delivering(settings) as deliverer:
            await tell(settings, *(alert(n) for n in range(20)))
            await until(lambda: len(receivers.got.get("s1", ())) == 20, str(receivers.got))
            await publish(settings, catalogue(who[1:]), may_remove=lambda changes: True)
            await until(
                lambda: {s for o in deliverer.owners.values() for s in o.receivers} == {"s1", "s2"},
                "the catalogue was not taken over",
            )
            await tell(settings, alert(50))
            await until(lambda: receivers.got.get("s2"), str(receivers.got))
            assert "s0" not in receivers.got
            receivers.released.set()
    held = await deliveries(settings)
    reasons = Counter(one.reason for (mine, _), one in held.items() if mine == "s0")
    assert reasons == {Reason.SENT: 1, Reason.UNSUBSCRIBED: 19}  # the one under way, and the rest


@contextmanager
def process(settings: Settings, log: Path, **more: str) -> Iterator[subprocess.Popen[bytes]]:
    """`leimo deliver`, killed at the end."""
    environment = {
        **os.environ, "LEIMO_BROKER": settings.broker, "LEIMO_GROUP": settings.group,
        "LEIMO_PARTITIONS": "2", "LEIMO_METRICS_ADDRESS": "", "LEIMO_SESSION_TIMEOUT_S": "6",
        "LEIMO_DELIVER_NETWORKS": "127.0.0.0/8", **more,
    }  # fmt: skip
    with log.open("ab") as out:
        running = subprocess.Popen(
            [sys.executable, "-m", "leimo", "deliver"], cwd=ROOT, env=environment,
            stdout=out, stderr=out,
        )  # fmt: skip
        try:
            yield running
        finally:
            running.kill()
            running.wait()


@pytest.mark.embedded
async def test_it_ends_when_told_to_although_the_broker_is_gone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    who, receivers, log = named(3), Receivers(), tmp_path / "deliver.log"
    async with EmbeddedBroker.start() as broker, serving(receivers.handle) as address:
        put(monkeypatch, address, who)
        settings = await prepared(broker, "deliver-end", who)
        with process(settings, log) as running:
            numbers = count()

            async def is_told() -> bool:  # the first ones may come before it begins
                await tell(settings, alert(next(numbers)))
                return len(receivers.got) == 3

            await until(is_told, "it does not begin")
            broker.kill()
            running.terminate()
            await until(lambda: running.poll() is not None, "it goes on")
    assert running.returncode in (0, EXIT_FATAL), log.read_text()


async def _all_told(settings: Settings, count: int, revision: int = 9) -> bool:
    held = await deliveries(settings)
    return sum(one.told_revision == revision for one in held.values()) == count


@pytest.mark.kafka
async def test_two_share_the_subscribers_and_one_takes_over_for_the_other(
    kafka_broker: ApacheKafka, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    who = named(8)
    settings = await prepared(kafka_broker, "deliver-two", who)
    receivers = Receivers()
    log = tmp_path / "deliver.log"
    async with serving(receivers.handle) as address:
        put(monkeypatch, address, who)
        async with delivering(settings) as ours:
            with process(settings, log) as theirs:
                await until(lambda: len(ours.owners) == 1, "it shares nothing")
                [mine] = ours.owners
                await tell(settings, alert(1))
                await until(lambda: _all_told(settings, 8, revision=0), str(receivers.got))
                theirs.send_signal(signal.SIGKILL)
                theirs.wait()
                await tell(settings, alert(2))
                await until(
                    lambda: all(len(some) == 2 for some in receivers.got.values()),
                    str(receivers.got),
                )
    assert {is_in(one.id, mine, 2) for one in who} == {True, False}
    assert all(len(some) == len(set(some)) for some in receivers.got.values())
