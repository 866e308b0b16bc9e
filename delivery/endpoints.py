"""Where a message goes, and the request that takes it there."""

from collections.abc import Callable, Mapping
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit

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
