"""Discord: a webhook. Mentions are switched off, and markdown is escaped."""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

import msgspec

from delivery.answers import by_status, fields_of
from delivery.channels.json_body import JSON_HEADERS
from delivery.endpoints import Endpoint, HttpChannel, Limits, Request, with_query
from delivery.messages import NUMBER_BYTES, Message, numbered, packed, utf16_size
from delivery.outcomes import Answer
from schemas.delivery import Reason

MAX_CONTENT_CHARS = 2000
_MOST = MAX_CONTENT_CHARS - 10
_CHANGES = "leimo_changes"
"""Field of a part, and of no request: id of the message that is changed."""
_ID = re.compile(r"[0-9]{1,20}")
_UNKNOWN_MESSAGE = 10008
_MARKUP = re.compile(r"([\\*_~`|>#\[\]()<:-])")
_SUPPRESS_EMBEDS = 1 << 2


def escaped(text: str) -> str:
    r"""Text that is shown as it is.

    >>> print(escaped("**[x](http://y)**"))
    \*\*\[x\]\(http\://y\)\*\*
    """
    return _MARKUP.sub(r"\\\1", text)


def parts(message: Message) -> list[bytes]:
    """Contents of at most 2,000 characters after escapes. What follows on an alert changes its
    first message, where one is enough: webhooks cannot answer in a thread."""
    pieces = packed(
        (message.title, *message.body),
        lambda text: utf16_size(escaped(text)),
        MAX_CONTENT_CHARS - 2 * NUMBER_BYTES,
    )
    contents = [escaped(text) for text in numbered(pieces)]
    links = packed(
        tuple(f"{escaped(one.label)} <{one.url}>" for one in message.links), utf16_size, _MOST
    )
    if links and utf16_size(f"{contents[-1]}\n{links[0]}") <= MAX_CONTENT_CHARS:
        contents[-1] += f"\n{links.pop(0)}"
    contents += links
    is_change = len(contents) == 1 and _ID.fullmatch(message.answers)
    change = {_CHANGES: message.answers} if is_change else {}
    return [
        msgspec.json.encode(
            {
                "content": text,
                "allowed_mentions": {"parse": []},
                "flags": _SUPPRESS_EMBEDS,
                **change,
            }
        )
        for text in contents
    ]


def to_request(part: bytes, message_id: str, endpoint: Endpoint, now_ms: int) -> Request:
    """`wait`: the answer comes when the message is there, and has its id."""
    del message_id, now_ms
    body = msgspec.json.decode(part)
    changed = body.pop(_CHANGES, "")
    if not changed:
        return Request(with_query(endpoint.address, wait="true"), part, JSON_HEADERS)
    base = urlsplit(endpoint.address)
    url = base._replace(path=f"{base.path.rstrip('/')}/messages/{changed}").geturl()
    return Request(url, msgspec.json.encode(body), JSON_HEADERS, "PATCH")


def read_answer(status: int, headers: Mapping[str, str], body: bytes) -> Answer:
    """`retry_after` of the body may be below a second, which the header cannot say."""
    answer = by_status(status, headers, body)
    fields = fields_of(body)
    if answer.reason is Reason.THROTTLED:
        seconds = fields.get("retry_after")
        if isinstance(seconds, int | float) and seconds > 0:
            return answer._replace(retry_after_s=float(seconds))
    if status == 404 and fields.get("code") == _UNKNOWN_MESSAGE:
        return answer._replace(reason=Reason.FAILED, forgets_message=True)
    if answer.reason is Reason.SENT:
        return answer._replace(message=str(fields.get("id", ""))[:32])
    return answer


DISCORD = HttpChannel(Limits(30, spacing_ms=400), parts, to_request, read_answer)
