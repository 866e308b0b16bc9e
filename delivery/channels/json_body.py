"""Requests that post a part as JSON to the address as it is."""

from delivery.endpoints import Endpoint, Request

JSON_HEADERS = {"content-type": "application/json; charset=utf-8"}


def post_json(part: bytes, message_id: str, endpoint: Endpoint, now_ms: int) -> Request:
    """Neither signed nor dated: the address is the secret."""
    del message_id, now_ms
    return Request(endpoint.address, part, JSON_HEADERS)
