"""Who a request comes from: all ways to vouch for somebody, in one place."""

import asyncio
import ipaddress
import logging
import os
import time
from collections.abc import Callable
from http.cookies import CookieError, SimpleCookie
from pathlib import Path

import msgspec
from starlette.datastructures import Headers

from center.access.attempts import Attempts
from center.access.people import AccessError, People, read_people
from center.access.sessions import LASTS_S, Sessions
from center.access.viewer import Viewer, local, with_csrf
from kafka_io.settings import is_loopback

SESSION_COOKIE = "leimo_session"
KIOSK_COOKIE = "leimo_kiosk"
OIDC_COOKIE = "leimo_oidc"
OIDC_LASTS_S = 600
"""So long somebody may take at a provider: password, second factor."""
_LASTS_S = {SESSION_COOKIE: LASTS_S, KIOSK_COOKIE: 10 * 366 * 86_400, OIDC_COOKIE: OIDC_LASTS_S}
_LOG = logging.getLogger(__name__)
_HASHES_AT_ONCE = 2
"""Each takes 64 MiB while it runs."""


class AccessOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What the settings say."""

    address: str = "127.0.0.1:9470"
    """Where the center listens, host:port."""
    users_file: Path | None = None
    proxy_header: str = ""
    """Header in which a proxy names the user it vouches for; empty: none does."""
    proxy_networks: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...] = ()
    """Where that proxy is: from elsewhere the header is refused."""
    session_key: bytes = b""


class Access:
    """Vouches for viewers."""

    def __init__(self, options: AccessOptions, now_s: Callable[[], float] = time.time) -> None:
        """Raises `AccessError`: others can reach the address and nobody would be asked who they
        are, or the users file makes no sense.
        """
        host = options.address.rpartition(":")[0]
        if options.users_file is None and not is_loopback(host):
            raise AccessError(
                f"center_address={options.address}: it can be reached from outside; name users in "
                "a file and set LEIMO_CENTER_USERS_FILE to it, or listen on 127.0.0.1"
            )
        if options.proxy_header and not (options.proxy_networks and options.users_file):
            raise AccessError(
                f"center_proxy_header={options.proxy_header}: anybody could send it; set "
                "LEIMO_CENTER_PROXY_NETWORKS to where the proxy is, and LEIMO_CENTER_USERS_FILE to "
                "the users that it may name"
            )
        self._options = options
        self.now_s = now_s
        self.sessions = Sessions(options.session_key or None)
        self._attempts = Attempts()
        self._hashing = asyncio.Semaphore(_HASHES_AT_ONCE)
        self._people = read_people(options.users_file) if options.users_file else None
        self._read_of = _state_of(options.users_file)

    @property
    def is_local(self) -> bool:
        """Nobody is asked: only this machine can reach the center."""
        return self._people is None

    @property
    def people(self) -> People:
        """The users as the file names them now; a file that was broken later changes nothing."""
        path = self._options.users_file
        if path is not None and (state := _state_of(path)) != self._read_of:
            self._read_of = state
            try:
                self._people = read_people(path)
            except AccessError as error:
                _LOG.error("%s; the users before hold on", error)
        if self._people is None:
            raise RuntimeError("there are no users where nobody is asked")
        return self._people

    def viewer(self, headers: Headers, client: str) -> Viewer | None:
        """Who a request comes from; None: nobody we know. `client` is the address it came from."""
        if self.is_local:
            return local(self.sessions.csrf(None))
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return self.people.by_token(token.strip())
        cookies = cookies_of(headers)
        if self._options.proxy_header and (name := headers.get(self._options.proxy_header)):
            return self._vouched_for(name, client)
        if cookie := cookies.get(SESSION_COOKIE):
            return self._in_session(cookie)
        token = cookies.get(KIOSK_COOKIE, "")
        return self.screen(token) if token else None

    def screen(self, token: str) -> Viewer | None:
        """The screen that comes with its token in the address."""
        viewer = None if self.is_local else self.people.by_token(token)
        return viewer if viewer and viewer.is_kiosk else None

    async def log_in(self, name: str, password: str, client: str) -> str | float:
        """The cookie of a new session; or the seconds to wait, 0 where name or password is wrong.

        Wrong ones are counted by address and by user: neither many users from one address nor one
        user from many addresses can be tried quickly.
        """
        keys = [f"as {name[:100]}"]
        if not self._is_proxy(client):  # which is the address of everybody
            keys.append(f"from {client}")
        if wait_s := max(self._attempts.wait_s(key, self.now_s()) for key in keys):
            return wait_s
        for key in keys:  # before the answer is known: many at once are many
            self._attempts.failed(key, self.now_s())
        async with self._hashing:
            viewer = await asyncio.to_thread(self.people.by_password, name, password)
        if viewer is None:
            _LOG.warning("wrong name or password from %s", client)
            return 0.0
        for key in keys:
            self._attempts.succeeded(key)
        return self.begin(viewer.principal.name)

    def begin(self, name: str) -> str:
        """The cookie of a new session of a user that somebody vouched for."""
        return self.sessions.begin(name, self.people.seal(name), self.now_s())

    def log_out(self, headers: Headers) -> None:
        """End the session of the request."""
        cookie = cookies_of(headers).get(SESSION_COOKIE, "")
        seal = b"" if self.is_local else self.people.seal(self.sessions.name_in(cookie))
        if session := self.sessions.read(cookie, seal, self.now_s()):
            self.sessions.end(session)

    def _in_session(self, cookie: str) -> Viewer | None:
        name = self.sessions.name_in(cookie)
        session = self.sessions.read(cookie, self.people.seal(name), self.now_s())
        viewer = self.people.user(name) if session else None
        return with_csrf(viewer, self.sessions.csrf(session))

    def _is_proxy(self, client: str) -> bool:
        try:
            address = ipaddress.ip_address(client)
        except ValueError:
            return False
        return any(address in network for network in self._options.proxy_networks)

    def _vouched_for(self, name: str, client: str) -> Viewer | None:
        if not self._is_proxy(client):
            _LOG.warning("%s names a user and is not the proxy", client)
            return None
        return with_csrf(self.people.user(name), self.sessions.csrf_of(name))


def set_cookie(headers: Headers, cookie: str, value: str) -> str:
    """A header `Set-Cookie`: not for scripts or other sites; over TLS alone, but on loopback."""
    age = f"Max-Age={_LASTS_S[cookie] if value else 0}"
    # Lax, so that links from mails and chats arrive logged in.
    parts = [f"{cookie}={value}", age, "Path=/", "HttpOnly", "SameSite=Lax"]
    if not is_loopback(host_of(headers)):
        parts.append("Secure")
    return "; ".join(parts)


def host_of(headers: Headers) -> str:
    """The host that the browser asked for, without its port.

    >>> host_of(Headers({"host": "[::1]:80"})), host_of(Headers({"host": "a.example:80"}))
    ('[::1]', 'a.example')
    """
    host = headers.get("host", "")
    return host.partition("]")[0] + "]" if host.startswith("[") else host.partition(":")[0]


def cookies_of(headers: Headers) -> dict[str, str]:
    """The request's cookies."""
    jar: SimpleCookie = SimpleCookie()
    try:
        jar.load(headers.get("cookie", ""))
    except CookieError:
        return {}
    return {name: morsel.value for name, morsel in jar.items()}


def _state_of(path: Path | None) -> tuple[int, int] | None:
    try:
        state = os.stat(path) if path else None
    except OSError:
        return None
    return (state.st_mtime_ns, state.st_size) if state else None
