"""The latest value of each key, whatever a compacted topic ends with."""

from kafka_io.batches import Row
from kafka_io.compacted import read_compacted
from kafka_io.settings import Settings
from schemas.topics import BRANDS_CHANGELOG, CATALOGUE
from tests.kafka_io.broker_log import append, writer_of


async def test_it_gives_the_latest_value_of_each_key_that_was_not_removed(
    settings: Settings,
) -> None:
    rows = [(b"a", b"1"), (b"b", b"1"), (b"c", b"1"), (b"a", b"2"), (b"b", None)]
    await append(settings, *(Row(CATALOGUE.name, 0, key, value) for key, value in rows))

    held = await read_compacted(settings, CATALOGUE.name)

    assert list(held.items()) == [(b"c", b"1"), (b"a", b"2")]


async def test_an_empty_topic_holds_nothing(settings: Settings) -> None:
    assert await read_compacted(settings, CATALOGUE.name) == {}


async def test_it_reads_every_partition(settings: Settings) -> None:
    await append(
        settings, *(Row(BRANDS_CHANGELOG.name, part, b"k%d" % part, b"v") for part in range(4))
    )

    held = await read_compacted(settings, BRANDS_CHANGELOG.name, settings.partitions)

    assert set(held) == {b"k0", b"k1", b"k2", b"k3"}


async def test_it_ends_where_the_topic_ends_with_a_marker(kafka_settings: Settings) -> None:
    writer = writer_of(kafka_settings)
    await writer.start()
    await writer.write([Row(CATALOGUE.name, 0, b"a", b"1")], {})
    await writer.stop()

    assert await read_compacted(kafka_settings, CATALOGUE.name) == {b"a": b"1"}
