"""A small OIDC provider on a port, written from the standard; it checks what it is sent."""

import asyncio
import base64
import hashlib
import secrets
from collections import Counter
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote_plus, urlencode

from aiohttp import web
from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT_ID = "leimo center"
SECRET = "s3cret of the/client:+"
FIRST_KEY, SECOND_KEY, STRANGE_KEY = (
    RSAKey.generate_key(2048, {"kid": kid, "use": "sig", "alg": "RS256"})
    for kid in ("first", "second", "first")
)
"""The third has the name of the first, and is not its own."""


def signed(key: RSAKey, claims: dict[str, Any]) -> str:
    return jwt.encode({"alg": "RS256", "kid": key.kid}, claims, key)


class ProviderServer:
    """One provider with one client and one person who is logged in there."""

    def __init__(self, now_s: Callable[[], float]) -> None:
        self._now_s = now_s
        self.redirect_url = "http://127.0.0.1:9470/oidc/callback"
        self.person: dict[str, Any] = {
            "sub": "4711",
            "email": "li@example.com",
            "email_verified": True,
            "preferred_username": "li",
        }
        self.claims: dict[str, Any] = {}
        """Instead of the right ones; None: left out."""
        self.keys = [FIRST_KEY]
        self.make_token: Callable[[dict[str, Any]], str] = self._right_token
        self.methods: list[str] | None = None
        self.described: dict[str, Any] = {}
        """Instead of what the discovery document says."""
        self.secret = SECRET
        self.refuses = ""
        self.answers: dict[str, web.StreamResponse] = {}
        """By path: what it answers instead of what it should."""
        self.hangs_at = ""
        self.asked: Counter[str] = Counter()
        """How often, by path."""
        self.authorized: list[dict[str, str]] = []
        self._codes: dict[str, dict[str, str]] = {}
        self._port = 0
        self._runner: web.AppRunner | None = None
        self._going = asyncio.Event()

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    async def start(self) -> None:
        app = web.Application(middlewares=[self._watch])
        app.router.add_get("/.well-known/openid-configuration", self._describe)
        app.router.add_get("/moved", self._describe)
        app.router.add_get("/authorize", self._authorize)
        app.router.add_post("/token", self._token)
        app.router.add_get("/keys", self._keys)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        self._going.set()
        if self._runner is not None:
            await self._runner.cleanup()

    @web.middleware
    async def _watch(self, request: web.Request, handler: Any) -> web.StreamResponse:
        self.asked[request.path] += 1
        if request.path == self.hangs_at:
            await self._going.wait()
        if request.path in self.answers:
            return self.answers.pop(request.path)
        answer: web.StreamResponse = await handler(request)
        return answer

    def description(self) -> dict[str, Any]:
        described: dict[str, Any] = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "authorization_response_iss_parameter_supported": True,
        }
        if self.methods is not None:
            described["token_endpoint_auth_methods_supported"] = self.methods
        return {**described, **self.described}

    async def _describe(self, request: web.Request) -> web.Response:
        return web.json_response(self.description())

    async def _authorize(self, request: web.Request) -> web.Response:
        asked = dict(request.query)
        assert asked["response_type"] == "code"
        assert asked["client_id"] == CLIENT_ID
        assert asked["redirect_uri"] == self.redirect_url
        assert asked["code_challenge_method"] == "S256"
        assert "openid" in asked["scope"].split()
        self.authorized.append(asked)
        answer = {"state": asked["state"], "iss": self.issuer}
        if self.refuses:
            answer["error"] = self.refuses
        else:
            answer["code"] = secrets.token_urlsafe(8)
            self._codes[answer["code"]] = asked
        raise web.HTTPFound(f"{asked['redirect_uri']}?{urlencode(answer)}")

    async def _token(self, request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        if not self._is_client(request, form):
            return web.json_response({"error": "invalid_client"}, status=401)
        asked = self._codes.pop(form["code"], None)  # each is good for one use
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if (
            asked is None
            or form["grant_type"] != "authorization_code"
            or asked["redirect_uri"] != form["redirect_uri"]
            or asked["code_challenge"] != challenge
        ):
            return web.json_response({"error": "invalid_grant"}, status=400)
        now_s = int(self._now_s())
        right = {
            **self.person,
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "iat": now_s,
            "exp": now_s + 300,
            "nonce": asked["nonce"],
        }
        claims = {
            name: value for name, value in {**right, **self.claims}.items() if value is not None
        }
        token = self.make_token(claims)
        return web.json_response(
            {"access_token": "x", "token_type": "Bearer", "expires_in": 300, "id_token": token}
        )

    def _is_client(self, request: web.Request, form: dict[str, str]) -> bool:
        if not self.secret:
            return form.get("client_id") == CLIENT_ID and "authorization" not in request.headers
        if self.methods == ["client_secret_post"]:
            return (form.get("client_id"), form.get("client_secret")) == (CLIENT_ID, self.secret)
        scheme, _, pair = request.headers.get("authorization", "").partition(" ")
        name, _, secret = base64.b64decode(pair).decode().partition(":")
        given = (scheme, unquote_plus(name), unquote_plus(secret))
        return given == ("Basic", CLIENT_ID, self.secret)

    def _right_token(self, claims: dict[str, Any]) -> str:
        return signed(self.keys[-1], claims)

    async def _keys(self, request: web.Request) -> web.Response:
        strange = [{"kty": "AKP", "kid": "later"}, {"kty": "RSA", "kid": "broken", "n": 7}]
        public = [key.as_dict(private=False) for key in self.keys]
        return web.json_response({"keys": strange + public})
