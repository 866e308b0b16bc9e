"""Read all of `posts.raw` for a backtest."""

from typing import Any

from schemas.topics import POSTS_RAW
from streams.reading import PartitionReader
from streams.settings import Settings
from streams.topic_admin import refuse_missing, topic_states


async def read_raw(settings: Settings) -> list[Any]:
    """Every record that the topic holds now.

    Raises:
        TopicError: the topic does not exist.
    """
    refuse_missing(state for state in await topic_states(settings) if state.topic == POSTS_RAW)
    async with PartitionReader(settings) as reader:
        partitions = [(POSTS_RAW.name, number) for number in range(settings.partitions)]
        found = []
        async for _, records in reader.read(await reader.bounds(partitions)):
            found += records
        return found
