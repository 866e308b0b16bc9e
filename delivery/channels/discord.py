"""Discord: a webhook. Mentions are switched off, and markdown is escaped."""

import re
from collections.abc import Mapping

import msgspec

from delivery.answers import by_status, fields_of
from delivery.channels.json_body import JSON_HEADERS
from delivery.endpoints import Endpoint, HttpChannel, Limits, Request, with_query
from delivery.messages import NUMBER_BYTES, Message, numbered, packed, utf16_size
from delivery.outcomes import Answer
from schemas.delivery import Reason

MAX_CONTENT_CHARS = 2000
_MARKUP = re.compile(r"([\\*_~`|>#\[\]()<:-])")
_SUPPRESS_EMBEDS = 1 << 2


def escaped(text: str) -> str:
    r"""Text that is shown as it is.

    >>> print(escaped("**[x](http://y)**"))
    \*\*\[x\]\(http\://y\)\*\*
    """
    return _MARKUP.sub(r"\\\1", text)


def parts(message: Message) -> list[bytes]:
    """Contents of at most 2,000 characters after escapes."""
    pieces = packed(
        message.texts, lambda text: utf16_size(escaped(text)), MAX_CONTENT_CHARS - 2 * NUMBER_BYTES
    )
    return [
        msgspec.json.encode(
            {
                "content": escaped(text),
                "allowed_mentions": {"parse": []},
                "flags": _SUPPRESS_EMBEDS,
            }
        )
        for text in numbered(pieces)
    ]


def to_request(part: bytes, message_id: str, endpoint: Endpoint, now_ms: int) -> Request:
    """`wait`: the answer comes when the message is there, and has its id."""
    del message_id, now_ms
    return Request(with_query(endpoint.address, wait="true"), part, JSON_HEADERS)


def read_answer(status: int, headers: Mapping[str, str], body: bytes) -> Answer:
    """`retry_after` of the body may be below a second, which the header cannot say."""
    answer = by_status(status, headers, body)
    fields = fields_of(body)
    if answer.reason is Reason.THROTTLED:
        seconds = fields.get("retry_after")
        if isinstance(seconds, int | float) and seconds > 0:
            return answer._replace(retry_after_s=float(seconds))
    if answer.reason is Reason.SENT:
        return answer._replace(message=str(fields.get("id", ""))[:32])
    return answer


DISCORD = HttpChannel(Limits(30, spacing_ms=400), parts, to_request, read_answer)
