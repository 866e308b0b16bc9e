"""What a broker answers is one message to the person at the terminal, never a traceback."""

import logging

import pytest
import typer
from aiokafka.errors import KafkaError, KafkaTimeoutError, TopicAuthorizationFailedError

from kafka_io.settings import Settings
from leimo.run import OperatorFilter, RepeatFilter, run


@pytest.mark.parametrize(
    "error", [KafkaTimeoutError("no offsets in 40 s"), TopicAuthorizationFailedError("trends")]
)
def test_a_broker_that_refuses_is_named(
    error: KafkaError, capsys: pytest.CaptureFixture[str]
) -> None:
    async def work() -> None:
        raise error

    with pytest.raises(typer.Exit) as ended:
        run(work(), Settings(broker="kafka1:9092"))

    told = capsys.readouterr().err
    assert ended.value.exit_code == 1
    assert f"the broker at kafka1:9092 did not do what was asked: {error}" in told


@pytest.mark.parametrize(
    ("message", "is_told"),
    [
        ("Heartbeat failed for group leimo because it is rebalancing", False),
        ("Heartbeat failed for group leimo: generation id is not  current.", True),
        ("Heartbeat session expired - marking coordinator dead", True),
    ],
)
def test_a_worker_that_joins_is_no_failed_heartbeat(message: str, is_told: bool) -> None:
    record = logging.makeLogRecord({"msg": message, "levelno": logging.WARNING})

    assert OperatorFilter(started_s=0).filter(record) is is_told


def said(name: str, message: str, at_s: float) -> logging.LogRecord:
    return logging.makeLogRecord({"name": name, "msg": message, "created": 1e9 + at_s})


def test_what_a_library_repeats_is_told_once_in_ten_seconds_and_counted() -> None:
    repeats = RepeatFilter("aiokafka")
    told = []
    for tenth in range(250):
        record = said(
            "aiokafka.client", f"Unable connect to node {tenth % 3}: 100% [refused]", tenth / 10
        )
        if repeats.filter(record):
            told.append(record.getMessage())
    first = "Unable connect to node 0: 100% [refused]"
    assert told[0] == first
    assert [one.partition(" (")[2] for one in told[1:]] == ["and 99 more like it before)"] * 2


def test_what_differs_and_what_we_say_is_told_each_time() -> None:
    repeats = RepeatFilter("aiokafka")
    assert repeats.filter(said("aiokafka", "refused by node 1", 0))
    assert not repeats.filter(said("aiokafka", "refused by node 2", 1))
    assert repeats.filter(said("aiokafka", "timed out at node 1", 1))
    ours = [said("delivery.receiver", "does not take messages", at) for at in range(3)]
    assert all(map(repeats.filter, ours))
    assert all(repeats.filter(said("aiokafka", "x" * number, 2)) for number in range(1, 3_000))
