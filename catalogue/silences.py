"""Silences on the topic `catalogue`: alerts that nobody wants to be told of for a while."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

import msgspec

from catalogue.findings import did_you_mean
from catalogue.topic import expired_silences, held_definitions, send
from kafka_io.settings import Settings
from measures.rule_index import time_ms
from schemas.catalogue import Brand, Catalogue, Definition, Silence, catalogue_of, definition_key
from schemas.errors import OperatorError
from sources.words import fold

LONGEST_MS = 366 * 86_400_000
"""Longer, a silence is a rule that somebody forgot."""
_UNITS_MS = {"m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 7 * 86_400_000}
_SPAN = re.compile(r"([0-9]{1,6})([mhdw])")


def span_ms(text: str) -> int:
    """A span of time such as `90m`, `2h`, `3d` or `1w`.

    Raises:
        ValueError: it is none.

    >>> span_ms("90m"), span_ms("1d12h")
    (5400000, 129600000)
    """
    text = text.strip()
    parts = _SPAN.findall(text)
    total = sum(int(number) * _UNITS_MS[unit] for number, unit in parts)
    if not total or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f"{text!r} is no span of time; write such as 90m, 2h or 3d")
    return total


def end_ms(span: str | None, until: str | None, now_ms: int) -> int:
    """When a silence ends that lasts for a span, or until a time.

    Raises:
        ValueError: neither or both are given, one is wrong, or it is not in the year to come.
    """
    if (span is None) == (until is None):
        raise ValueError("give either --for, such as 2h, or --until, such as 2026-11-25T18:00Z")
    ends_ms = now_ms + span_ms(span) if span is not None else _moment_ms(until or "")
    if ends_ms <= now_ms:
        raise ValueError(f"--until {until} is over already; give a time to come")
    if ends_ms > now_ms + LONGEST_MS:
        raise ValueError("it would last for more than a year; change the rule instead")
    return ends_ms


def _moment_ms(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"--until {text!r} is no time; write such as 2026-11-25T18:00Z") from None
    return round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


def iso(at_ms: int) -> str:
    """An ISO 8601 time in UTC.

    >>> iso(1779717600000)
    '2026-05-25T14:00:00Z'
    """
    return datetime.fromtimestamp(at_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def silence_id(brands: Sequence[str], rules: Sequence[str], until_ms: int, taken: set[str]) -> str:
    """An id that a person recognizes and can type.

    >>> silence_id(["xiaomi"], ["spike"], 1779717600000, set())
    'xiaomi-spike-0525-1400'
    >>> silence_id(["xiaomi", "vivo"], [], 1779717600000, {"xiaomi-more-0525-1400"})
    'xiaomi-more-0525-1400-2'
    """
    parts = [*brands[:1], *(["more"] if len(brands) > 1 else []), *rules[:1]]
    parts += ["more"] if len(rules) > 1 else []
    when = datetime.fromtimestamp(until_ms // 1000, UTC).strftime("%m%d-%H%M")
    base = "-".join([*(parts or ["all"]), when])
    number = 1
    while (found := base if number == 1 else f"{base}-{number}") in taken:
        number += 1
    return found


def refuse_unknown(catalogue: Catalogue, brands: Iterable[str], rules: Iterable[str]) -> None:
    """A silence of a brand or rule that is not in force would silence nothing.

    Raises:
        OperatorError: says what was meant, perhaps.
    """
    known = [brand.id for brand in catalogue.brands]
    named = {fold(name): brand.id for brand in catalogue.brands for name in _names(brand)}
    for brand in brands:
        if brand not in known:
            mend = did_you_mean(brand, known, "see `leimo catalogue show`")
            meant = named.get(fold(brand))
            mend = f"did you mean {meant}?" if meant else mend
            raise OperatorError(f"--brand {brand!r} is the id of no brand in force; {mend}")
    known = [rule.id for rule in catalogue.rules]
    for rule in rules:
        if rule not in known:
            mend = did_you_mean(rule, known, "see `leimo catalogue show`")
            raise OperatorError(f"--rule {rule!r} is the id of no rule in force; {mend}")


def _names(brand: Brand) -> tuple[str, ...]:
    return (brand.name, *brand.aliases)


async def add(settings: Settings, wanted: Silence, until_ms: int, now_ms: int) -> Silence:
    """Put a silence into force, under an id of its own; silences that are over are removed.

    Raises:
        OperatorError: a brand or rule is not in force.
        TopicError: the topic does not exist.
    """
    held = await held_definitions(settings)
    refuse_unknown(catalogue_in(held), wanted.brands, wanted.rules)
    over = expired_silences(held, now_ms)
    taken = {one.id for one in silences_in(held)}
    made = msgspec.structs.replace(
        wanted,
        id=silence_id(wanted.brands, wanted.rules, until_ms, taken),
        until=iso(until_ms),
    )
    await send(
        settings,
        [(definition_key(made), msgspec.json.encode(made)), *((key, None) for key in over)],
    )
    return made


async def in_force(settings: Settings, now_ms: int) -> list[Silence]:
    """Silences that are not over, the next to end first."""
    held = await held_definitions(settings)
    over = expired_silences(held, now_ms)
    left = [one for one in silences_in(held) if definition_key(one) not in over]
    return sorted(left, key=lambda one: (ends_at_ms(one), one.id))


async def end(settings: Settings, silence: str, now_ms: int) -> Silence:
    """End a silence now.

    Raises:
        OperatorError: there is none with this id.
    """
    known = {one.id: one for one in await in_force(settings, now_ms)}
    found = known.get(silence)
    if found is None:
        mend = did_you_mean(silence, known, "see `leimo silence list`")
        raise OperatorError(f"{silence!r} is the id of no silence in force; {mend}")
    await send(settings, [(definition_key(found), None)])
    return found


def ends_at_ms(silence: Silence) -> int:
    """When it ends; 0 where that cannot be read, as a worker takes it."""
    try:
        return time_ms(silence.until)
    except ValueError:
        return 0


def catalogue_in(held: Mapping[bytes, bytes]) -> Catalogue:
    """The definitions that can be read."""
    return catalogue_of(_decoded(held.values()))


def silences_in(held: Mapping[bytes, bytes]) -> list[Silence]:
    """The silences that can be read, over or not."""
    values = (value for key, value in held.items() if key.startswith(b"silence:"))
    return [found for found in _decoded(values) if isinstance(found, Silence)]


def _decoded(values: Iterable[bytes]) -> Iterable[Definition]:
    for value in values:
        try:
            yield msgspec.json.decode(value, type=Definition)
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue
