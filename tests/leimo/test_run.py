"""What a broker answers is one message to the person at the terminal, never a traceback."""

import logging

import pytest
import typer
from aiokafka.errors import KafkaError, KafkaTimeoutError, TopicAuthorizationFailedError

from kafka_io.settings import Settings
from leimo.run import OperatorFilter, run


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
