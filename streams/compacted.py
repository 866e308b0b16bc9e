"""Read a compacted topic to its end: the latest value of each key."""

from streams.reading import PartitionReader
from streams.settings import Settings


async def read_compacted(settings: Settings, topic: str, partitions: int = 1) -> dict[bytes, bytes]:
    """What the topic holds when called: each key's latest value; removed keys are absent.

    Keys are in the order of their latest record within a partition. The topic must exist.
    """
    held: dict[bytes, bytes] = {}
    async with PartitionReader(settings) as reader:
        ranges = await reader.bounds((topic, partition) for partition in range(partitions))
        async for _, records in reader.read(ranges):
            for record in records:
                if record.key is None:
                    continue
                held.pop(record.key, None)
                if record.value is not None:
                    held[record.key] = record.value
    return held
