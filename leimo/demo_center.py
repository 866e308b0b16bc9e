"""What the demo shows in a browser: the center, with a past, and what two subscribers get."""

import asyncio
import contextlib
import os
import socket
import sys
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import aiohttp
import msgspec

from catalogue.file import SHIPPED
from catalogue.topic import publish
from center.store.protocol import MINUTE_MS
from kafka_io.brokers import free_port
from kafka_io.child_process import ChildProcess
from kafka_io.settings import Settings
from leimo.demo_mailbox import SUBSCRIBERS, Mailbox
from leimo.demo_processes import broker_variables, start
from leimo.demo_week import days_of
from schemas.catalogue import Catalogue
from schemas.errors import OperatorError

USUAL_PORT = 9470
_READY_S = 60
_POLL_S = 0.25


class Companions(msgspec.Struct):
    """Processes beside the workers, and where a browser finds them."""

    processes: dict[str, ChildProcess] = msgspec.field(default_factory=dict)
    past: ChildProcess | None = None
    """Ends by itself."""
    center_url: str = ""
    mailbox_url: str = ""
    past_days: float = 0.0

    def lines(self) -> Sequence[str]:
        """For the head of the live view."""
        if not self.center_url:
            return ()
        told = [f"center {self.center_url}"]
        if self.mailbox_url:
            told.append(f"mailbox {self.mailbox_url}")
        if self.past is not None and self.past.is_running:
            told.append(f"the past {self.past_days:.1g} days are being filled in")
        return ("   ".join(told),)

    def kill(self) -> None:
        """End all of them at once."""
        for process in (*self.processes.values(), self.past):
            if process is not None:
                process.kill()

    def refuse_dead(self) -> None:
        """Raise `OperatorError` where a process has ended that should not."""
        for name, process in self.processes.items():
            if not process.is_running:
                raise OperatorError(
                    f"{name} ended with code {process.exit_code}; its last lines:\n"
                    f"{process.last_lines(15)}"
                )
        if self.past is not None and self.past.exit_code not in {None, 0}:
            raise OperatorError(f"the past could not be simulated:\n{self.past.last_lines(15)}")


@contextlib.asynccontextmanager
async def started_companions(
    settings: Settings,
    folder: Path,
    *,
    past_rate: float | None,
    tells: bool,
    catalogue: Path | None,
) -> AsyncIterator[Companions]:
    """Start the center and what belongs to it.

    `past_rate`: posts a second of the simulated past; None: no past. `tells`: the broker is ours,
    so subscribers may be added and told.

    Raises:
        OperatorError: the center does not start; the message holds its last lines.
    """
    store = f"sqlite:///{folder / 'center.db'}"
    companions = Companions()
    async with contextlib.AsyncExitStack() as stack:
        port = _port()
        command = [*_LEIMO, "center", "--port", str(port), "--store", store]
        center = start(command, folder, "center", _environment(settings))
        stack.callback(center.stop)
        companions.processes["center"] = center
        companions.center_url = f"http://127.0.0.1:{port}/"
        await _ready(companions)
        if tells:
            mailbox = await stack.enter_async_context(Mailbox().serving())
            await publish(settings, Catalogue(subscribers=SUBSCRIBERS), only_absent=True)
            environment = {
                **_environment(settings),
                **mailbox.variables(),
                "LEIMO_CENTER_URL": companions.center_url.rstrip("/"),
            }
            deliver = start([*_LEIMO, "deliver"], folder, "deliver", environment)
            stack.callback(deliver.stop)
            companions.processes["deliver"] = deliver
            companions.mailbox_url = mailbox.url
        if past_rate is not None:
            companions.past_days = days_of(past_rate)
            companions.past = _past(folder, store, past_rate, catalogue or SHIPPED)
            stack.callback(companions.past.stop)
        yield companions


_LEIMO = (sys.executable, "-m", "leimo")


def _past(folder: Path, store: str, rate: float, catalogue: Path) -> ChildProcess:
    now_ms = time.time_ns() // 1_000_000
    until_ms = now_ms // MINUTE_MS * MINUTE_MS
    command = [sys.executable, "-m", "leimo.demo_week", store]
    command += ["--until", str(until_ms), "--rate", str(rate)]
    command += ["--catalogue", str(catalogue.resolve())]
    return start(command, folder, "past", dict(os.environ))


def _environment(settings: Settings) -> dict[str, str]:
    return {
        **broker_variables(settings),
        "LEIMO_METRICS_ADDRESS": "",
        "LEIMO_LOG_LEVEL": "WARNING",
        "LEIMO_TOPIC_PREFIX": settings.topic_prefix,
    }


def _port() -> int:
    """The usual one, where it is free: the address stays from demo to demo."""
    try:
        with socket.create_server(("127.0.0.1", USUAL_PORT)):
            return USUAL_PORT
    except OSError:
        return free_port()


async def _ready(companions: Companions) -> None:
    deadline = time.monotonic() + _READY_S
    url = f"{companions.center_url}api/health"
    async with aiohttp.ClientSession() as session:
        while True:
            companions.refuse_dead()
            with contextlib.suppress(aiohttp.ClientError):
                async with session.get(url) as answer:
                    if answer.status == 200:
                        return
            if time.monotonic() > deadline:
                center = companions.processes["center"]
                raise OperatorError(
                    f"the center was not ready within {_READY_S} s:\n{center.last_lines(15)}"
                )
            await asyncio.sleep(_POLL_S)
