"""Webhook: Standard Webhooks, carrying a CloudEvents 1.0 event in structured mode."""

import base64
import binascii
import hashlib
import hmac
from datetime import UTC, datetime

import msgspec
from msgspec.structs import replace

from delivery.answers import by_status
from delivery.endpoints import Endpoint, EndpointError, HttpChannel, Limits, Request
from delivery.messages import Message, told_alert
from schemas.alert import Alert
from schemas.versions import schema_id

MAX_BODY_BYTES = 20_000
"""Standard Webhooks asks for less than 20 kB."""
_PREFIX = "whsec_"
_KEY_BYTES = range(24, 65)


def parts(message: Message) -> list[bytes]:
    """One body, with fewer sample posts where it would be too large."""
    alert = told_alert(message)
    body = _event(alert)
    while len(body) > MAX_BODY_BYTES and (alert.samples or alert.terms):
        samples, terms = alert.samples[:-1], alert.terms if alert.samples else ()
        alert = replace(alert, samples=samples, terms=terms)
        body = _event(alert)
    return [body]


def _event(alert: Alert) -> bytes:
    """The event as its headers on `alerts` say it, so that both ways tell of the same one."""
    at = datetime.fromtimestamp(alert.updated_at_ms / 1000, UTC)
    return msgspec.json.encode(
        {
            "specversion": "1.0",
            "id": f"{alert.id}/{alert.revision}",
            "source": "/leimo/measure",
            "type": f"leimo.alert.{alert.state.value}",
            "subject": alert.brand,
            "time": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "datacontenttype": "application/json",
            "dataschema": schema_id("alert"),
            "data": alert,
        }
    )


def to_request(part: bytes, message_id: str, endpoint: Endpoint, now_ms: int) -> Request:
    """Signed with the key, and with the old one while there is one."""
    seconds = str(now_ms // 1000)
    keys = [key for key in (endpoint.secret, endpoint.old_secret) if key]
    if not keys:
        raise EndpointError("a webhook needs a signing key; name one with `secret:`")
    signatures = [_signature(_key(key), message_id, seconds, part) for key in keys]
    return Request(
        endpoint.address,
        part,
        {
            "content-type": "application/cloudevents+json; charset=utf-8",
            "webhook-id": message_id,
            "webhook-timestamp": seconds,
            "webhook-signature": " ".join(signatures),
        },
    )


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith(_PREFIX) or len(key) not in _KEY_BYTES:
        raise EndpointError(
            "the signing key is not `whsec_` and the base64 of 24 to 64 bytes; make one with "
            '`echo "whsec_$(openssl rand -base64 32)"`'
        )
    return key


def _signature(key: bytes, message_id: str, seconds: str, body: bytes) -> str:
    signed = f"{message_id}.{seconds}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


WEBHOOK = HttpChannel(Limits(per_minute=600), parts, to_request, by_status)
