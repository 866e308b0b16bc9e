"""Which partition a key belongs to, as Kafka's own default partitioner says."""

from functools import lru_cache

from aiokafka.partitioner import murmur2


@lru_cache(maxsize=1 << 18)
def partition_for(key: bytes, partitions: int) -> int:
    """Partition of `key` among `partitions`; any Kafka client's default agrees.

    Cached, since murmur2 in Python costs microseconds and keys repeat.

    >>> partition_for(b"xiaomi", 8)
    3
    """
    return int((murmur2(key) & 0x7FFFFFFF) % partitions)
