"""Bring the topic `catalogue` to what a catalogue says, with as few records as that takes."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from aiokafka import AIOKafkaProducer

from leimo.catalogue_file import dump_definitions
from schemas.catalogue import Catalogue
from schemas.topics import CATALOGUE
from streams.clients import client_options
from streams.compacted import read_compacted
from streams.settings import Settings
from streams.topic_admin import refuse_missing, topic_states

OURS = (b"brand:", b"rule:", b"intent:", b"silence:", b"holiday:")
"""Keys of other definitions on the topic are left alone."""


class Changes(NamedTuple):
    """Keys by what happens to them, each in order."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    unchanged: tuple[str, ...]
    kept: tuple[str, ...] = ()
    """On the topic, not in the file, and left there."""


def changes_between(
    wanted: Mapping[bytes, bytes], held: Mapping[bytes, bytes], *, keep: bool = False
) -> Changes:
    """What has to happen to the definitions held so that they become the wanted ones.

    >>> changes_between({b"brand:a": b"1", b"brand:b": b"2"}, {b"brand:b": b"0", b"rule:c": b"3"})
    Changes(added=('brand:a',), changed=('brand:b',), removed=('rule:c',), unchanged=(), kept=())
    """
    gone = _texts(key for key in held if key not in wanted and key.startswith(OURS))
    return Changes(
        added=_texts(key for key in wanted if key not in held),
        changed=_texts(key for key in wanted if key in held and held[key] != wanted[key]),
        removed=() if keep else gone,
        unchanged=_texts(key for key in wanted if held.get(key) == wanted[key]),
        kept=gone if keep else (),
    )


async def publish(
    settings: Settings, catalogue: Catalogue, *, keep: bool = False, dry_run: bool = False
) -> Changes:
    """Send what the topic lacks; every record is acknowledged when this returns.

    `keep` leaves definitions that the catalogue does not hold; `dry_run` sends nothing.

    Raises:
        TopicError: the topic does not exist.
    """
    await _refuse_missing_topic(settings)
    wanted = dict(dump_definitions(catalogue))
    held = await read_compacted(settings, CATALOGUE.name)
    changes = changes_between(wanted, held, keep=keep)
    if not dry_run:
        # Removals last: a rule must not lose its brands while it is still in force.
        keys = [key.encode() for key in (*changes.added, *changes.changed, *changes.removed)]
        await _send(settings, [(key, wanted.get(key)) for key in keys])
    return changes


async def held_definitions(settings: Settings) -> dict[bytes, bytes]:
    """The definitions in force, by key."""
    await _refuse_missing_topic(settings)
    return await read_compacted(settings, CATALOGUE.name)


async def _refuse_missing_topic(settings: Settings) -> None:
    # Asking a broker about a missing topic may create it, with a shape of the broker's own.
    refuse_missing(state for state in await topic_states(settings) if state.topic == CATALOGUE)


async def _send(settings: Settings, records: list[tuple[bytes, bytes | None]]) -> None:
    if not records:
        return
    # Not idempotent: each key is sent once, so a retry that repeats a record changes nothing, and
    # the embedded broker gives no producer ids.
    async with AIOKafkaProducer(**client_options(settings), acks="all") as producer:
        sent = [await producer.send(CATALOGUE.name, value, key) for key, value in records]
        await asyncio.gather(*sent)


def _texts(keys: Iterable[bytes]) -> tuple[str, ...]:
    return tuple(key.decode("utf-8", "replace") for key in keys)
