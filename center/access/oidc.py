"""Login through an OIDC provider: authorization code flow with PKCE.

The browser holds a short-lived signed cookie with a random id. State, nonce and PKCE verifier are
derived from that id with our key: none of them is kept here, and who sees the address that the
browser is sent to can make none of the others.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
from collections import OrderedDict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import msgspec
from pydantic import SecretStr

from center.access.access import OIDC_LASTS_S, Access
from center.access.people import AccessError, is_same
from center.access.provider import Client, Provider, is_safe
from center.access.refusals import KeyMissingError, LoginRefusedError, Reason
from center.access.sessions import encoded

if TYPE_CHECKING:
    from center.access.id_tokens import IdTokens

LOGIN_PATH = "/oidc/login"
BACK_PATH = "/oidc/callback"
_MOST_USED = 10_000
_MOST_CODE_CHARS = 4096
_SCOPES = {"email": "openid email", "sub": "openid"}


class OidcOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What the settings say."""

    issuer: str
    """As the provider writes it, to the last slash."""
    client_id: str
    client_secret: SecretStr = SecretStr("")
    claim: str = "email"
    """Its value is the name of a user in the users file."""
    center_url: str
    """Where people find the center: the provider sends them back there."""


class _Begun(msgspec.Struct, frozen=True, array_like=True):
    """What the cookie says of a login that was begun."""

    id: str
    until_s: int
    next: str


class Oidc:
    """Sends browsers to the provider and finds out who comes back."""

    def __init__(self, options: OidcOptions, access: Access) -> None:
        """Raises `AccessError`: a setting is missing or unsafe, or the extra is not installed."""
        _refuse_unusable(options, access)
        self._options = options
        self._access = access
        self._client = Client(
            options.client_id,
            options.client_secret.get_secret_value(),
            options.center_url + BACK_PATH,
        )
        self._provider = Provider(options.issuer, access.now_s)
        self._tokens = _id_tokens(options, access)
        self._used: OrderedDict[str, None] = OrderedDict()

    @property
    def login_url(self) -> str:
        """Where a login begins: at the host that the provider sends back to, since the cookie
        stays with that."""
        return self._options.center_url + LOGIN_PATH

    async def begin(self, wanted: str) -> tuple[str, str]:
        """Where to send a browser that wants to go to the page `wanted`, and its cookie.

        Raises:
            LoginRefusedError: the provider is away.
        """
        described = await self._provider.description()
        begun = _Begun(secrets.token_urlsafe(16), int(self._access.now_s()) + OIDC_LASTS_S, wanted)
        digest = hashlib.sha256(self._derived(begun, "verifier").encode()).digest()
        asked = {
            "response_type": "code",
            "client_id": self._client.client_id,
            "redirect_uri": self._client.redirect_url,
            "scope": _SCOPES.get(self._options.claim, "openid profile email"),
            "state": self._derived(begun, "state"),
            "nonce": self._derived(begun, "nonce"),
            "code_challenge": encoded(digest),
            "code_challenge_method": "S256",
        }
        address = described.authorization_endpoint
        body = encoded(msgspec.json.encode(begun))
        cookie = f"{body}.{self._access.sessions.signature(body, 'oidc')}"
        return f"{address}{'&' if '?' in address else '?'}{urlencode(asked)}", cookie

    def wanted(self, cookie: str) -> str:
        """The page that a login was begun for."""
        begun = self._read(cookie)
        return begun.next if begun else "/"

    async def finish(self, query: Mapping[str, str], cookie: str) -> str:
        """The user that comes back from the provider, whom the users file names.

        Raises:
            LoginRefusedError: it is not proven who it is, or nobody that we know.
        """
        begun = self._begun(query, cookie)
        await self._refuse_other_issuers(query)
        if error := query.get("error"):
            raise LoginRefusedError(Reason.REFUSED, f"the provider says {error[:200]!r}")
        code = query.get("code", "")
        if not code or len(code) > _MOST_CODE_CHARS:
            raise LoginRefusedError(Reason.OVER, "there is no code")
        self._use(begun)
        verifier = self._derived(begun, "verifier")
        token = await self._provider.id_token(self._client, code, verifier)
        claims = await self._claims(token, self._derived(begun, "nonce"))
        name = _name(claims, self._options.claim)
        if self._access.people.user(name) is None:
            raise LoginRefusedError(
                Reason.UNKNOWN, f"{name[:100]!r} stands in no users file", name[:100]
            )
        return name

    def _begun(self, query: Mapping[str, str], cookie: str) -> _Begun:
        begun = self._read(cookie)
        if begun is None or begun.id in self._used:
            raise LoginRefusedError(Reason.OVER, "no login was begun in this browser")
        if not is_same(query.get("state", ""), self._derived(begun, "state")):
            raise LoginRefusedError(Reason.OVER, "another login was begun in this browser")
        return begun

    def _read(self, cookie: str) -> _Begun | None:
        body, _, signature = cookie.partition(".")
        expected = self._access.sessions.signature(body, "oidc")
        if not hmac.compare_digest(signature.encode("utf-8", "replace"), expected.encode()):
            return None
        try:
            raw = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
            begun = msgspec.json.decode(raw, type=_Begun)
        except (binascii.Error, ValueError):
            return None
        return begun if self._access.now_s() < begun.until_s else None

    def _derived(self, begun: _Begun, use: str) -> str:
        return self._access.sessions.signature(begun.id, f"oidc {use}")

    def _use(self, begun: _Begun) -> None:
        self._used[begun.id] = None
        if len(self._used) > _MOST_USED:
            self._used.popitem(last=False)

    async def _refuse_other_issuers(self, query: Mapping[str, str]) -> None:
        """The answer says whose it is (RFC 9207), where the provider does that."""
        described = await self._provider.description()
        is_told = described.authorization_response_iss_parameter_supported
        issuer = query.get("iss", "" if is_told else self._options.issuer)
        if issuer != self._options.issuer:
            raise LoginRefusedError(Reason.UNPROVEN, f"the answer is of {issuer[:200]!r}")

    async def _claims(self, token: str, nonce: str) -> dict[str, Any]:
        try:
            return self._tokens.claims(token, await self._provider.keys(), nonce)
        except KeyMissingError:  # the provider has new ones
            return self._tokens.claims(token, await self._provider.keys(is_anew=True), nonce)


def _name(claims: dict[str, Any], claim: str) -> str:
    name = claims.get(claim)
    if not isinstance(name, str) or not name:
        raise LoginRefusedError(
            Reason.UNNAMED,
            f"the ID token has no {claim}; have the provider put it in, or name another claim in "
            "LEIMO_CENTER_OIDC_CLAIM",
        )
    # Some providers write the text "true".
    if claim == "email" and claims.get("email_verified") not in (True, "true"):
        raise LoginRefusedError(
            Reason.UNNAMED,
            f"email_verified of {name[:100]!r} is not true; have the provider verify it, or name "
            "another claim in LEIMO_CENTER_OIDC_CLAIM",
        )
    return name


def _refuse_unusable(options: OidcOptions, access: Access) -> None:
    setting = f"center_oidc_issuer={options.issuer}"
    if access.is_local:
        raise AccessError(
            f"{setting}: nobody would be asked who they are; set LEIMO_CENTER_USERS_FILE to the "
            "users that the provider may name"
        )
    if not options.client_id:
        raise AccessError(
            f"{setting}: set LEIMO_CENTER_OIDC_CLIENT_ID to the name of the center at the provider"
        )
    if not options.center_url:
        raise AccessError(
            f"{setting}: set LEIMO_CENTER_URL to where people find the center: the provider sends "
            f"them back to {BACK_PATH} there"
        )
    if not is_safe(options.issuer):
        raise AccessError(f"{setting}: others could read along; it has to begin with https://")
    if not is_safe(options.center_url):
        raise AccessError(
            f"center_url={options.center_url}: others could read along; for OIDC it has to begin "
            "with https://"
        )


def _id_tokens(options: OidcOptions, access: Access) -> "IdTokens":
    try:
        from center.access.id_tokens import IdTokens  # noqa: PLC0415 - an extra
    except ImportError:
        raise AccessError("center_oidc_issuer: OIDC needs joserfc; install leimo[oidc]") from None
    return IdTokens(options.issuer, options.client_id, access.now_s)
