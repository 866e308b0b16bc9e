"""A broker that takes connections and never answers: whoever waits for it is told at once."""

import asyncio
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from kafka_io.brokers import ApacheKafka
from tests.leimo.pipeline_run import DEADLINE_S, ROOT, environment, prepared, until

pytestmark = pytest.mark.kafka

COMMANDS = (
    ["worker"], ["catalogue", "show"], ["watch", "--once"],
    ["feed", "simulate", "--duration", "1", "--speed", "max"],
)  # fmt: skip


async def test_commands_say_what_they_wait_for_and_go_on(
    kafka_broker: ApacheKafka, tmp_path: Path
) -> None:
    settings = await prepared(kafka_broker.address, "waits-for-frozen")
    logs = {" ".join(command): tmp_path / "-".join(command) for command in COMMANDS}

    def silent() -> list[str]:
        line = f"waiting for the broker at {kafka_broker.address}, "
        return [name for name, log in logs.items() if line not in log.read_text()]

    async def all_told() -> bool:
        return not silent()

    kafka_broker.pause()
    processes = {}
    try:
        for command, log in zip(COMMANDS, logs.values(), strict=True):
            with log.open("wb") as out:
                processes[" ".join(command)] = subprocess.Popen(  # noqa: ASYNC220
                    [sys.executable, "-m", "leimo", *command],
                    cwd=ROOT, env=environment(settings), stdout=subprocess.DEVNULL, stderr=out,
                )  # fmt: skip
        await until(all_told, lambda: f"these wait without a word: {silent()}")
        kafka_broker.resume()
        processes["worker"].send_signal(signal.SIGTERM)
        codes = {
            name: await asyncio.to_thread(process.wait, DEADLINE_S)
            for name, process in processes.items()
        }
    finally:
        kafka_broker.resume()
        for process in processes.values():
            process.kill()
            process.wait()

    assert codes == dict.fromkeys(logs, 0), {name: log.read_text() for name, log in logs.items()}
