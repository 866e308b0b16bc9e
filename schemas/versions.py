"""Versions of the public records, and what may change within one; see "Versions" in docs/topics.md.

A record does not carry its version, which would cost each mention: its topic does. The JSON Schema
of a kind names it in `$id`, alerts in the CloudEvents attribute `dataschema` as well.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

VERSIONS: Mapping[str, int] = MappingProxyType(
    {
        "mention": 1,
        "group_mention": 1,
        "tick": 1,
        "signal": 1,
        "window": 1,
        "alert": 1,
        "trend": 1,
        "dead_letter": 1,
        "brand": 1,
        "rule": 1,
        "intent": 1,
        "silence": 1,
        "holiday": 1,
        "feed_position": 1,
        "feed_gap": 1,
        "subscriber": 1,
        "feed": 1,
        "delivery": 1,
        "receiver": 1,
        "progress": 1,
        "action": 1,
        "deletion": 1,
        "expectation": 1,
    }
)
"""To be raised by a change that `breaks` tells of."""

_FOR_PEOPLE = frozenset({"title", "description", "$id", "$schema"})


def schema_id(record: str) -> str:
    """`$id` of a kind of record.

    >>> schema_id("window")
    'urn:leimo:window:1'
    """
    return f"urn:leimo:{record}:{VERSIONS[record]}"


def breaks(old: object, new: object, at: str = "") -> Iterator[str]:
    """What a reader of `old` records or a record kept from then would stumble over in `new`.

    Both are JSON Schemas, or parts of them. Objects that allow fields of which they say nothing may
    get more of these, with defaults; all else has to stay as it is.

    >>> old = {"properties": {"posts": {"type": "integer"}}, "required": ["posts"]}
    >>> more = {"properties": old["properties"] | {"likes": {"default": 0}}, "required": ["posts"]}
    >>> list(breaks(old, more)), list(breaks(more, old))
    ([], ['properties/likes is gone'])
    >>> list(breaks(old, old | {"required": []}))
    ["required was ['posts'] and is []"]
    """
    if isinstance(old, dict) and isinstance(new, dict):
        is_closed = old.get("additionalProperties") is False
        for key in sorted((old.keys() | new.keys()) - _FOR_PEOPLE):
            here = f"{at}/{key}".lstrip("/")
            if key not in new:
                yield f"{here} is gone"
            elif key not in old:
                yield f"{here} is new"
            elif key in {"properties", "$defs"}:
                yield from _breaks_of_names(
                    old[key], new[key], here, may_grow=key == "$defs" or not is_closed
                )
            else:
                yield from breaks(old[key], new[key], here)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for number, (before, after) in enumerate(zip(_ordered(old), _ordered(new), strict=True)):
            yield from breaks(before, after, f"{at}/{number}")
    elif old != new:
        yield f"{at} was {old!r} and is {new!r}"


def _breaks_of_names(
    old: Mapping[str, Any], new: Mapping[str, Any], at: str, *, may_grow: bool
) -> Iterator[str]:
    """As `breaks`, of fields or definitions by name."""
    for name in sorted(old.keys() | new.keys()):
        if name not in new:
            yield f"{at}/{name} is gone"
        elif name in old:
            yield from breaks(old[name], new[name], f"{at}/{name}")
        elif not may_grow:
            yield f"{at}/{name} is new, and readers refuse fields that they do not know"


def _ordered(items: list[Any]) -> list[Any]:
    """Names of fields and values of enumerations have no order."""
    return sorted(items) if all(isinstance(item, str) for item in items) else items
