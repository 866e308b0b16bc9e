"""Ask for posts and authors to be forgotten, on the topic `deletions`."""

import msgspec

from catalogue.silences import iso
from kafka_io.producers import Producer
from kafka_io.settings import Settings
from kafka_io.topic_admin import refuse_missing, topic_states
from schemas.deletion import Deletion
from schemas.topics import BRANDS_CHANGELOG, DELETIONS, MENTIONS, POSTS_DEAD, POSTS_RAW


class Place(msgspec.Struct, frozen=True):
    """Where the text goes on to stand for a while."""

    topic: str
    holds: str
    until: str
    """A time, or in words what ends it."""


async def announce(settings: Settings, deletion: Deletion) -> None:
    """Write it where workers, deliveries and the command center read it.

    Raises:
        TopicError: there is no such topic.
        KafkaError: the broker does not take it.
    """
    refuse_missing(state for state in await topic_states(settings) if state.topic is DELETIONS)
    async with Producer(settings) as producer:
        value = msgspec.json.encode(deletion)
        await producer.send_and_wait(DELETIONS.name, value, deletion.key)


def out_of_reach(asked_at_ms: int) -> list[Place]:
    """What no worker can take the text out of, and when it goes by itself.

    Retention removes whole segments of a topic, so the broker may keep a record for longer.
    """
    held = (
        (POSTS_RAW, "the post as the source gave it"),
        (POSTS_DEAD, "the post, if it could not be read"),
        (MENTIONS, "the author's words"),
    )
    places = [
        Place(topic.name, holds, iso(asked_at_ms + topic.retention_ms)) for topic, holds in held
    ]
    places.append(
        Place(BRANDS_CHANGELOG.name, "samples of alerts to come", "the broker compacts it")
    )
    return places
