"""Read a compacted topic to its end: the latest value of each key."""

from aiokafka import AIOKafkaConsumer

from kafka_io.clients import client_options, stop_consumer
from kafka_io.settings import Settings
from kafka_io.topic_names import Names
from kafka_io.waiting import telling

_POLL_MS = 100


async def read_compacted(settings: Settings, topic: str, partitions: int = 1) -> dict[bytes, bytes]:
    """What the topic holds when called, or a moment later: each key's latest value.

    Removed keys are absent. Keys are in the order of their latest records within a partition.
    The topic must exist.
    """
    consumer = AIOKafkaConsumer(
        **client_options(settings),
        group_id=None,
        enable_auto_commit=False,
        isolation_level="read_committed",
        fetch_max_wait_ms=_POLL_MS,
    )
    names = Names(settings)
    wanted = [names.partition((topic, partition)) for partition in range(partitions)]
    held: dict[bytes, bytes] = {}
    try:
        with telling(settings.broker):
            await consumer.start()
        consumer.assign(wanted)
        await consumer.seek_to_beginning(*wanted)
        # The embedded broker names an end within the last batch, so records behind it count too.
        left = await consumer.end_offsets(wanted)
        while left:
            for records in (await consumer.getmany(*left, timeout_ms=_POLL_MS)).values():
                for record in records:
                    if record.key is None:
                        continue
                    held.pop(record.key, None)
                    if record.value is not None:
                        held[record.key] = record.value
            for partition, end in list(left.items()):
                # The position also passes markers and compacted offsets, which give no record.
                if await consumer.position(partition) >= end:
                    del left[partition]
    finally:
        await stop_consumer(consumer)
    return held
