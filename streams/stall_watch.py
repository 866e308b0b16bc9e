"""Look at one's own worker now and then, and end it where it has stopped working."""

import asyncio
import faulthandler
import time

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment
from aiokafka.errors import KafkaError

from kafka_io.clients import client_options
from kafka_io.ledger import TopicPartition
from kafka_io.reading import PartitionReader
from kafka_io.settings import Settings
from kafka_io.topic_names import Names
from schemas.topics import MENTIONS, POSTS_RAW
from streams.ownership import Ownership
from streams.stop import die
from streams.watchdog import Sight, Watchdog

_LOOKS = 6
"""Within the time after which a worker is taken to have stalled."""


async def watch_for_stalls(settings: Settings, ownership: Ownership) -> None:
    """End the process when it has not moved for `stall_s` though there is work.

    A blocked event loop, which could not run this, ends it too, with the traces of all threads.
    """
    watchdog = Watchdog(settings.stall_s)
    try:
        while True:
            faulthandler.dump_traceback_later(settings.stall_s, exit=True)
            await asyncio.sleep(settings.stall_s / _LOOKS)
            reason = watchdog.judge(await look(settings, ownership), time.monotonic())
            if reason is not None:
                die(reason)
    finally:
        faulthandler.cancel_dump_traceback_later()


async def look(settings: Settings, ownership: Ownership) -> Sight | None:
    """What stands where on the broker; None while the broker does not answer."""
    steps, is_open, positions = ownership.steps, ownership.is_open, ownership.ledger.positions
    try:
        async with asyncio.timeout(settings.stall_s / 2):
            async with PartitionReader(settings) as reader:
                bounds = await reader.bounds(positions)
            idle = is_open and not positions
            unowned = await unowned_partitions(settings) if idle else frozenset()
    except (KafkaError, TimeoutError, OSError):
        return None
    names = Names(settings)
    ends = {names.partition(source): end for source, (_, end) in bounds.items()}
    stands = {names.partition(source): at for source, at in positions.items()}
    return Sight(is_open, steps, stands, ends, unowned)


async def unowned_partitions(settings: Settings) -> frozenset[TopicPartition]:
    """Partitions on the broker that no member of the group has; none while they are being dealt."""
    admin = AIOKafkaAdminClient(**client_options(settings))
    await admin.start()
    try:
        answers = await admin.describe_consumer_groups([settings.group_id])
    finally:
        await admin.close()
    groups = [group for answer in answers for group in answer.to_object()["groups"]]
    if any(group["error_code"] or group["state"] != "Stable" for group in groups):
        return frozenset()
    owned = {
        (topic, partition)
        for group in groups
        for member in group["members"]
        for topic, partitions in _assignment(member["member_assignment"])
        for partition in partitions
    }
    names = Names(settings)
    wanted = {
        names.partition((topic.name, partition))
        for topic in (POSTS_RAW, MENTIONS)
        for partition in range(settings.partitions)
    }
    return frozenset(wanted - owned)


def _assignment(encoded: bytes) -> list[tuple[str, list[int]]]:
    if not encoded:
        return []
    return list(ConsumerProtocolMemberAssignment.decode(encoded).assignment)
