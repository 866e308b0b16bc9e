"""Records that no source should send: real ones, broken in the ways in which records break."""

import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import orjson

Mutation = Callable[[random.Random, bytes], bytes]

ODD_TEXTS = (
    "",
    "\x00",
    "\ud7ff\ue000\uffff",
    "\u202e\u2066[\u2069]",  # direction marks
    "e\u0301" * 400,  # combining marks
    "👩‍👩‍👧‍👦🏳️‍🌈" * 50,
    "ﷺ㍿ⅷ½ﬃİıſß",  # grow, shrink or change length when folded
    "@" * 500,
    "//@" * 300,
    "[" * 500 + "]" * 500,
    "#" * 999,
    "http://" * 200,
    "华为" * 4000,
    "<script>alert(1)</script>",
    "=cmd|' /C calc'!A0",
    "转发微博",
    "\u3000\u00a0\u200b\ufeff",
)
ODD_NUMBERS = (0, -1, 1 << 31, 1 << 53, 1 << 63, (1 << 64) - 1, -(1 << 63), 1e308, -0.0, 1e-320)
ODD_VALUES: tuple[Any, ...] = (None, True, [], {}, "", [[]], {"": {}}, *ODD_NUMBERS, *ODD_TEXTS)
ODD_TIMES = (
    "Sun Feb 30 25:61:61 +9900 2011",
    "Sun Jan 02 00:21:45 +0800 99999",
    "0001-01-01T00:00:00Z",
    "2012-01-22T16:00:00+99:99",
    "Sun Jan 02 00:21:45 +0800 2099",
    "昨天 08:32",
    "13-41 99:99",
    "999999天前",
    -1,
    1e300,
)


def flip_bits(rnd: random.Random, value: bytes) -> bytes:
    broken = bytearray(value)
    for _ in range(rnd.randint(1, 8)):
        broken[rnd.randrange(len(broken))] ^= 1 << rnd.randrange(8)
    return bytes(broken)


def cut(rnd: random.Random, value: bytes) -> bytes:
    first, last = sorted(rnd.randrange(len(value) + 1) for _ in range(2))
    return value[:first] + value[last:]


def splice(rnd: random.Random, value: bytes) -> bytes:
    at = rnd.randrange(len(value) + 1)
    return value[:at] + rnd.randbytes(rnd.randint(1, 40)) + value[at:]


def noise(rnd: random.Random, value: bytes) -> bytes:
    return rnd.randbytes(rnd.randint(0, 200))


def nest(rnd: random.Random, value: bytes) -> bytes:
    depth = rnd.choice((3, 100, 2_000, 100_000))
    opening, closing = rnd.choice(((b"[", b"]"), (b'{"retweeted_status":', b"}")))
    return opening * depth + value + closing * depth


def number_of_many_digits(rnd: random.Random, value: bytes) -> bytes:
    digits = b"9" * rnd.choice((20, 400, 5_000))
    return value.replace(b":0", b":" + digits, 1).replace(b'"id":', b'"id":' + digits + b',"_":', 1)


def half_a_pair(rnd: random.Random, value: bytes) -> bytes:
    return value.replace(b'"text":"', b'"text":"\\ud83d' + rnd.choice((b"", b"\\u0041")), 1)


def change_fields(rnd: random.Random, value: bytes) -> bytes:
    status = _object(value)
    for _ in range(rnd.randint(1, 3)):
        place = rnd.choice(list(_objects(status)))
        if not place:
            continue
        field = rnd.choice(list(place))
        act = rnd.randrange(5)
        if act == 0:
            del place[field]
        elif act == 1:
            place[field] = rnd.choice(ODD_VALUES)
        elif act == 2:
            place[field] = [place[field]]
        elif act == 3 and isinstance(place[field], str):
            text = place[field]
            at = rnd.randrange(len(text) + 1)
            place[field] = text[:at] + rnd.choice(ODD_TEXTS) + text[at:]
        else:
            place[field] = rnd.choice(ODD_TIMES)
    return _dumped(status)


def wrap_into_itself(rnd: random.Random, value: bytes) -> bytes:
    status = _object(value)
    for _ in range(rnd.randint(1, 6)):
        status = {**status, "retweeted_status": dict(status)}
    return _dumped(status)


def nothing(rnd: random.Random, value: bytes) -> bytes:
    return value


MUTATIONS: Sequence[Mutation] = (
    *(flip_bits, cut, splice, noise, nest, number_of_many_digits, half_a_pair),
    *(change_fields, change_fields, change_fields, wrap_into_itself, nothing),
)


def mutated(posts: Sequence[bytes], seed: int) -> Iterator[bytes]:
    """Endless: each post in turn, broken in one to three ways."""
    rnd = random.Random(seed)
    while True:
        for post in posts:
            value = post
            for _ in range(rnd.choice((1, 1, 1, 2, 3))):
                try:
                    value = rnd.choice(MUTATIONS)(rnd, value) or b" "
                except NotAnObject:  # any more: broken enough
                    break
            yield value


class NotAnObject(Exception):  # noqa: N818 - a turn of events, not an error
    """The bytes hold no JSON object whose fields could be changed."""


def _object(value: bytes) -> dict[str, Any]:
    try:
        status = orjson.loads(value)
    except orjson.JSONDecodeError:
        raise NotAnObject from None
    if not isinstance(status, dict):
        raise NotAnObject
    return status


def _objects(value: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield value
    for inner in value.values():
        if isinstance(inner, dict):
            yield from _objects(inner)


def _dumped(status: Any) -> bytes:
    try:
        return orjson.dumps(status)
    except TypeError:  # numbers beyond 64 bits
        return b"{}"
