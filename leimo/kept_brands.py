"""What workers keep of single brands, read from `brands-changelog`, and the newest alerts."""

from collections.abc import Collection
from typing import NamedTuple

import msgspec

from agents.measure import PARTITION_STATE_KEY
from delivery.history import catalogue_in_force
from kafka_io.compacted import read_compacted
from kafka_io.partitions import partition_for
from kafka_io.reading import PartitionReader
from kafka_io.settings import Settings
from kafka_io.topic_admin import refuse_missing, refuse_wrong_partitions, topic_states
from measures.brand_state import BrandState
from measures.kept_state import KeptStateError, KeptStates, unstamped
from measures.partition_state import PartitionState
from measures.rule_index import RuleIndex
from measures.why_not import groups_of
from schemas.alert import Alert
from schemas.errors import OperatorError
from schemas.topics import ALERTS, BRANDS_CHANGELOG, CATALOGUE, Topic

_decode_partition_state = msgspec.msgpack.Decoder(PartitionState).decode


class Kept(NamedTuple):
    """All that the question needs that is kept."""

    rules: RuleIndex
    whole: PartitionState
    """Of the brand's partition."""
    states: dict[str, BrandState]
    """Of the brand, and of the groups of rivals that it is in."""


async def kept_of(settings: Settings, brand: str) -> Kept:
    """What workers keep of a brand, as they committed it last.

    Raises:
        OperatorError: the catalogue does not have the brand, nothing is kept of it yet, or what is
            kept cannot be read.
    """
    await _refuse_missing(settings, (BRANDS_CHANGELOG, CATALOGUE))
    index = RuleIndex(await catalogue_in_force(settings))
    if brand not in index.brands:
        raise OperatorError(
            f"{brand}: the catalogue in force has no brand with this id; `leimo catalogue show` "
            "lists them"
        )
    names = [brand, *groups_of(index, brand)]
    wholes: dict[int, bytes] = {}
    states: dict[str, BrandState] = {}
    of_brand = partition_for(brand.encode(), settings.partitions)
    async with PartitionReader(settings) as reader:
        for partition in {partition_for(name.encode(), settings.partitions) for name in names}:
            entries = await _entries(reader, partition, names)
            wholes[partition] = entries.pop(PARTITION_STATE_KEY, b"")
            states |= _restored(entries)
    if brand not in states or not wholes[of_brand]:
        raise OperatorError(
            f"{brand}: no worker has kept anything of it yet: it was not mentioned, or none runs "
            "here; see LEIMO_TOPIC_PREFIX and LEIMO_PARTITIONS"
        )
    return Kept(
        index, unstamped(PARTITION_STATE_KEY, wholes[of_brand], _decode_partition_state), states
    )


def _restored(entries: dict[bytes, bytes]) -> dict[str, BrandState]:
    try:
        return KeptStates().restore(entries.items())
    except KeptStateError as error:
        raise OperatorError(f"{error}; use the release of the workers") from error


async def _entries(
    reader: PartitionReader, partition: int, names: Collection[str]
) -> dict[bytes, bytes]:
    """The entries of these brands in a partition, and that of the partition as a whole."""
    wanted = {name.encode() for name in names}
    held: dict[bytes, bytes] = {}
    source = (BRANDS_CHANGELOG.name, partition)
    async for _, records in reader.read(await reader.bounds([source])):
        for record in records:
            if record.key != PARTITION_STATE_KEY and record.key.partition(b"\x00")[0] not in wanted:
                continue
            held.pop(record.key, None)
            if record.value is not None:
                held[record.key] = record.value
    return held


async def latest_alerts(settings: Settings) -> list[Alert]:
    """The last alert of each rule and brand, in the order of their begins."""
    await _refuse_missing(settings, (ALERTS,))
    found = []
    for value in (await read_compacted(settings, ALERTS.name, settings.partitions)).values():
        try:
            found.append(msgspec.json.decode(value, type=Alert))
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue
    return sorted(found, key=lambda alert: (alert.started_at_ms, alert.id))


async def _refuse_missing(settings: Settings, topics: Collection[Topic]) -> None:
    states = [state for state in await topic_states(settings) if state.topic in topics]
    refuse_missing(states)
    refuse_wrong_partitions(states)
