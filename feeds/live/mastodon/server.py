"""What a server says of itself, and its addresses. Pure."""

from urllib.parse import urlsplit

import msgspec

from kafka_io.settings import is_loopback

STREAMS = ("public", "public:local", "public:remote")


class _Access(msgspec.Struct):
    local: str = "authenticated"
    remote: str = "authenticated"


class _Timelines(msgspec.Struct):
    live_feeds: _Access = msgspec.field(default_factory=_Access)


class _Addresses(msgspec.Struct):
    streaming: str = ""


class _Configuration(msgspec.Struct):
    urls: _Addresses = msgspec.field(default_factory=_Addresses)
    timelines_access: _Timelines = msgspec.field(default_factory=_Timelines)


class Instance(msgspec.Struct):
    """`GET /api/v2/instance`, as far as a feed needs it; an older server says nothing of access."""

    domain: str = ""
    """What follows the @ in the names of its accounts."""
    configuration: _Configuration = msgspec.field(default_factory=_Configuration)

    def disabled(self, stream: str) -> list[str]:
        """Parts of a stream that the server has switched off.

        >>> access = {"live_feeds": {"local": "public", "remote": "disabled"}}
        >>> instance = msgspec.convert({"configuration": {"timelines_access": access}}, Instance)
        >>> instance.disabled("public"), instance.disabled("public:local")
        (['remote'], [])
        """
        access = self.configuration.timelines_access.live_feeds
        found = {"local": access.local, "remote": access.remote}
        return [part for part in parts_of(stream) if found[part] == "disabled"]


def parts_of(stream: str) -> tuple[str, ...]:
    """What a stream is made of: the server's own posts, and those of others."""
    _, _, part = stream.partition(":")
    return (part,) if part else ("local", "remote")


def address_of(server: str) -> str:
    """The address of a server: `https`, or `http` on this machine, as the token must not be seen.

    Raises:
        ValueError: it is none.

    >>> address_of("mastodon.example"), address_of("http://127.0.0.1:3000/")
    ('https://mastodon.example', 'http://127.0.0.1:3000')
    """
    parts = urlsplit(server if "://" in server else f"https://{server}")
    is_safe = parts.scheme in ("https", "wss") or (
        parts.scheme in ("http", "ws") and is_loopback(parts.hostname or "")
    )
    if not is_safe or not parts.netloc or parts.path.strip("/") or parts.username:
        raise ValueError(
            f"{server!r} is no server; write its name, such as mastodon.social (the token goes "
            "through TLS alone)"
        )
    return f"{parts.scheme}://{parts.netloc}"


def websocket_of(address: str) -> str:
    """The same for a WebSocket.

    >>> websocket_of("https://a.example"), websocket_of("wss://a.example")
    ('wss://a.example', 'wss://a.example')
    """
    return "ws" + address.removeprefix("http") if address.startswith("http") else address


def http_of(address: str) -> str:
    """The same for plain requests.

    >>> http_of("wss://a.example"), http_of("https://a.example")
    ('https://a.example', 'https://a.example')
    """
    return "http" + address.removeprefix("ws") if address.startswith("ws") else address
