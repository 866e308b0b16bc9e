"""Telegram: a bot that writes into a chat. Text without a parse mode, so nothing is markup."""

from collections.abc import Mapping
from urllib.parse import parse_qs, quote, urlsplit

import msgspec

from delivery.answers import by_status, fields_of
from delivery.channels.json_body import JSON_HEADERS
from delivery.endpoints import Endpoint, EndpointError, HttpChannel, Limits, Request
from delivery.messages import NUMBER_BYTES, Message, numbered, packed, utf16_size
from delivery.outcomes import Answer
from schemas.delivery import Reason

MAX_TEXT_CHARS = 4096


def parts(message: Message) -> list[bytes]:
    """Texts of at most 4,096 characters; what follows on an alert answers its first message."""
    pieces = packed(message.texts, utf16_size, MAX_TEXT_CHARS - NUMBER_BYTES)
    thread = (
        {"reply_parameters": {
            "message_id": int(message.answers), "allow_sending_without_reply": True,
        }}
        if message.answers.isdecimal()
        else {}
    )  # fmt: skip
    return [
        msgspec.json.encode({"text": text, "link_preview_options": {"is_disabled": True}, **thread})
        for text in numbered(pieces)
    ]


def to_request(part: bytes, message_id: str, endpoint: Endpoint, now_ms: int) -> Request:
    """The address is `https://api.telegram.org/?chat_id=…`, the secret the bot's token."""
    del message_id, now_ms
    base = urlsplit(endpoint.address)
    [chat] = parse_qs(base.query).get("chat_id", [""])[:1]
    if not chat:
        raise EndpointError(
            "the address names no chat; write https://api.telegram.org/?chat_id=-100…"
        )
    if not endpoint.secret:
        raise EndpointError("the bot has no token; name it with `secret:`")
    path = f"/bot{quote(endpoint.secret, safe=':')}/sendMessage"
    url = base._replace(path=path, query="", fragment="").geturl()
    body = msgspec.json.encode({"chat_id": chat, **msgspec.json.decode(part)})
    return Request(url, body, JSON_HEADERS)


def read_answer(status: int, headers: Mapping[str, str], body: bytes) -> Answer:
    """`ok` decides; 429 says in its parameters when to come again."""
    answer = by_status(status, headers, body)
    fields = fields_of(body)
    if answer.reason is Reason.THROTTLED:
        parameters = fields.get("parameters")
        seconds = parameters.get("retry_after") if isinstance(parameters, dict) else None
        if isinstance(seconds, int | float) and seconds > 0:
            return answer._replace(retry_after_s=float(seconds))
    description = str(fields.get("description", ""))
    if answer.reason is Reason.REFUSED and description.startswith("Bad Request: chat"):
        return answer._replace(reason=Reason.MISCONFIGURED)  # no such chat, or not a member
    if answer.reason is Reason.SENT:
        if fields.get("ok") is not True:
            return Answer(Reason.MISCONFIGURED, status, "200, but the answer is not `ok`")
        result = fields.get("result")
        number = result.get("message_id") if isinstance(result, dict) else None
        return answer._replace(message=str(number) if isinstance(number, int) else "")
    return answer


TELEGRAM = HttpChannel(Limits(20, spacing_ms=1000), parts, to_request, read_answer)
