"""What an OIDC provider says of itself, which keys it has, and what it gives for a code."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar
from urllib.parse import quote_plus, urlsplit

import aiohttp
import msgspec

from center.access.refusals import LoginRefusedError, Reason
from kafka_io.settings import is_loopback

TIMEOUT_S = 10
KEPT_S = 3600.0
KEYS_AGAIN_AFTER_S = 60.0
"""An unknown key has the keys fetched anew, but not more often."""
PAUSE_S = 5.0
"""So long a provider that failed is not asked again."""
MOST_ANSWER_BYTES = 256 << 10
_AT_ONCE = 8
_Kind = TypeVar("_Kind")


class Client(msgspec.Struct, frozen=True):
    """How the provider knows us."""

    client_id: str
    secret: str
    """Empty: a public client, which PKCE alone protects."""
    redirect_url: str

    def __repr__(self) -> str:
        return f"Client({self.client_id!r})"


class Description(msgspec.Struct, frozen=True):
    """Of the discovery document, what we need."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    authorization_response_iss_parameter_supported: bool = False


class _Keys(msgspec.Struct, frozen=True):
    keys: list[dict[str, Any]]


class _Tokens(msgspec.Struct, frozen=True):
    id_token: str


class _Error(msgspec.Struct, frozen=True):
    error: str = ""


class Provider:
    """One provider, asked over HTTP with limits of time and size."""

    def __init__(self, issuer: str, now_s: Callable[[], float]) -> None:
        self._issuer = issuer
        self._description = _Kept(self._describe, now_s)
        self._keys = _Kept(self._fetch_keys, now_s)
        self._exchanges = asyncio.Semaphore(_AT_ONCE)

    async def description(self) -> Description:
        """Its discovery document, at most an hour old. Raises `LoginRefusedError`."""
        return await self._description.value()

    async def keys(self, *, is_anew: bool = False) -> list[dict[str, Any]]:
        """Its keys (JWK), at most an hour old; `is_anew`: a minute. Raises `LoginRefusedError`."""
        return await self._keys.value(KEYS_AGAIN_AFTER_S if is_anew else KEPT_S)

    async def id_token(self, client: Client, code: str, verifier: str) -> str:
        """What it gives for a code, not yet checked. Raises `LoginRefusedError`."""
        described = await self.description()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": client.redirect_url,
            "code_verifier": verifier,
        }
        headers: dict[str, str] = {}
        methods = described.token_endpoint_auth_methods_supported
        if client.secret and ("client_secret_basic" in methods or not methods):
            # Each part is form-encoded before, as RFC 6749 (2.3.1) has it.
            pair = quote_plus(client.client_id), quote_plus(client.secret)
            headers["authorization"] = aiohttp.encode_basic_auth(*pair)
        else:
            form["client_id"] = client.client_id
            if client.secret:
                form["client_secret"] = client.secret
        async with self._exchanges:
            url = described.token_endpoint
            return (await _asked("POST", url, _Tokens, data=form, headers=headers)).id_token

    async def _describe(self) -> Description:
        url = self._issuer.rstrip("/") + "/.well-known/openid-configuration"
        described = await _asked("GET", url, Description)
        if described.issuer != self._issuer:
            raise LoginRefusedError(
                Reason.AWAY,
                f"{url} calls itself {described.issuer[:200]!r}; set LEIMO_CENTER_OIDC_ISSUER to "
                "exactly that, if it is the right one",
            )
        for address in (
            described.authorization_endpoint,
            described.token_endpoint,
            described.jwks_uri,
        ):
            if not is_safe(address):
                raise LoginRefusedError(Reason.AWAY, f"{url} names {address[:200]!r}: no https")
        return described

    async def _fetch_keys(self) -> list[dict[str, Any]]:
        return (await _asked("GET", (await self.description()).jwks_uri, _Keys)).keys


class _Kept(Generic[_Kind]):
    """Something that is fetched now and then, by one request at a time."""

    def __init__(self, fetch: Callable[[], Awaitable[_Kind]], now_s: Callable[[], float]) -> None:
        self._fetch = fetch
        self._now_s = now_s
        self._lock = asyncio.Lock()
        self._value: _Kind | None = None
        self._fetched_s = 0.0
        self._failure = ""
        self._failed_s = 0.0

    async def value(self, most_age_s: float = KEPT_S) -> _Kind:
        async with self._lock:
            now_s = self._now_s()
            if self._value is not None and now_s - self._fetched_s < most_age_s:
                return self._value
            if self._failure and now_s - self._failed_s < PAUSE_S:
                raise LoginRefusedError(Reason.AWAY, self._failure)
            try:
                self._value = await self._fetch()
            except LoginRefusedError as error:
                self._failure, self._failed_s = str(error), self._now_s()
                raise
            self._failure, self._fetched_s = "", self._now_s()
            return self._value


def is_safe(address: str) -> bool:
    """Whether what goes there can be read on the way by nobody.

    >>> [is_safe(address) for address in (
    ...     "https://id.example/a", "http://127.0.0.1:80", "http://id.example", "javascript:a")]
    [True, True, False, False]
    """
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        return False
    return bool(host) and (
        parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))
    )


async def _asked(method: str, url: str, kind: type[_Kind], **given: Any) -> _Kind:
    """The provider's answer. Addresses are its own and no secret; forms and headers are."""
    try:
        async with (
            aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=TIMEOUT_S),
                cookie_jar=aiohttp.DummyCookieJar(),
            ) as session,
            session.request(method, url, allow_redirects=False, **given) as answer,
        ):
            body = await _body(answer.content)
            status = answer.status
    except TimeoutError:
        raise LoginRefusedError(Reason.AWAY, f"{url}: no answer within {TIMEOUT_S} s") from None
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise LoginRefusedError(Reason.AWAY, f"{url}: {error}") from None
    if status in {400, 401, 403} and method == "POST":
        raise LoginRefusedError(Reason.REFUSED, f"{url}: HTTP {status} {_error(body)!r}")
    if status != 200:
        raise LoginRefusedError(Reason.AWAY, f"{url}: HTTP {status}")
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.MsgspecError as error:
        raise LoginRefusedError(Reason.AWAY, f"{url}: no answer of a provider: {error}") from None


async def _body(content: aiohttp.StreamReader) -> bytes:
    body = b""
    while some := await content.read(MOST_ANSWER_BYTES):
        body += some
        if len(body) > MOST_ANSWER_BYTES:
            raise ValueError(f"an answer of more than {MOST_ANSWER_BYTES} bytes")
    return body


def _error(body: bytes) -> str:
    try:
        return msgspec.json.decode(body, type=_Error).error[:200]
    except msgspec.MsgspecError:
        return ""
