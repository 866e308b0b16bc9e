"""What Faust sets around a step of an agent: writes to a table are refused without it."""

import weakref
from collections.abc import Iterator
from contextlib import contextmanager

from faust import Event, streams
from faust.types import TP, ConsumerMessage

from schemas.topics import MENTIONS
from streams.tables import StateTable


@contextmanager
def within(table: StateTable, partition: int) -> Iterator[None]:
    """As in an agent that works on a batch of the partition."""
    tp = TP(MENTIONS.name, partition)
    message = ConsumerMessage(*tp, 0, 0, 0, (), None, None, None, None, None, tp)
    event = Event(table.app, None, None, {}, message)
    token = streams._current_event.set(weakref.ref(event))
    try:
        yield
    finally:
        streams._current_event.reset(token)
