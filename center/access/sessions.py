"""Signed session cookies: nothing is kept of a session but those that were ended early."""

import base64
import binascii
import hashlib
import hmac
import secrets
from collections import OrderedDict

import msgspec

LASTS_S = 12 * 3600
"""A working day: then one logs in again."""
_MOST_ENDED = 10_000


class Session(msgspec.Struct, frozen=True, array_like=True):
    """What the cookie says."""

    name: str
    until_s: int
    nonce: str


class Sessions:
    """Makes and reads cookies.

    The key is mixed with the user's own `seal`, so that a new password or role ends what was begun
    under the old one.
    """

    def __init__(self, key: bytes | None = None) -> None:
        """Without `key`, a restart ends all sessions."""
        self._key = key or secrets.token_bytes(32)
        self._ended: OrderedDict[str, None] = OrderedDict()

    def begin(self, name: str, seal: bytes, now_s: float) -> str:
        """A cookie's value."""
        session = Session(name, int(now_s) + LASTS_S, secrets.token_urlsafe(16))
        body = encoded(msgspec.json.encode(session))
        return f"{body}.{self._signed(body, seal, 'session')}"

    def name_in(self, cookie: str) -> str:
        """Who the cookie says it belongs to; not to be believed before `read`."""
        session = _decoded(cookie.partition(".")[0])
        return session.name if session else ""

    def read(self, cookie: str, seal: bytes, now_s: float) -> Session | None:
        """The session, where the cookie is ours and not over."""
        body, _, signature = cookie.partition(".")
        expected = self._signed(body, seal, "session")
        if not hmac.compare_digest(signature.encode("utf-8", "replace"), expected.encode()):
            return None
        session = _decoded(body)
        if session is None or session.until_s <= now_s or session.nonce in self._ended:
            return None
        return session

    def end(self, session: Session) -> None:
        """Believe the cookie no more."""
        self._ended[session.nonce] = None
        if len(self._ended) > _MOST_ENDED:
            self._ended.popitem(last=False)

    def csrf(self, session: Session | None) -> str:
        """What a changing request of that session carries: no other site can know it."""
        return self.csrf_of(session.nonce if session else "")

    def csrf_of(self, subject: str) -> str:
        """The same where a proxy vouches for `subject` and there is no session."""
        return self._signed(subject, b"", "csrf")

    def signature(self, text: str, use: str) -> str:
        """Proves that `text` is ours and was made for that use."""
        return self._signed(text, b"", use)

    def _signed(self, text: str, seal: bytes, use: str) -> str:
        key = hashlib.sha256(self._key + b"|" + use.encode() + b"|" + seal).digest()
        return encoded(hmac.digest(key, text.encode("utf-8", "replace"), "sha256"))


def encoded(raw: bytes) -> str:
    """As cookies and addresses can carry it."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decoded(body: str) -> Session | None:
    try:
        raw = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
        return msgspec.json.decode(raw, type=Session)
    except (binascii.Error, ValueError):
        return None
