"""Run a command's coroutine: an event loop, logging, and errors as one message."""

import asyncio
import logging
import re
import sys
import time
from collections.abc import Coroutine
from typing import Any, NoReturn, TypeVar

import typer

from kafka_io.settings import Settings, SettingsError
from leimo.own_packages import PACKAGES
from schemas.errors import OperatorError

T = TypeVar("T")

_NO_COORDINATOR = "GroupCoordinatorNotAvailableError"
_REBALANCING = "because it is rebalancing"
_COORDINATOR_COMES_S = 30
_SAME_AGAIN_S = 10.0
_MOST_KEPT = 1_000


def load_settings(**overrides: Any) -> Settings:
    """The settings, or a message and exit code 2."""
    try:
        return Settings.load(**overrides)
    except SettingsError as error:
        fail(str(error), code=2)


def fail(message: str, code: int = 1) -> NoReturn:
    """Print an error for a person and end the command."""
    from views.plain_text import visible

    typer.secho(f"error: {visible(message)}", err=True, fg="red")
    raise typer.Exit(code)


class OperatorFilter(logging.Filter):
    """Leaves out what our libraries say of their own ways, and nobody can or need mend.

    Services of Faust that start and stop (`[^--Restoration]: ...`); that a heartbeat "failed" when
    its answer told that another worker joins or leaves, which `owns ... partitions` tells later;
    and a coordinator that a new group does not have yet. aiokafka asks for that again; where it is
    still missing after half a minute, that is for the operator.
    """

    def __init__(self, started_s: float) -> None:
        super().__init__()
        self._patient_until_s = started_s + _COORDINATOR_COMES_S

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        if record.levelno < logging.WARNING and message.startswith("[^"):
            return False
        if message.endswith(_REBALANCING):
            return False
        return record.created > self._patient_until_s or _NO_COORDINATOR not in message


class RepeatFilter(logging.Filter):
    """Says what a library says again and again once in ten seconds, and how often it was said.

    Without a broker, the clients of a process say several hundred times a second that it is not
    there, and fill a disk within days. Messages that differ in numbers alone are the same.
    """

    def __init__(self, library: str) -> None:
        super().__init__(library)
        self._told: dict[str, tuple[float, int]] = {}
        """Message -> when it was told, and how often it came since."""

    def filter(self, record: logging.LogRecord) -> bool:
        if not super().filter(record):
            return True  # of another library
        message = record.getMessage()
        same = re.sub(r"\d+", "0", message)
        told_s, left_out = self._told.get(same, (0.0, 0))
        if record.created < told_s + _SAME_AGAIN_S:
            self._told[same] = (told_s, left_out + 1)
            return False
        if len(self._told) >= _MOST_KEPT:
            self._told.clear()
        self._told[same] = (record.created, 0)
        if left_out:
            record.msg, record.args = f"{message} (and {left_out:,} more like it before)", ()
        return True


def start_logging(level: str) -> None:
    """Key and value lines on standard error; other libraries speak up from warnings on."""
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.WARNING,
        force=True,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    for handler in logging.getLogger().handlers:
        handler.addFilter(OperatorFilter(time.time()))
        handler.addFilter(RepeatFilter("aiokafka"))
    for ours in (*PACKAGES, "leimo"):
        logging.getLogger(ours).setLevel(level)


def run(work: Coroutine[Any, Any, T], settings: Settings) -> T:
    """Run to the end on uvloop; an `OperatorError` or a broker out of reach becomes a message."""
    from aiokafka.errors import KafkaConnectionError, KafkaError

    from kafka_io.diagnosis import why_unreachable
    from kafka_io.event_loop import LoopPolicy

    if not logging.getLogger().handlers:  # what a client logs about it, the message below says
        logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    try:
        # As a policy, since Faust's consumer thread makes a loop of its own.
        asyncio.set_event_loop_policy(LoopPolicy())
        return asyncio.run(work)
    except KafkaConnectionError:
        fail(asyncio.run(why_unreachable(settings)))
    except SettingsError as error:
        fail(str(error), code=2)
    except OperatorError as error:
        fail(str(error))
    except KafkaError as error:
        fail(
            f"the broker at {settings.broker} did not do what was asked: {error}. Look at its log, "
            "at the topics with `leimo topics list`, and at the rights of the user"
        )
