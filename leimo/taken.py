"""What the workers have taken of `posts.raw` and `mentions`, by the offsets that their group has
committed; and the minutes that wait for the rest.

    posts.raw   ======================|........   taken | a worker is behind, or stopped
    mentions    ===================|......        taken | sent by `analyse`, not counted yet

What stands after those offsets may stand in the windows already, or not yet: neither proves
anything about the minutes that it belongs to.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

import msgspec
from aiokafka.errors import KafkaConnectionError, KafkaError

from kafka_io.group_lag import committed_offsets, unreadable
from kafka_io.ledger import TopicPartition
from kafka_io.reading import PartitionReader
from kafka_io.settings import Settings
from measures.recount import Key, key_of
from schemas.errors import OperatorError
from schemas.mention import Mention, MentionOrTick
from schemas.topics import MENTIONS, POSTS_RAW

Offsets = Mapping[TopicPartition, int]
_decode = msgspec.json.Decoder(MentionOrTick).decode


async def taken_offsets(settings: Settings) -> dict[TopicPartition, int]:
    """The next offset of each partition that the group has taken something of.

    Raises:
        OperatorError: the group has committed nothing, or its offsets cannot be read.
        KafkaConnectionError: the broker cannot be reached.
    """
    try:
        taken = await committed_offsets(settings)
    except KafkaConnectionError:
        raise
    except KafkaError as error:
        raise OperatorError(unreadable(settings.group_id, error)) from error
    if not any(topic == POSTS_RAW.name for topic, _ in taken):
        raise OperatorError(
            f"LEIMO_GROUP={settings.group}: this group has taken no post, so there is nothing to "
            "compare. Set LEIMO_GROUP to the group of the workers, or start them"
        )
    return taken


def after(
    taken: Offsets, bounds: Mapping[TopicPartition, tuple[int, int]]
) -> dict[TopicPartition, tuple[int, int]]:
    """The part of each partition that is not taken.

    >>> after({("posts.raw", 0): 7}, {("posts.raw", 0): (2, 9), ("posts.raw", 1): (2, 9)})
    {('posts.raw', 0): (7, 9), ('posts.raw', 1): (2, 9)}
    """
    return {
        source: (min(end, max(first, taken.get(source, first))), end)
        for source, (first, end) in bounds.items()
    }


def before(
    taken: Offsets, bounds: Mapping[TopicPartition, tuple[int, int]]
) -> dict[TopicPartition, tuple[int, int]]:
    """The part of each partition that is taken."""
    waiting = after(taken, bounds)
    return {source: (first, waiting[source][0]) for source, (first, _) in bounds.items()}


def removed(taken: Offsets, bounds: Mapping[TopicPartition, tuple[int, int]]) -> int:
    """Records after the taken ones that do not stand there any more.

    >>> removed({("posts.raw", 0): 7}, {("posts.raw", 0): (9, 12), ("posts.raw", 1): (9, 12)})
    2
    """
    return sum(max(0, first - taken.get(source, first)) for source, (first, _) in bounds.items())


async def keys_in_mentions(reader: PartitionReader, settings: Settings, taken: Offsets) -> set[Key]:
    """The brands and minutes of mentions that were sent and are not counted yet."""
    bounds = await reader.bounds((MENTIONS.name, p) for p in range(settings.partitions))
    keys: set[Key] = set()
    async for _, records in reader.read(after(taken, bounds)):
        keys.update(key_of(mention) for mention in _mentions(records))
    return keys


def _mentions(records: Iterable[Any]) -> Iterator[Mention]:
    for record in records:
        if record.value is not None:
            with suppress(msgspec.DecodeError):
                item = _decode(record.value)
                if isinstance(item, Mention):
                    yield item
