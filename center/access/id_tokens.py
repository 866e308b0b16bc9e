"""Checks ID tokens; needs the extra `oidc`."""

from collections.abc import Callable, Sequence
from typing import Any

from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import JWKRegistry, Key, KeySet
from joserfc.jws import JWSRegistry

from center.access.people import is_same
from center.access.refusals import KeyMissingError, LoginRefusedError, Reason

ALGORITHMS = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512"),
)
"""Signatures by a key pair alone: neither `none` nor those by a secret that both sides know."""
LEEWAY_S = 60
"""How far the clocks of the provider and of this machine may be apart."""
_KINDS = {"RSA", "EC"}


class IdTokens:
    """Reads the ID tokens that one provider makes for one client."""

    def __init__(self, issuer: str, client_id: str, now_s: Callable[[], float]) -> None:
        self._issuer = issuer
        self._client_id = client_id
        self._now_s = now_s
        # Headers of the provider's own are no reason to refuse; critical ones still are.
        self._registry = JWSRegistry(algorithms=list(ALGORITHMS), strict_check_header=False)

    def claims(self, token: str, keys: Sequence[dict[str, Any]], nonce: str) -> dict[str, Any]:
        """What a token says, after all of it was checked.

        Raises:
            KeyMissingError: none of `keys` signed it.
            LoginRefusedError: signature, issuer, audience, time or nonce are wrong.
        """
        try:
            read = jwt.decode(token, _usable(keys), registry=self._registry)
            self._claims_registry().validate(read.claims)
        except InvalidKeyIdError as error:
            raise KeyMissingError(Reason.UNPROVEN, f"ID token: {error}") from None
        except (JoseError, ValueError) as error:
            raise LoginRefusedError(Reason.UNPROVEN, f"ID token: {error}") from None
        given = read.claims["nonce"]
        if not isinstance(given, str) or not is_same(given, nonce):
            raise LoginRefusedError(Reason.UNPROVEN, "ID token: it was made for another login")
        several = isinstance(read.claims["aud"], list) and len(read.claims["aud"]) > 1
        if read.claims.get("azp", None if several else self._client_id) != self._client_id:
            raise LoginRefusedError(Reason.UNPROVEN, "ID token: azp names another client")
        return read.claims

    def _claims_registry(self) -> jwt.JWTClaimsRegistry:
        return jwt.JWTClaimsRegistry(
            now=int(self._now_s()),
            leeway=LEEWAY_S,
            iss={"essential": True, "value": self._issuer},
            aud={"essential": True, "value": self._client_id},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True},
        )


def _usable(keys: Sequence[dict[str, Any]]) -> KeySet:
    """Those that sign, and that we understand."""
    found: list[Key] = []
    for key in keys:
        if key.get("kty") in _KINDS and key.get("use", "sig") == "sig":
            try:
                found.append(JWKRegistry.import_key(key))
            except (JoseError, ValueError, TypeError, KeyError):
                continue
    return KeySet(found)
