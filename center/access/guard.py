"""Stands before every request: who is it, and does it come from our own pages?

What a role may do stands where a route is declared (`center.api.asking`).
"""

import json
from urllib.parse import quote, urlsplit

from starlette.datastructures import Headers, QueryParams
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from center.access.access import Access, host_of
from center.access.people import is_same
from center.access.viewer import Viewer
from kafka_io.settings import is_loopback

CSRF_HEADER = "x-csrf-token"
_OPEN = ("/api/health", "/login", "/static/", "/oidc/", "/metrics")
"""What anybody sees: whether it lives, and the way in. Metrics have a token of their own."""
_KIOSK = ("/wall", "/api/wall", "/api/stream", "/api/me")
_SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
_HEADERS = (
    (
        b"content-security-policy",
        (
            b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
            b"connect-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; "
            b"form-action 'self'; frame-ancestors 'none'"
        ),
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
)


_Refusal = tuple[int, str, str]
"""Status, title and mend."""


class Guard:
    """ASGI middleware. Whom it lets through is in `request.state.viewer`."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = {name.lower() for name, _ in message.get("headers", ())}
                added = [pair for pair in _HEADERS if pair[0] not in given]
                message = {**message, "headers": [*message.get("headers", ()), *added]}
            await send(message)

        headers = Headers(scope=scope)
        client = (scope.get("client") or ("", 0))[0]
        viewer = self._access.viewer(headers, client) or self._screen(scope)
        scope.setdefault("state", {})["viewer"] = viewer
        refusal = self._refusal(scope["method"], scope["path"], headers, viewer)
        if refusal is None:
            await self._app(scope, receive, send_safely)
        elif refusal[0] == 401 and not scope["path"].startswith("/api/"):
            await _send_to_login(scope, send_safely)
        else:
            await _refuse(*refusal, send_safely)

    def _screen(self, scope: Scope) -> Viewer | None:
        if scope["path"] != "/wall" or b"kiosk=" not in scope.get("query_string", b""):
            return None
        tokens = QueryParams(scope["query_string"]).getlist("kiosk")
        return self._access.screen(tokens[0]) if tokens else None

    def _refusal(
        self, method: str, path: str, headers: Headers, viewer: Viewer | None
    ) -> _Refusal | None:
        """Whether it is refused to anybody, or to who asks."""
        if self._access.is_local and not is_loopback(host_of(headers)):
            # Another site's name that leads to this machine (DNS rebinding).
            return 403, "Unknown host", "ask for the center by 127.0.0.1 or localhost"
        if method not in _SAFE_METHODS and not _is_from_our_pages(headers):
            return 403, "From another site", "open the center itself and try again there"
        if any(path == begin or (begin[-1] == "/" and path.startswith(begin)) for begin in _OPEN):
            return None
        if viewer is None:
            return 401, "Not logged in", "log in, or send a token: Authorization: Bearer ..."
        return _viewers_refusal(method, path, headers, viewer)


def _viewers_refusal(method: str, path: str, headers: Headers, viewer: Viewer) -> _Refusal | None:
    """What somebody we know is refused."""
    changes = method not in _SAFE_METHODS
    csrf = viewer.principal.csrf
    if viewer.is_kiosk and (changes or not path.startswith(_KIOSK)):
        return 403, "A screen sees the wall alone", "log in as a user"
    if changes and csrf and not is_same(headers.get(CSRF_HEADER, ""), csrf):
        return 403, "No proof that you meant it", f"send the csrf of /api/me as {CSRF_HEADER}"
    return None


def _is_from_our_pages(headers: Headers) -> bool:
    """Browsers tell where a request comes from; programs send neither header."""
    if headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        return False
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc == headers.get("host", "")


async def _refuse(status: int, title: str, detail: str, send: Send) -> None:
    body = json.dumps({"type": "about:blank", "title": title, "status": status, "detail": detail})
    headers = [(b"content-type", b"application/problem+json"), (b"cache-control", b"no-store")]
    if status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body.encode()})


async def _send_to_login(scope: Scope, send: Send) -> None:
    wanted = scope["path"]
    if scope["method"] == "GET" and wanted != "/":
        query = scope.get("query_string", b"").decode("ascii", "replace")
        target = "/login?next=" + quote(f"{wanted}?{query}" if query else wanted)
    else:
        target = "/login"
    headers = [(b"location", target.encode()), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": 303, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
