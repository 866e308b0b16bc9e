"""Bring the topic `catalogue` to what a catalogue says, with as few records as that takes."""

import asyncio
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import NamedTuple

import msgspec

from catalogue.file import dump_definitions
from kafka_io.compacted import read_compacted
from kafka_io.producers import Producer
from kafka_io.settings import Settings
from kafka_io.topic_admin import refuse_missing, topic_states
from measures.rule_index import time_ms
from schemas.catalogue import Brand, Catalogue, Definition, Silence
from schemas.topics import CATALOGUE

OURS = (b"brand:", b"rule:", b"intent:", b"silence:", b"holiday:", b"subscriber:", b"feed:")
"""Keys of other definitions on the topic are left alone."""
_SILENCE = b"silence:"


class Changes(NamedTuple):
    """Keys by what happens to them, each in order."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    unchanged: tuple[str, ...]
    kept: tuple[str, ...] = ()
    """On the topic, other than in the file or not in it, and left there."""


def changes_between(
    wanted: Mapping[bytes, bytes],
    held: Mapping[bytes, bytes],
    *,
    keep: bool = False,
    only_absent: bool = False,
    over: Collection[bytes] = (),
) -> Changes:
    """What has to happen to the definitions held so that they become the wanted ones.

    Silences are added from the terminal as well: those that are not wanted stay until they are
    over. `over`: keys of silences that are, whether they are wanted or not.
    `only_absent`: what is held stays as it is, so nothing is changed or removed.

    >>> changes_between({b"brand:a": b"1", b"brand:b": b"2"}, {b"brand:b": b"0", b"rule:c": b"3"})
    Changes(added=('brand:a',), changed=('brand:b',), removed=('rule:c',), unchanged=(), kept=())
    """
    wanted = {key: value for key, value in wanted.items() if key not in over}
    if only_absent:
        return Changes(
            added=_texts(key for key in wanted if key not in held),
            changed=(),
            removed=(),
            unchanged=_texts(key for key in wanted if held.get(key) == wanted[key]),
            kept=_texts(
                key for key in held if key.startswith(OURS) and held[key] != wanted.get(key)
            ),
        )
    missing = [key for key in held if key not in wanted and key.startswith(OURS)]
    gone = _texts(key for key in missing if key in over)
    spoken_for = _texts(key for key in missing if key not in over and key.startswith(_SILENCE))
    others = _texts(key for key in missing if key not in over and not key.startswith(_SILENCE))
    return Changes(
        added=_texts(key for key in wanted if key not in held),
        changed=_texts(key for key in wanted if key in held and held[key] != wanted[key]),
        removed=gone if keep else (*others, *gone),
        unchanged=_texts(key for key in wanted if held.get(key) == wanted[key]),
        kept=(*others, *spoken_for) if keep else spoken_for,
    )


def expired_silences(definitions: Mapping[bytes, bytes], now_ms: int) -> frozenset[bytes]:
    """Keys of silences whose end has passed."""
    return frozenset(
        key
        for key, value in definitions.items()
        if key.startswith(_SILENCE) and _is_over(value, now_ms)
    )


def _is_over(value: bytes, now_ms: int) -> bool:
    try:
        silence = msgspec.json.decode(value, type=Definition)
        return isinstance(silence, Silence) and time_ms(silence.until) <= now_ms
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError):
        return True  # of no use to anybody


async def publish(
    settings: Settings,
    catalogue: Catalogue,
    *,
    keep: bool = False,
    only_absent: bool = False,
    dry_run: bool = False,
    now_ms: int | None = None,
    may_remove: Callable[[Changes], bool] = lambda changes: True,
) -> Changes:
    """Send what the topic lacks; every record is acknowledged when this returns.

    `keep` leaves definitions that the catalogue does not hold, `only_absent` all that are there;
    `dry_run` sends nothing. Silences that are over at `now_ms` (None: by the clock) are removed.
    `may_remove` is asked before definitions other than such silences are; unless it agrees, nothing
    is sent.

    Raises:
        TopicError: the topic does not exist.
    """
    await _refuse_missing_topic(settings)
    wanted = dict(dump_definitions(catalogue))
    held = await read_compacted(settings, CATALOGUE.name)
    over = expired_silences({**held, **wanted}, now_ms or time.time_ns() // 1_000_000)
    changes = changes_between(wanted, held, keep=keep, only_absent=only_absent, over=over)
    gone_by_choice = [key for key in changes.removed if key.encode() not in over]
    if not dry_run and (not gone_by_choice or may_remove(changes)):
        # Removals last: a rule must not lose its brands while it is still in force.
        keys = [key.encode() for key in (*changes.added, *changes.changed)]
        gone = [key.encode() for key in changes.removed]
        await send(
            settings, [*((key, wanted[key]) for key in keys), *((key, None) for key in gone)]
        )
    return changes


async def held_definitions(settings: Settings) -> dict[bytes, bytes]:
    """The definitions in force, by key."""
    await _refuse_missing_topic(settings)
    return await read_compacted(settings, CATALOGUE.name)


async def brands_in_force(settings: Settings) -> tuple[Brand, ...]:
    """The brands in force, by id; what cannot be read is left out."""
    held = await held_definitions(settings)
    found = []
    for key in sorted(held):
        try:
            definition = msgspec.json.decode(held[key], type=Definition)
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue
        if isinstance(definition, Brand):
            found.append(definition)
    return tuple(found)


async def _refuse_missing_topic(settings: Settings) -> None:
    # Asking a broker about a missing topic may create it, with a shape of the broker's own.
    refuse_missing(state for state in await topic_states(settings) if state.topic == CATALOGUE)


async def send(settings: Settings, records: list[tuple[bytes, bytes | None]]) -> None:
    """Send definitions by key, None for those to remove; all are acknowledged when this returns."""
    if not records:
        return
    # Not idempotent: each key is sent once, so a retry that repeats a record changes nothing, and
    # the embedded broker gives no producer ids.
    async with Producer(settings) as producer:
        sent = [await producer.send(CATALOGUE.name, value, key) for key, value in records]
        await asyncio.gather(*sent)


def _texts(keys: Iterable[bytes]) -> tuple[str, ...]:
    return tuple(key.decode("utf-8", "replace") for key in keys)
