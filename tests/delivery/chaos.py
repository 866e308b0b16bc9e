"""`python -m tests.delivery.chaos`: alerts for many subscribers, a third of whose receivers fail,
while the processes that deliver are killed again and again. The short form is a test.

A receiver counts a message when it answers that it took it. So one that comes twice was cut off by
a kill, between the receiver's answer and the record of it.
"""

import argparse
import asyncio
import os
import random
import signal
import ssl
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

import trustme
from aiohttp import web
from msgspec.structs import replace

from catalogue.topic import publish
from kafka_io.brokers import ApacheKafka, Broker, free_port
from kafka_io.settings import Settings
from kafka_io.topic_admin import apply_topics
from schemas.catalogue import Brand, Catalogue, ReceivingChannel, Subscriber
from schemas.delivery import Delivery, Progress
from tests.delivery.alerts import alert, resolved, subscriber
from tests.delivery.desk import serving
from tests.delivery.test_deliverer import deliveries, records, tell, until

ROOT = Path(__file__).resolve().parents[2]
KEY = "whsec_" + "A" * 40
BRANDS = 20
FAULTS = ("500", "429", "errcode", "hang", "reset", "tls", "gone")
_IN_VAIN_S = 30
"""Where no message comes for so long, a process is killed all the same."""


class Size(NamedTuple):
    """How much of everything."""

    alerts: int = 60
    subscribers: int = 12
    kills: int = 4
    outage_s: float = 0
    """For so long receivers fail, at least; they are mended when the kills are over, too."""


class Figures(NamedTuple):
    """What came of it."""

    wanted: int
    """Alerts that matched, over all subscribers."""
    told: int
    kills: int
    exits: int
    """Of processes that ended by themselves."""
    repeats: int
    """Sends that were told of as perhaps repeated."""
    twice: int
    """Messages that a receiver took more than once."""
    untold_twice: int
    """Those of which nothing was told."""
    missing: int
    failures: int
    """Requests that failing receivers did not take."""
    outage_s: float
    seconds: float


def fault_of(at: int) -> str:
    """A third of the subscribers have a receiver that fails."""
    return FAULTS[at // 3 % len(FAULTS)] if at % 3 == 0 else ""


class Receivers:
    """All receivers, behind one port; those that fail are mended at once."""

    def __init__(self) -> None:
        self.taken: Counter[tuple[str, str]] = Counter()
        """By subscriber and message."""
        self.failures = 0
        self.are_mended = False
        self.released = asyncio.Event()
        self.on_message: Callable[[], None] = lambda: None
        """Called before it answers."""

    async def handle(self, request: web.Request) -> web.Response:
        mine = request.path.strip("/")
        body = await request.read()
        fault = "" if self.are_mended else fault_of(int(mine[1:]))
        if fault:
            self.failures += 1
            return await self._fail(request, fault)
        is_robot = fault_of(int(mine[1:])) == "errcode"
        self.taken[mine, _message_of(request, body, is_robot=is_robot)] += 1
        self.on_message()
        return web.json_response({"errcode": 0}) if is_robot else web.Response(status=204)

    async def _fail(self, request: web.Request, fault: str) -> web.Response:
        if fault == "hang":
            await self.released.wait()
        if fault == "reset" and request.transport is not None:
            request.transport.abort()
        if fault == "429":
            return web.Response(status=429, headers={"Retry-After": "1"})
        if fault == "errcode":
            return web.json_response({"errcode": -1, "errmsg": "system busy"})
        return web.Response(status=500)

    def mend(self) -> None:
        """From now on all of them take messages."""
        self.are_mended = True
        self.released.set()


def _message_of(request: web.Request, body: bytes, *, is_robot: bool) -> str:
    """Alert and revision: of a chat's text, by the link to the alert and whether it is over."""
    if not is_robot:
        return request.headers["webhook-id"]
    text = body.decode()
    alert_id = text.partition("/alerts/")[2][:20]
    return f"{alert_id}/{9 if '已结束' in text else 0}"


def subscribers(count: int) -> list[Subscriber]:
    """Each is told of one to three brands."""
    found = []
    for at in range(count):
        brands = tuple({f"b{(at + step * 7) % BRANDS}" for step in range(1 + at % 3)})
        is_robot = fault_of(at) == "errcode"
        one = subscriber(
            ReceivingChannel.DINGTALK if is_robot else ReceivingChannel.WEBHOOK,
            id=f"s{at}", address=f"SUBSCRIBER_S{at}", brands=brands, per_minute=6000,
        )  # fmt: skip
        found.append(one if is_robot else _with_key(one))
    return found


def _with_key(one: Subscriber) -> Subscriber:
    return replace(one, secret="SUBSCRIBER_KEY")


class Deployment:
    """Two processes that deliver, killed and started anew."""

    def __init__(self, settings: Settings, secrets: Path, log: Path, chance: random.Random) -> None:
        self._settings = settings
        self._secrets = secrets
        self._log = log
        self._chance = chance
        self._running: list[subprocess.Popen[bytes]] = []
        self.kills = 0
        self.exits = 0
        """Of processes that nobody killed: they end rather than write as somebody they are not."""

    def start(self, name: int) -> subprocess.Popen[bytes]:
        environment = {
            **os.environ, "LEIMO_BROKER": self._settings.broker,
            "LEIMO_GROUP": self._settings.group,
            "LEIMO_PARTITIONS": str(self._settings.partitions), "LEIMO_METRICS_ADDRESS": "",
            "LEIMO_SESSION_TIMEOUT_S": "6", "LEIMO_DELIVER_NETWORKS": "127.0.0.0/8",
            "LEIMO_SECRETS_FOLDER": str(self._secrets),
            "LEIMO_CENTER_URL": "https://leimo.example",
        }  # fmt: skip
        # One comes back as who it was, the other as somebody new, whose partitions move.
        environment |= {"LEIMO_INSTANCE": "one"} if name == 0 else {}
        with self._log.open("ab") as out:
            return subprocess.Popen(
                [sys.executable, "-m", "leimo", "deliver"], cwd=ROOT, env=environment,
                stdout=out, stderr=out,
            )  # fmt: skip

    def start_all(self) -> None:
        self._running = [self.start(name) for name in range(2)]

    def kill_one(self) -> None:
        """One of them, and start it anew."""
        name = self._chance.randrange(2)
        self._running[name].send_signal(signal.SIGKILL)
        self._running[name].wait()
        self.kills += 1
        self._running[name] = self.start(name)

    def revive(self) -> None:
        """Start anew what has ended by itself, as whoever runs it would."""
        for name, one in enumerate(self._running):
            if one.poll() is not None:
                self.exits += 1
                self._running[name] = self.start(name)

    def stop(self) -> None:
        for one in self._running:
            one.kill()
            one.wait()


async def run(broker: Broker, size: Size, folder: Path, *, group: str = "chaos") -> Figures:
    """Hurt it; what came of it.

    Raises:
        AssertionError: something did not come to its end in time.
    """
    began_s = time.monotonic()
    settings = Settings.load(
        broker=broker.address, group=group, partitions=2, metrics_address="",
        session_timeout_s=6, deliver_networks="127.0.0.0/8",
    )  # fmt: skip
    await apply_topics(settings)
    who = subscribers(size.subscribers)
    brands = tuple(Brand(id=f"b{at}", name=f"品牌{at}") for at in range(BRANDS))
    await publish(settings, Catalogue(brands=brands, subscribers=tuple(who)))
    receivers = Receivers()
    secrets, log = folder / "secrets", folder / "deliver.log"
    secrets.mkdir()
    deployment = Deployment(settings, secrets, log, random.Random(7))
    async with serving(receivers.handle) as address, _untrusted(receivers) as broken:
        _write_secrets(secrets, who, address, broken)
        deployment.start_all()
        try:
            await until(lambda: _have_begun(settings), "they do not begin", 120)
            outage_s = await _hurt(settings, size, deployment, receivers)
            _write_secrets(secrets, who, address, "")
            receivers.mend()
            await _tell(settings, range(size.alerts), revision=9)
            wanted = _wanted(who, size.alerts)
            await _until_taken(receivers, wanted, deployment, log)
            # The last outcomes are written: what stands there counts.
            await until(lambda: _are_told(settings, wanted), f"not recorded, see {log}", 120)
        finally:
            deployment.stop()
    held = await deliveries(settings)
    return _judged(receivers, held, wanted, deployment, outage_s, began_s)


async def _tell(settings: Settings, numbers: range, *, revision: int = 0) -> None:
    """Alerts that fire, or their ends."""
    make = resolved if revision else alert
    for at in range(0, len(numbers), 500):
        await tell(settings, *(make(n, brand=f"b{n % BRANDS}") for n in numbers[at : at + 500]))


async def _hurt(
    settings: Settings, size: Size, deployment: Deployment, receivers: Receivers
) -> float:
    """Tell alerts while processes are killed, every other time before a receiver has answered;
    returns for how long receivers failed."""
    began_s = time.monotonic()
    share = -(-size.alerts // size.kills)
    for number in range(size.kills):
        deployment.revive()
        taken = receivers.taken.total()
        await _tell(settings, range(number * share, min((number + 1) * share, size.alerts)))
        if number % 2:
            await _kill_before_an_answer(deployment, receivers, after=taken + share // 2)
        else:
            await _until_or_in_vain(partial(_has_taken_more, receivers, taken))
            deployment.kill_one()
    while time.monotonic() - began_s < size.outage_s:
        deployment.revive()
        await asyncio.sleep(1)
    return time.monotonic() - began_s


def _has_taken_more(receivers: Receivers, than: int) -> bool:
    return receivers.taken.total() > than


async def _kill_before_an_answer(
    deployment: Deployment, receivers: Receivers, *, after: int
) -> None:
    kills = deployment.kills

    def kill() -> None:
        if receivers.taken.total() >= after and deployment.kills == kills:
            deployment.kill_one()

    receivers.on_message = kill
    await _until_or_in_vain(lambda: deployment.kills > kills)
    receivers.on_message = lambda: None
    if deployment.kills == kills:
        deployment.kill_one()


async def _until_or_in_vain(reached: Callable[[], bool]) -> None:
    try:
        await until(reached, "", _IN_VAIN_S)
    except AssertionError:
        return


async def _have_begun(settings: Settings) -> bool:
    found = [one for one in await records(settings) if isinstance(one, Progress)]
    return len({one.partition for one in found}) == settings.partitions


@asynccontextmanager
async def _untrusted(receivers: Receivers) -> AsyncIterator[str]:
    """The same receivers behind a certificate that nobody trusts."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    async with serving(receivers.handle, ssl_context=context) as address:
        yield address


def _write_secrets(folder: Path, who: list[Subscriber], address: str, broken: str) -> None:
    """Addresses; those of receivers that are gone, or whose TLS is broken, lead elsewhere until
    they are mended: `broken` is empty then."""
    (folder / "SUBSCRIBER_KEY").write_text(KEY)
    gone = f"http://127.0.0.1:{free_port()}"
    for at, one in enumerate(who):
        fault = fault_of(at) if broken else ""
        base = {"tls": broken, "gone": gone}.get(fault, address)
        (folder / one.address).write_text(f"{base}/{one.id}")


def _wanted(who: list[Subscriber], count: int) -> set[tuple[str, str]]:
    """Who has to be told of what, by subscriber and alert."""
    return {
        (one.id, alert(n).id) for n in range(count) for one in who if f"b{n % BRANDS}" in one.brands
    }


async def _until_taken(
    receivers: Receivers, wanted: set[tuple[str, str]], deployment: Deployment, log: Path
) -> None:
    """Until each receiver has the ends of its alerts; the topic is read once only, as that takes
    the time in which receivers answer."""
    try:
        async with asyncio.timeout(1800):
            while wanted - _ended(receivers):
                deployment.revive()
                await asyncio.sleep(0.5)
    except TimeoutError:
        left = len(wanted - _ended(receivers))
        raise AssertionError(f"{left} of {len(wanted)} were not told, see {log}") from None


def _ended(receivers: Receivers) -> set[tuple[str, str]]:
    """Who was told of the end of what."""
    return {(who, message[:20]) for who, message in receivers.taken if message.endswith("/9")}


async def _are_told(settings: Settings, wanted: set[tuple[str, str]]) -> bool:
    held = await deliveries(settings)
    return all(key in held and held[key].told_revision == 9 for key in wanted)


def _judged(
    receivers: Receivers,
    held: dict[tuple[str, str], Delivery],
    wanted: set[tuple[str, str]],
    deployment: Deployment,
    outage_s: float,
    began_s: float,
) -> Figures:
    ended = _ended(receivers)
    twice = Counter[tuple[str, str]]()
    for (who, message), number in receivers.taken.items():
        twice[who, message[:20]] += number - 1
    return Figures(
        wanted=len(wanted),
        told=len(ended & wanted),
        kills=deployment.kills,
        exits=deployment.exits,
        repeats=sum(one.repeats for one in held.values()),
        twice=twice.total(),
        untold_twice=sum(
            max(0, number - held[key].repeats) for key, number in twice.items() if number
        ),
        missing=len(wanted - ended),
        failures=receivers.failures,
        outage_s=outage_s,
        seconds=time.monotonic() - began_s,
    )


def main() -> None:
    """The long form, on a broker of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--alerts", type=int, default=2000)
    parser.add_argument("--subscribers", type=int, default=100)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--outage-s", type=float, default=600)
    options = parser.parse_args()
    size = Size(options.alerts, options.subscribers, options.kills, options.outage_s)
    with tempfile.TemporaryDirectory() as folder, ApacheKafka.start() as broker:
        figures = asyncio.run(run(broker, size, Path(folder)))
    for name, value in figures._asdict().items():
        sys.stdout.write(f"{name:13} {value:,.0f}\n")
    sys.exit(bool(figures.missing or figures.untold_twice))


if __name__ == "__main__":
    main()
