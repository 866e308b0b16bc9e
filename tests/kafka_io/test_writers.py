"""Rows and offsets become durable together, by one owner at a time."""

import asyncio
from collections.abc import Mapping

import pytest
from aiokafka.errors import MessageSizeTooLargeError, ProducerFenced

from kafka_io.batches import Row
from kafka_io.brokers import ApacheKafka, Broker
from kafka_io.settings import Settings
from kafka_io.writers import AcknowledgedWriter, TransactionalWriter, has_transactions
from schemas.topics import ALERTS, MENTIONS, WINDOWS
from tests.kafka_io import words
from tests.kafka_io.broker_log import append, group_offsets, values, writer_of

SOURCE = (MENTIONS.name, 0)
TOO_LARGE = Row(WINDOWS.name, 0, b"k", b"x" * (2 << 20))


def row(value: bytes, topic: str = WINDOWS.name) -> Row:
    return Row(topic, 0, b"k", value)


def nothing(point: str) -> None:
    """No fault."""


class OwnerGoneError(Exception):
    """The owner vanishes here."""


async def test_rows_and_offsets_are_committed_together(kafka_settings: Settings) -> None:
    points: list[str] = []
    writer = writer_of(kafka_settings, points.append)
    await writer.start()

    await writer.write([row(b"1"), row(b"2"), row(b"3", ALERTS.name)], {SOURCE: 17})
    await writer.write([row(b"4")], {SOURCE: 18, (MENTIONS.name, 1): 5})
    await writer.write([], {SOURCE: 19})
    await writer.write([row(b"5")], {})
    await writer.stop()

    assert await values(kafka_settings, WINDOWS.name) == [b"1", b"2", b"4", b"5"]
    assert await values(kafka_settings, ALERTS.name) == [b"3"]
    assert await group_offsets(kafka_settings) == {SOURCE: 19, (MENTIONS.name, 1): 5}
    assert points == ["begun", "sent", "flushed", "offsets sent", "committed"] * 4


async def test_a_new_writer_fences_the_old_one(kafka_settings: Settings) -> None:
    old, new = writer_of(kafka_settings), writer_of(kafka_settings)
    await old.start()
    await old.write([row(b"old")], {SOURCE: 1})

    await new.start()
    with pytest.raises(ProducerFenced):
        await old.write([row(b"too late")], {SOURCE: 2})
    await new.write([row(b"new")], {SOURCE: 3})
    await new.stop()
    await old.stop()

    assert await values(kafka_settings, WINDOWS.name) == [b"old", b"new"]
    assert await group_offsets(kafka_settings) == {SOURCE: 3}


async def test_writers_of_other_partitions_are_not_fenced(kafka_settings: Settings) -> None:
    mine = writer_of(kafka_settings)
    other = TransactionalWriter(kafka_settings, f"{kafka_settings.group}-measure-1", nothing)
    await mine.start()
    await other.start()

    await asyncio.gather(mine.write([row(b"a")], {}), other.write([row(b"b")], {}))
    await mine.stop()
    await other.stop()

    assert sorted(await values(kafka_settings, WINDOWS.name)) == [b"a", b"b"]


@pytest.mark.parametrize("point", ["begun", "sent", "flushed", "offsets sent"])
async def test_a_new_writer_aborts_what_the_old_one_left_open(
    kafka_settings: Settings, point: str
) -> None:
    """At once: readers of what it writes do not wait for the timeout of the old transaction."""

    def vanish(reached: str) -> None:
        if reached == point:
            raise OwnerGoneError

    old, new = writer_of(kafka_settings, vanish), writer_of(kafka_settings)
    await old.start()
    with pytest.raises(OwnerGoneError):
        await old.write([row(b"half")], {SOURCE: 1})

    await new.start()
    async with asyncio.timeout(8):  # less than the transaction's own 10 s
        await new.write([row(b"whole")], {SOURCE: 2})
        while await values(kafka_settings, WINDOWS.name) != [b"whole"]:
            pass
    await new.stop()
    await old.stop()

    assert await group_offsets(kafka_settings) == {SOURCE: 2}


async def test_a_refused_row_keeps_the_whole_commit_back(kafka_settings: Settings) -> None:
    """aiokafka itself would commit the offsets, and the row would be lost."""
    writer = writer_of(kafka_settings)
    await writer.start()

    with pytest.raises(MessageSizeTooLargeError):
        await writer.write([row(b"fits"), TOO_LARGE, row(b"behind", ALERTS.name)], {SOURCE: 3})
    assert await group_offsets(kafka_settings) == {}
    await writer.stop()

    assert await values(kafka_settings, WINDOWS.name) == []
    assert await values(kafka_settings, ALERTS.name) == []


async def test_offsets_follow_when_the_rows_are_durable(settings: Settings) -> None:
    seen: list[tuple[Mapping[tuple[str, int], int], list[bytes]]] = []

    async def commit(offsets: Mapping[tuple[str, int], int]) -> None:
        seen.append((offsets, await values(settings, WINDOWS.name)))

    points: list[str] = []
    writer = AcknowledgedWriter(settings, commit, points.append)
    await writer.start()
    await writer.write([row(b"1"), row(b"2")], {SOURCE: 7})
    await writer.write([row(b"3")], {})  # ticks move no offsets
    await writer.write([], {SOURCE: 8})
    await writer.stop()

    assert seen == [({SOURCE: 7}, [b"1", b"2"]), ({SOURCE: 8}, [b"1", b"2", b"3"])]
    assert points == ["begun", "sent", "flushed", "committed"] * 3


async def test_offsets_do_not_follow_a_refused_row(kafka_settings: Settings) -> None:
    seen = []

    async def commit(offsets: Mapping[tuple[str, int], int]) -> None:
        seen.append(offsets)

    writer = AcknowledgedWriter(kafka_settings, commit, nothing)
    await writer.start()

    with pytest.raises(MessageSizeTooLargeError):
        await writer.write([TOO_LARGE], {SOURCE: 7})
    await writer.stop()

    assert seen == []


async def test_a_writer_that_was_never_started_can_be_stopped(settings: Settings) -> None:
    """A take-over that is cut short lets go of all of its writers."""

    async def commit(offsets: Mapping[tuple[str, int], int]) -> None:
        raise AssertionError(offsets)

    await AcknowledgedWriter(settings, commit, nothing).stop()
    await writer_of(settings).stop()


async def test_the_broker_says_whether_it_has_transactions(broker: Broker) -> None:
    settings = words.settings(broker.address, "asks")

    assert await has_transactions(settings) == isinstance(broker, ApacheKafka)


async def test_asking_does_not_disturb_a_worker(kafka_settings: Settings) -> None:
    writer = writer_of(kafka_settings)
    await writer.start()

    assert await has_transactions(kafka_settings)
    await writer.write([row(b"goes on")], {})
    await writer.stop()

    await append(kafka_settings, row(b"behind"))
    assert await values(kafka_settings, WINDOWS.name) == [b"goes on", b"behind"]
