"""Run leimo's own commands as processes and read what they wrote."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
from pydantic import SecretStr

from catalogue.file import SHIPPED, load
from catalogue.topic import publish
from kafka_io.reading import PartitionReader
from kafka_io.settings import Settings
from kafka_io.topic_admin import apply_topics
from schemas.topics import WINDOWS

ROOT = Path(__file__).resolve().parents[2]
DEADLINE_S = 180


async def prepared(broker: str, group: str, **options: Any) -> Settings:
    """Topics and the shipped catalogue on the broker."""
    settings = Settings(broker=broker, group=group, partitions=4, **options)
    await apply_topics(settings)
    await publish(settings, load(SHIPPED))
    return settings


def environment(settings: Settings) -> dict[str, str]:
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("LEIMO_")},
        **{f"LEIMO_{key.upper()}": _plain(value) for key, value in _given(settings)},
        "LEIMO_SESSION_TIMEOUT_S": "6",
        "LEIMO_IDLE_S": "2",
        "LEIMO_METRICS_ADDRESS": "",
    }


def _given(settings: Settings) -> Iterator[tuple[str, object]]:
    return ((key, getattr(settings, key)) for key in settings.model_fields_set)


def _plain(value: object) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


@contextmanager
def leimo(
    settings: Settings, *arguments: str, program: str = "leimo"
) -> Iterator[subprocess.Popen[bytes]]:
    """`leimo ARGUMENTS` in the background; stopped for certain."""
    process = subprocess.Popen(
        [sys.executable, "-m", program, *arguments], cwd=ROOT, env=environment(settings)
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def feed(settings: Settings, *files: Path) -> None:
    """Replay files at full speed, to the end."""
    subprocess.run(
        [
            sys.executable,
            "-m",
            "leimo",
            "feed",
            "replay",
            "--quiet",
            "--speed",
            "max",
            *(str(file) for file in files),
        ],
        cwd=ROOT,
        env=environment(settings),
        check=True,
        timeout=DEADLINE_S,
    )


async def windows(settings: Settings) -> list[dict[str, Any]]:
    """The latest revision of each window, as a consumer of the topic would keep them."""
    latest: dict[bytes, dict[str, Any]] = {}
    async with PartitionReader(settings) as reader:
        bounds = await reader.bounds(
            (WINDOWS.name, partition) for partition in range(settings.partitions)
        )
        async for _, records in reader.read(bounds):
            for record in records:
                window = orjson.loads(record.value)
                if window["revision"] >= latest.get(record.key, window)["revision"]:
                    latest[record.key] = window
    return list(latest.values())


async def until(
    reached: Callable[[], Awaitable[bool]],
    failure: Callable[[], str],
    deadline_s: float = DEADLINE_S,
) -> None:
    """Wait for a condition; fails with the message after the deadline."""
    try:
        async with asyncio.timeout(deadline_s):
            while not await reached():
                await asyncio.sleep(0.5)
    except TimeoutError:
        raise AssertionError(failure()) from None
