"""Where a message goes, and the request that takes it there."""

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from delivery.messages import Message
from delivery.outcomes import Answer


class Endpoint(NamedTuple):
    """A receiver's address and keys, as the environment or files hold them. Never logged."""

    address: str
    secret: str = ""
    old_secret: str = ""

    def __repr__(self) -> str:
        return "Endpoint(***)"


class Request(NamedTuple):
    """An HTTP request to be made."""

    url: str
    body: bytes
    headers: Mapping[str, str]
    method: str = "POST"


class Limits(NamedTuple):
    """What a receiver of a channel takes."""

    per_minute: int = 0
    """Messages in any minute; 0: not limited."""
    spacing_ms: int = 0
    penalty_s: float = 60
    """For how long it blocks who was too quick, where its answer does not say."""


def with_query(url: str, **more: str) -> str:
    """The address with parameters added, each encoded once.

    >>> with_query("https://x.cn/send?access_token=a", sign="b+/=")
    'https://x.cn/send?access_token=a&sign=b%2B%2F%3D'
    """
    parts = urlsplit(url)
    query = [*parse_qsl(parts.query, keep_blank_values=True), *more.items()]
    return parts._replace(query=urlencode(query), fragment="").geturl()


class EndpointError(ValueError):
    """An address or key cannot be used; the message says why, without showing it."""


_SECRET_CHARS = 8
"""Shorter parts of an address tell nothing that has to be kept."""


def redacted(body: bytes, endpoint: Endpoint) -> bytes:
    """An answer without what is secret: error pages like to repeat the address that was asked for,
    and what a receiver answers is kept and shown.

    >>> redacted(b"no robot for 0123456789abcdef", Endpoint("https://a.cn/send/0123456789abcdef"))
    b'no robot for ***'
    """
    url = urlsplit(endpoint.address)
    values = [value for _, value in parse_qsl(url.query)]
    parts = [endpoint.secret, endpoint.old_secret, *url.path.split("/"), *values]
    parts += [url.password or "", url.username or ""]
    plain = {unquote(part) for part in parts}
    for one in sorted(plain, key=len, reverse=True):
        if len(one) >= _SECRET_CHARS:
            body = _however_written(one).sub(b"***", body)
    return body


def _however_written(text: str) -> re.Pattern[bytes]:
    """Any of the ways to write it in an address, in JSON and in between."""
    units = (
        re.escape(bytes([unit])) if bytes([unit]).isalnum()
        else b"(?:\\\\?" + re.escape(bytes([unit])) + b"|%%%02x)" % unit
        for unit in text.encode()
    )  # fmt: skip
    return re.compile(b"".join(units), re.IGNORECASE)


Parts = Callable[[Message], list[bytes]]
"""Bodies of the requests that make up a message: the same at each call, whenever that is."""
ToRequest = Callable[[bytes, str, Endpoint, int], Request]
"""From a part, the id of the message, the endpoint and the time in ms; raises `EndpointError`."""
ReadAnswer = Callable[[int, Mapping[str, str], bytes], Answer]
"""From status, headers (lower-case names) and body."""


class HttpChannel(NamedTuple):
    """A channel that is reached by HTTP: three pure functions, and what its receivers take."""

    limits: Limits
    parts: Parts
    to_request: ToRequest
    read_answer: ReadAnswer
