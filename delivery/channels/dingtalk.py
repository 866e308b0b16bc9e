"""DingTalk: a robot of a group. Plain text, so that no post is read as markup."""

import base64
import hashlib
import hmac
from collections.abc import Mapping

import msgspec

from delivery.answers import by_code
from delivery.channels.json_body import post_json
from delivery.endpoints import Endpoint, HttpChannel, Limits, Request, with_query
from delivery.messages import NUMBER_BYTES, Message, numbered, packed
from delivery.outcomes import Answer

MAX_BODY_BYTES = 20_000
_MOST = 18_000
"""Of the text as it stands in JSON; the rest is the frame."""
_THROTTLED = frozenset({130101, 410100, 45009})
_REFUSED = frozenset({40035, 400101, 430101, 430102, 430103, 430104, 460101})
_PASSING = frozenset({-1})


def parts(message: Message) -> list[bytes]:
    """Texts of at most 20 kB each."""
    pieces = packed(
        message.texts, lambda text: len(msgspec.json.encode(text)), _MOST - NUMBER_BYTES
    )
    return [
        msgspec.json.encode(
            {
                "msgtype": "text",
                "text": {"content": text},
                "at": {"isAtAll": False, "atMobiles": [], "atUserIds": []},
            }
        )
        for text in numbered(pieces)
    ]


def to_request(part: bytes, message_id: str, endpoint: Endpoint, now_ms: int) -> Request:
    """Signed where there is a key: the time in ms, and a signature that is encoded once."""
    request = post_json(part, message_id, endpoint, now_ms)
    if not endpoint.secret:
        return request
    signed = hmac.digest(
        endpoint.secret.encode(), f"{now_ms}\n{endpoint.secret}".encode(), hashlib.sha256
    )
    more = {"timestamp": str(now_ms), "sign": base64.b64encode(signed).decode()}
    return request._replace(url=with_query(endpoint.address, **more))


def read_answer(status: int, headers: Mapping[str, str], body: bytes) -> Answer:
    """130101: too quick, blocked for ten minutes. 310000: keyword, signature or address."""
    return by_code(
        status, headers, body,
        keys=("errcode",), throttled=_THROTTLED, refused=_REFUSED, passing=_PASSING,
    )  # fmt: skip


DINGTALK = HttpChannel(Limits(20, penalty_s=605), parts, to_request, read_answer)
