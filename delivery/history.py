"""What was told to whom, and why, read back from the topics."""

import msgspec
from aiokafka import AIOKafkaConsumer

from delivery.stages import match
from kafka_io.clients import client_options
from kafka_io.compacted import read_compacted
from kafka_io.settings import Settings
from kafka_io.topic_admin import refuse_missing, topic_states
from kafka_io.topic_names import Names
from schemas.alert import Alert, AlertState
from schemas.catalogue import Catalogue, Definition, Subscriber, catalogue_of
from schemas.delivery import Delivery, DeliveryRecord, Reason
from schemas.errors import OperatorError
from schemas.topics import ALERTS, CATALOGUE, DELIVERIES

_POLL_MS = 100


async def deliveries(settings: Settings) -> list[Delivery]:
    """The latest record of each delivery, in order of time.

    Raises:
        TopicError: a topic is missing.
    """
    await _refuse_missing_topics(settings)
    held = await read_compacted(settings, DELIVERIES.name, settings.partitions)
    found = []
    for value in held.values():
        try:
            record: DeliveryRecord = msgspec.json.decode(value, type=DeliveryRecord)
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue
        if isinstance(record, Delivery):
            found.append(record)
    return sorted(found, key=lambda one: (one.at_ms, one.subscriber))


async def states_of(settings: Settings, alert: str) -> list[Alert]:
    """All states of an alert that `alerts` still holds, the newest last. An id may be cut short.

    Raises:
        OperatorError: there is none, or several have ids that begin so.
    """
    await _refuse_missing_topics(settings)
    consumer = AIOKafkaConsumer(
        **client_options(settings),
        group_id=None,
        enable_auto_commit=False,
        isolation_level="read_committed",
        fetch_max_wait_ms=_POLL_MS,
    )
    names = Names(settings)
    wanted = [names.partition((ALERTS.name, at)) for at in range(settings.partitions)]
    found: list[Alert] = []
    async with consumer:
        consumer.assign(wanted)
        await consumer.seek_to_beginning(*wanted)
        left = await consumer.end_offsets(wanted)
        while left:
            for records in (await consumer.getmany(*left, timeout_ms=_POLL_MS)).values():
                found += (
                    one
                    for record in records
                    if (one := _alert(record.value)) is not None and one.id.startswith(alert)
                )
            for partition, end in list(left.items()):
                if await consumer.position(partition) >= end:
                    del left[partition]
    ids = {one.id for one in found}
    if len(ids) != 1:
        what = f"{len(ids)} alerts begin so; write more of it" if ids else "no such alert is held"
        raise OperatorError(f"{alert!r}: {what}; ids stand in `leimo alerts list`")
    return sorted(found, key=lambda one: one.revision)


def _alert(value: bytes | None) -> Alert | None:
    try:
        return msgspec.json.decode(value or b"", type=Alert)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


async def catalogue_in_force(settings: Settings) -> Catalogue:
    """The definitions that can be read."""
    await _refuse_missing_topics(settings)
    found: list[Definition] = []
    for value in (await read_compacted(settings, CATALOGUE.name)).values():
        try:
            found.append(msgspec.json.decode(value, type=Definition))
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue
    return catalogue_of(found)


async def _refuse_missing_topics(settings: Settings) -> None:
    wanted = (ALERTS, CATALOGUE, DELIVERIES)
    refuse_missing(state for state in await topic_states(settings) if state.topic in wanted)


def why_not(subscriber: Subscriber, states: list[Alert]) -> Reason:
    """Why there is no delivery of an alert to a subscriber, by the definitions in force now.

    `MATCHED`: it would be told today; the subscriber or its definition came later than the alert.
    """
    reasons = [match(subscriber, one) for one in states if one.state is AlertState.FIRING]
    if not reasons:
        return match(subscriber, states[-1])
    return Reason.MATCHED if Reason.MATCHED in reasons else reasons[-1]
