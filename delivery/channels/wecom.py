"""WeCom: a robot of a group. Plain text of at most 2,048 bytes, in which nothing is markup."""

from collections.abc import Mapping

import msgspec

from delivery.answers import by_code
from delivery.channels.json_body import post_json
from delivery.endpoints import HttpChannel, Limits
from delivery.messages import NUMBER_BYTES, Message, numbered, packed, utf8_size
from delivery.outcomes import Answer

MAX_TEXT_BYTES = 2048
_REFUSED = frozenset({40058, 45002, 40008, 44004})
_PASSING = frozenset({-1, 50001})


def parts(message: Message) -> list[bytes]:
    """Texts whose content keeps to the limit in bytes of UTF-8."""
    pieces = packed(message.texts, utf8_size, MAX_TEXT_BYTES - NUMBER_BYTES)
    return [
        msgspec.json.encode({"msgtype": "text", "text": {"content": text, "mentioned_list": []}})
        for text in numbered(pieces)
    ]


def read_answer(status: int, headers: Mapping[str, str], body: bytes) -> Answer:
    """45009: too quick. 40058, 45002: too long. 93000: the key in the address is wrong."""
    return by_code(
        status, headers, body,
        keys=("errcode",), throttled=(45009,), refused=_REFUSED, passing=_PASSING,
    )  # fmt: skip


WECOM = HttpChannel(Limits(20), parts, post_json, read_answer)
