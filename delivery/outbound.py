"""HTTP to receivers: to public addresses alone, without redirects, bounded in time and size."""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Collection
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import aiohttp

from delivery.endpoints import Request
from delivery.outcomes import Answer
from schemas.delivery import Reason

TIMEOUT_S = 15
MAX_ANSWER_BYTES = 64 << 10
_SCHEMES = frozenset({"http", "https"})
_NAT64 = ipaddress.ip_network("64:ff9b::/96")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class AddressRefusedError(OSError):
    """The address that a name stands for is private, and not in an allowed network."""


def is_allowed(address: Address, networks: Collection[Network]) -> bool:
    """Whether messages may go to an address, as it is after the name was looked up.

    Addresses of IPv6 that stand for one of IPv4 are judged by that one.

    >>> [is_allowed(ipaddress.ip_address(text), ()) for text in (
    ...     "93.184.216.34", "10.0.0.1", "169.254.169.254", "::1", "::ffff:127.0.0.1",
    ...     "64:ff9b::a00:1", "224.0.0.1", "2606:4700::1111")]
    [True, False, False, False, False, False, False, True]
    >>> is_allowed(ipaddress.ip_address("10.1.2.3"), [ipaddress.ip_network("10.1.0.0/16")])
    True
    """
    inner = _inner(address)
    if any(inner.version == network.version and inner in network for network in networks):
        return True
    return inner.is_global and not inner.is_multicast and not inner.is_reserved


def _inner(address: Address) -> Address:
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address.sixtofour is not None:
            return address.sixtofour
        if address.teredo is not None:
            return address.teredo[1]
        if address in _NAT64:
            return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address


class Outbound:
    """One pool of connections; each receiver has one request at a time."""

    def __init__(
        self, networks: Collection[Network], *, ssl_context: ssl.SSLContext | None = None
    ) -> None:
        self._networks = networks
        self._ssl_context = ssl_context or ssl.create_default_context()
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=0,  # a receiver that is slow must not keep others waiting
                ttl_dns_cache=60,
                ssl=self._ssl_context,
                socket_factory=self._socket,
            ),
            timeout=aiohttp.ClientTimeout(total=TIMEOUT_S),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            headers={"user-agent": "leimo", "accept-encoding": "identity"},
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def send(self, request: Request) -> tuple[int, dict[str, str], bytes] | Answer:
        """Status, headers and the beginning of the body; an `Answer` where none came."""
        assert self._session is not None, "to be used in `async with`"  # noqa: S101
        if urlsplit(request.url).scheme not in _SCHEMES:
            return Answer(Reason.MISCONFIGURED, 0, "the address is none of http and https")
        try:
            async with self._session.request(
                request.method,
                request.url,
                data=request.body,
                headers=request.headers,
                allow_redirects=False,
            ) as answer:
                body = await _beginning(answer.content)
                headers = {name.lower(): value for name, value in answer.headers.items()}
                return answer.status, headers, body
        except TimeoutError:
            return Answer(Reason.FAILED, 0, f"no answer within {TIMEOUT_S} s")
        except aiohttp.InvalidURL:
            return Answer(Reason.MISCONFIGURED, 0, "the address is no URL")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return _failure(error)

    def _socket(self, info: Any) -> socket.socket:
        """Called with the address that is about to be connected to."""
        family, kind, protocol, _, address = info
        found = ipaddress.ip_address(str(address[0]).partition("%")[0])
        if not is_allowed(found, self._networks):
            raise AddressRefusedError(
                "a private address; LEIMO_DELIVER_NETWORKS may allow its network"
            )
        return socket.socket(family, kind, protocol)


async def _beginning(content: aiohttp.StreamReader) -> bytes:
    body = b""
    while len(body) < MAX_ANSWER_BYTES and (some := await content.read(MAX_ANSWER_BYTES)):
        body += some
    return body[:MAX_ANSWER_BYTES]


def _failure(error: Exception) -> Answer:
    """What went wrong, without the address, which may be the secret."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, AddressRefusedError):
            return Answer(Reason.MISCONFIGURED, 0, str(cause))
        os_error = getattr(cause, "os_error", None)
        cause = os_error if os_error is not None and os_error is not cause else cause.__cause__
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return Answer(Reason.MISCONFIGURED, 0, "its certificate is not trusted")
    if isinstance(error, aiohttp.ClientSSLError):
        return Answer(Reason.FAILED, 0, "TLS failed")
    reason = getattr(error, "strerror", None)
    return Answer(Reason.FAILED, 0, f"{type(error).__name__}{f': {reason}' if reason else ''}")


async def wait_for(event: asyncio.Event, seconds: float | None) -> None:
    """Until the event is set, or so long; None: for ever."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
