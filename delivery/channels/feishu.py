"""Feishu and Lark: a robot of a group. Posts of text elements, which know no markup."""

import base64
import hashlib
import hmac
from collections.abc import Mapping

import msgspec

from delivery.answers import by_code
from delivery.channels.json_body import JSON_HEADERS
from delivery.endpoints import Endpoint, HttpChannel, Limits, Request
from delivery.messages import NUMBER_BYTES, Message, numbered, packed
from delivery.outcomes import Answer

MAX_BODY_BYTES = 20 * 1024
_MOST = 15_000
"""Of the text as it stands in JSON; the rest is for links and the frame."""
_THROTTLED = frozenset({11232, 11233, 99991400})
_REFUSED = frozenset({9499, 11246, 230025})
_PASSING = frozenset({11231, 50000})


def parts(message: Message) -> list[bytes]:
    """Posts whose body stays below 20 kB; the title comes with each."""
    pieces = packed(message.body, lambda text: len(msgspec.json.encode(text)), _MOST - NUMBER_BYTES)
    links = [
        element
        for one in message.links
        for element in (
            {"tag": "a", "text": one.label, "href": one.url},
            {"tag": "text", "text": "  ", "un_escape": False},
        )
    ]
    return [
        msgspec.json.encode(
            {
                "msg_type": "post",
                "content": {
                    "post": {
                        "zh_cn": {
                            "title": message.title,
                            "content": [
                                *(
                                    [{"tag": "text", "text": line, "un_escape": False}]
                                    for line in text.split("\n")
                                ),
                                *([links] if links else []),
                            ],
                        }
                    }
                },
            }
        )
        for text in numbered(pieces)
    ]


def to_request(part: bytes, message_id: str, endpoint: Endpoint, now_ms: int) -> Request:
    """The key of the signature is time and secret, its message is empty; both go into the body."""
    del message_id
    if not endpoint.secret:
        return Request(endpoint.address, part, JSON_HEADERS)
    seconds = str(now_ms // 1000)
    signed = hmac.digest(f"{seconds}\n{endpoint.secret}".encode(), b"", hashlib.sha256)
    body = msgspec.json.decode(part) | {
        "timestamp": seconds, "sign": base64.b64encode(signed).decode(),
    }  # fmt: skip
    return Request(endpoint.address, msgspec.json.encode(body), JSON_HEADERS)


def read_answer(status: int, headers: Mapping[str, str], body: bytes) -> Answer:
    """19021: signature. 19022: address. 19024: keyword. 9499: format. 11232: too quick."""
    return by_code(
        status, headers, body,
        keys=("code", "StatusCode"), throttled=_THROTTLED, refused=_REFUSED, passing=_PASSING,
    )  # fmt: skip


FEISHU = HttpChannel(Limits(100, spacing_ms=200), parts, to_request, read_answer)
