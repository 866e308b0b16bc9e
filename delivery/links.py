"""Signed links by which a person answers to an alert. Pure: they are made and read here.

A link says which alert, for whom it was made and until when it holds. Whoever has it may act: it is
a secret of the chat or mailbox in which it stands.
"""

import base64
import binascii
import hashlib
import hmac
from urllib.parse import urlencode

import msgspec

HOLDS_MS = 7 * 86_400_000
"""An alert that nobody answered to for a week is history."""
_MAC_BYTES = 16
_MOST_CHARS = 2000


class Ticket(msgspec.Struct, frozen=True, array_like=True):
    """What a link stands for."""

    alert: str
    brand: str
    subscriber: str
    expires_s: int


class LinkError(ValueError):
    """A link is none of ours, or holds no longer; the message is for the person who has it."""


def link(base_url: str, secret: str, ticket: Ticket) -> str:
    """The address of the page on which a person acts.

    >>> ticket = Ticket("a1", "xiaomi", "ops", 1779717600)
    >>> made = link("https://leimo.example/deliver/", "k" * 32, ticket)
    >>> made.partition("=")[0]
    'https://leimo.example/deliver/act?t'
    >>> read(made.partition("=")[2], "k" * 32, 1779717600_000).brand
    'xiaomi'
    """
    return f"{base_url.rstrip('/')}/act?{urlencode({'t': signed(ticket, secret)})}"


def signed(ticket: Ticket, secret: str) -> str:
    """A ticket with its signature."""
    payload = msgspec.json.encode(ticket)
    return f"{_text(payload)}.{_text(_mac(payload, secret))}"


def read(text: str, secret: str, now_ms: int) -> Ticket:
    """The ticket of a link.

    Raises:
        LinkError: it was not signed with this secret, or has expired.
    """
    payload, _, mac = text[:_MOST_CHARS].partition(".")
    try:
        given, found = _bytes(payload), _bytes(mac)
    except (ValueError, binascii.Error):
        raise LinkError("this link is damaged; open it from the message again") from None
    if not hmac.compare_digest(found, _mac(given, secret)):
        raise LinkError("this link is damaged, or its key was changed")
    ticket = msgspec.json.decode(given, type=Ticket)
    if ticket.expires_s * 1000 < now_ms:
        raise LinkError("this link has expired; use `leimo alerts ack`, or the newest message")
    return ticket


def action_id(text: str) -> str:
    """Id of the one action that a link allows: whoever uses it again writes nothing new."""
    return "link-" + hashlib.sha256(text.encode()).hexdigest()[:24]


def _mac(payload: bytes, secret: str) -> bytes:
    return hmac.digest(secret.encode(), b"leimo.link.1\n" + payload, hashlib.sha256)[:_MAC_BYTES]


def _text(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
