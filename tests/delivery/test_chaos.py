"""Failing receivers and killed processes, in the short form; the long one is a program."""

from pathlib import Path

import pytest

from kafka_io.brokers import ApacheKafka
from tests.delivery.chaos import FAULTS, Size, fault_of, run


@pytest.mark.kafka
@pytest.mark.slow
async def test_all_are_told_and_what_comes_twice_is_said(
    kafka_broker: ApacheKafka, tmp_path: Path
) -> None:
    size = Size(alerts=60, subscribers=21, kills=4)
    assert {fault_of(at) for at in range(size.subscribers)} == {"", *FAULTS}
    figures = await run(kafka_broker, size, tmp_path)
    assert figures.told == figures.wanted
    assert figures.missing == 0
    assert figures.untold_twice == 0
    assert figures.kills == size.kills
    assert figures.failures > 0
    log = (tmp_path / "deliver.log").read_text("utf-8")
    assert log.count("was cut off") == figures.repeats
    assert "Traceback" not in log
