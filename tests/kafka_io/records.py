"""Consumer records, as aiokafka hands them over."""

from aiokafka.structs import ConsumerRecord

Headers = tuple[tuple[str, bytes | None], ...]


def record(
    value: bytes | None,
    *,
    key: bytes | None = None,
    offset: int = 0,
    partition: int = 0,
    topic: str = "posts.raw",
    timestamp: int = 0,
    headers: Headers = (),
) -> ConsumerRecord[bytes | None, bytes | None]:
    return ConsumerRecord(
        topic=topic,
        partition=partition,
        offset=offset,
        timestamp=timestamp,
        timestamp_type=0,
        key=key,
        value=value,
        checksum=None,
        serialized_key_size=-1 if key is None else len(key),
        serialized_value_size=-1 if value is None else len(value),
        headers=headers,
    )
