"""Who waits for a broker that does not answer is told so."""

import asyncio
import logging

import pytest

from kafka_io.waiting import telling


async def test_nothing_is_said_of_what_is_quick(caplog: pytest.LogCaptureFixture) -> None:
    with telling("kafka1:9092"):
        await asyncio.sleep(0)

    assert caplog.records == []


async def test_it_is_said_again_and_ends_with_the_wait(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kafka_io.waiting._FIRST_S", 0.001)
    monkeypatch.setattr("kafka_io.waiting._AGAIN_S", 0.001)
    with caplog.at_level(logging.WARNING), telling("kafka1:9092"):
        async with asyncio.timeout(30):
            while len(caplog.records) < 3:
                await asyncio.sleep(0.001)
    told = len(caplog.records)
    await asyncio.sleep(0.01)

    assert caplog.messages[0] == "waiting for the broker at kafka1:9092, 0 s"
    assert len(caplog.records) == told
