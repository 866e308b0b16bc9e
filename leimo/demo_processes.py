"""The processes of the demo: workers with their metrics, and whatever else it starts."""

import asyncio
import contextlib
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

from kafka_io.brokers import free_port
from kafka_io.child_process import ChildProcess
from kafka_io.settings import Settings
from schemas.errors import OperatorError

_READY_S = 60
_POLL_S = 0.25


class WorkerProcess:
    """One `leimo worker` and its metrics."""

    def __init__(
        self, settings: Settings, folder: Path, number: int, *, idle_s: float | None
    ) -> None:
        self._name = f"worker-{number}"
        self._folder = folder
        self._url = f"127.0.0.1:{free_port()}"
        self._environment = {
            **broker_variables(settings),
            "LEIMO_METRICS_ADDRESS": self._url,
            # The embedded broker waits half of this before it lets the first worker in.
            "LEIMO_SESSION_TIMEOUT_S": "6",
            "LEIMO_LOG_LEVEL": "WARNING",
        }
        if idle_s is not None:
            self._environment["LEIMO_IDLE_S"] = str(idle_s)
        self.process: ChildProcess | None = None

    @contextlib.contextmanager
    def running(self) -> "Iterator[WorkerProcess]":
        self.process = start(
            [sys.executable, "-m", "leimo", "worker"], self._folder, self._name, self._environment
        )
        try:
            yield self
        finally:
            self.process.stop()

    async def ready(self) -> None:
        """Wait until it owns its partitions."""
        deadline = time.monotonic() + _READY_S
        while True:
            self.refuse_dead()
            with contextlib.suppress(aiohttp.ClientError):
                async with (
                    aiohttp.ClientSession() as session,
                    session.get(f"http://{self._url}/health") as answer,
                ):
                    if answer.status == 200:
                        return
            if time.monotonic() > deadline:
                raise OperatorError(
                    f"{self._name} was not ready within {_READY_S} s:\n"
                    f"{self.process.last_lines(15) if self.process else ''}"
                )
            await asyncio.sleep(_POLL_S)

    def kill(self) -> None:
        """End it at once."""
        if self.process is not None:
            self.process.kill()

    def refuse_dead(self) -> None:
        """Raise `OperatorError` where the process has ended."""
        if self.process is not None and not self.process.is_running:
            raise OperatorError(
                f"{self._name} ended with code {self.process.exit_code}; its last lines:\n"
                f"{self.process.last_lines(15)}"
            )

    async def gauge(self, name: str) -> float:
        """Sum of a metric over its labels; infinite where it is not known yet."""
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"http://{self._url}/metrics") as answer,
        ):
            text = await answer.text()
        samples = [
            sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == name
        ]
        return sum(samples) if samples else float("inf")


def broker_variables(settings: Settings) -> dict[str, str]:
    """Which broker the children talk to, and how; users and passwords they have from us."""
    return {
        "LEIMO_BROKER": settings.broker,
        "LEIMO_SECURITY_PROTOCOL": settings.security_protocol.value,
    }


def start(command: list[str], folder: Path, name: str, environment: dict[str, str]) -> ChildProcess:
    """Start a program in a folder of its own; its output goes to a log beside it."""
    own = folder / name
    own.mkdir()
    return ChildProcess(command, own, folder / f"{name}.log", {**os.environ, **environment})
