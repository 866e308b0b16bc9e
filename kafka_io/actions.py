"""Write what people did to `actions`, and read it back: the one place for both."""

from collections.abc import Iterable

import msgspec

from kafka_io.compacted import read_compacted
from kafka_io.producers import started_producer
from kafka_io.settings import Settings
from kafka_io.topic_admin import refuse_missing, topic_states
from schemas.action import Action
from schemas.topics import ACTIONS

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Action).decode


async def append_actions(settings: Settings, actions: Iterable[Action]) -> None:
    """Add them, in order; they are durable when this returns.

    Raises:
        TopicError: the topic is missing.
    """
    refuse_missing(one for one in await topic_states(settings) if one.topic == ACTIONS)
    producer = await started_producer(settings)
    try:
        for action in actions:
            await (await producer.send(ACTIONS.name, _encode(action), action.key, 0))
    finally:
        await producer.stop()


def action_of(value: bytes | None) -> Action | None:
    """The action that a record holds; None where it holds none, as after a later version."""
    try:
        return _decode(value or b"")
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


async def read_actions(settings: Settings) -> list[Action]:
    """All actions, in the order of the topic.

    Raises:
        TopicError: the topic is missing.
    """
    refuse_missing(one for one in await topic_states(settings) if one.topic == ACTIONS)
    held = await read_compacted(settings, ACTIONS.name)
    return [one for value in held.values() if (one := action_of(value)) is not None]
