"""Putting a catalogue into force: only what changed is sent, and nothing of others is touched."""

import pytest
from aiokafka import AIOKafkaProducer
from hypothesis import given
from hypothesis import strategies as st

from catalogue.file import SHIPPED, dump_definitions, load
from catalogue.topic import Changes, changes_between, held_definitions, publish
from kafka_io.brokers import Broker, EmbeddedBroker
from kafka_io.compacted import read_compacted
from kafka_io.followers import CatalogueFollower
from kafka_io.reading import PartitionReader
from kafka_io.settings import Settings
from kafka_io.topic_admin import TopicError, apply_topics
from schemas.catalogue import Brand, Catalogue
from schemas.rules import SpikeRule
from schemas.topics import CATALOGUE

XIAOMI = Brand(id="xiaomi", name="小米")
HUAWEI = Brand(id="huawei", name="华为")
BURST = SpikeRule(id="burst")
NOTHING = Changes(added=(), changed=(), removed=(), unchanged=())


def _settings(broker: Broker) -> Settings:
    return Settings.load(broker=broker.address, partitions=2)


async def _end(settings: Settings) -> int:
    """An offset that grows with every batch of records."""
    async with PartitionReader(settings) as reader:
        bounds = await reader.bounds([(CATALOGUE.name, 0)])
    return bounds[(CATALOGUE.name, 0)][1]


async def _send(settings: Settings, key: bytes, value: bytes | None) -> None:
    async with AIOKafkaProducer(bootstrap_servers=settings.broker) as producer:
        await producer.send_and_wait(CATALOGUE.name, value, key)


async def test_a_catalogue_is_published_changed_and_removed(broker: Broker) -> None:
    settings = _settings(broker)
    await apply_topics(settings)
    first = Catalogue(brands=(XIAOMI, HUAWEI), rules=(BURST,))
    assert await publish(settings, first) == NOTHING._replace(
        added=("brand:xiaomi", "brand:huawei", "rule:burst")
    )
    assert await held_definitions(settings) == dict(dump_definitions(first))

    renamed = Brand(id="huawei", name="华为技术")
    second = Catalogue(brands=(renamed,), rules=(BURST,))
    assert await publish(settings, second) == Changes(
        added=(), changed=("brand:huawei",), removed=("brand:xiaomi",), unchanged=("rule:burst",)
    )
    assert await held_definitions(settings) == dict(dump_definitions(second))

    follower = CatalogueFollower(settings, _ignore)
    try:
        assert await follower.load() == second
    finally:
        await follower.stop()


async def _ignore(_: Catalogue) -> None:
    """Changes after the first load are not what is tested."""


async def test_publishing_again_sends_nothing(embedded_broker: EmbeddedBroker) -> None:
    settings = _settings(embedded_broker)
    await apply_topics(settings)
    catalogue = load(SHIPPED)
    everything = tuple(key.decode() for key, _ in dump_definitions(catalogue))
    assert (await publish(settings, catalogue)).added == everything
    end = await _end(settings)
    assert end > 0
    assert (await publish(settings, catalogue)).unchanged == everything
    assert await _end(settings) == end


async def test_a_dry_run_tells_the_changes_and_sends_nothing(
    embedded_broker: EmbeddedBroker,
) -> None:
    settings = _settings(embedded_broker)
    await apply_topics(settings)
    changes = await publish(settings, Catalogue(brands=(XIAOMI,)), dry_run=True)
    assert changes == NOTHING._replace(added=("brand:xiaomi",))
    assert await held_definitions(settings) == {}


async def test_kept_definitions_stay_and_those_of_others_always_do(
    embedded_broker: EmbeddedBroker,
) -> None:
    settings = _settings(embedded_broker)
    await apply_topics(settings)
    await publish(settings, Catalogue(brands=(XIAOMI,)))
    await _send(settings, b"note:ops", b"{}")

    changes = await publish(settings, Catalogue(brands=(HUAWEI,)), keep=True)
    assert changes == NOTHING._replace(added=("brand:huawei",), kept=("brand:xiaomi",))
    assert set(await held_definitions(settings)) == {
        b"brand:xiaomi",
        b"brand:huawei",
        b"note:ops",
    }

    changes = await publish(settings, Catalogue(brands=(HUAWEI,)))
    assert changes == NOTHING._replace(removed=("brand:xiaomi",), unchanged=("brand:huawei",))
    assert set(await held_definitions(settings)) == {b"brand:huawei", b"note:ops"}


async def test_a_missing_topic_is_named_with_its_mend(embedded_broker: EmbeddedBroker) -> None:
    with pytest.raises(TopicError, match=r"missing: catalogue\..*`leimo topics apply`"):
        await publish(_settings(embedded_broker), Catalogue(brands=(XIAOMI,)))


async def test_the_latest_value_of_a_key_is_read_and_removed_keys_are_absent(
    broker: Broker,
) -> None:
    settings = _settings(broker)
    await apply_topics(settings)
    assert await read_compacted(settings, CATALOGUE.name) == {}
    for key, value in [(b"a", b"1"), (b"b", b"1"), (b"a", b"2"), (b"b", None), (b"c", b"1")]:
        await _send(settings, key, value)
    assert await read_compacted(settings, CATALOGUE.name) == {b"a": b"2", b"c": b"1"}


_KEYS = [b"brand:a", b"brand:b", b"rule:a", b"silence:a", b"silence:b", b"note:a"]
_definitions = st.dictionaries(st.sampled_from(_KEYS), st.binary(max_size=1))


@given(
    wanted=_definitions,
    held=_definitions,
    keep=st.booleans(),
    over=st.sets(st.sampled_from([b"silence:a", b"silence:b"])),
)
def test_applying_the_changes_gives_what_is_wanted(
    wanted: dict[bytes, bytes], held: dict[bytes, bytes], keep: bool, over: set[bytes]
) -> None:
    """Silences that are over go, wanted or not; others stay, as does what is not a catalogue's."""
    wanted = {key: value for key, value in wanted.items() if not key.startswith(b"note")}
    changes = changes_between(wanted, held, keep=keep, over=over)
    after = dict(held)
    for key in (*changes.added, *changes.changed):
        after[key.encode()] = wanted[key.encode()]
    for key in changes.removed:
        del after[key.encode()]
    wanted = {key: value for key, value in wanted.items() if key not in over}
    rest = {key: held[key] for key in held if key not in wanted and key not in over}
    if not keep:
        rest = {key: value for key, value in rest.items() if key.startswith((b"note", b"silence"))}
    assert after == wanted | rest
    assert sorted((*changes.added, *changes.changed, *changes.unchanged)) == sorted(
        key.decode() for key in wanted
    )
    assert {key.encode() for key in changes.kept} == {
        key for key in rest if not key.startswith(b"note")
    }
