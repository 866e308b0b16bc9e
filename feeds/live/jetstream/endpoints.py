"""Instances of Jetstream: their addresses, and which is asked next. Pure."""

from collections.abc import Iterable, Sequence
from urllib.parse import urlencode, urlsplit

from feeds.files import MAX_LINE_BYTES
from feeds.live.jetstream.events import COLLECTIONS

PUBLIC = (
    "wss://jetstream.us-east.bsky.network",
    "wss://jetstream.us-west.bsky.network",
    "wss://jetstream2.us-east.bsky.network/subscribe",
    "wss://jetstream1.us-west.bsky.network/subscribe",
)
"""Bluesky's own; the first ones speak version 2, those with `/subscribe` version 1."""
_OLD_PATH = "/subscribe"
_PATH = "/xrpc/network.bsky.jetstream.subscribeEvents"


def base_of(endpoint: str) -> str:
    """The address of an instance without its path.

    Raises:
        ValueError: it is no `ws` or `wss` address.

    >>> base_of("wss://a.example/subscribe"), base_of("b.example")
    ('wss://a.example', 'wss://b.example')
    """
    parts = urlsplit(endpoint if "://" in endpoint else f"wss://{endpoint}")
    path = parts.path.rstrip("/")
    if parts.scheme not in ("ws", "wss") or not parts.netloc or path not in ("", _OLD_PATH, _PATH):
        raise ValueError(
            f"{endpoint!r} is no instance of Jetstream; write wss://HOST, or wss://HOST/subscribe "
            "for one that speaks version 1 alone"
        )
    return f"{parts.scheme}://{parts.netloc}"


def http_of(base: str) -> str:
    """The address of the same instance for plain requests.

    >>> http_of("wss://a.example")
    'https://a.example'
    """
    return "http" + base.removeprefix("ws")


def address_of(base: str, version: int, cursor: int | None, dictionary: int | None) -> str:
    """What is connected to. Version 1 sends identities too, whatever it is asked for.

    >>> address_of("wss://a.example", 1, 7, None)
    'wss://a.example/subscribe?wantedCollections=app.bsky.feed.post&wantedCollections=app.bsky.feed.repost&maxMessageSizeBytes=8384512&cursor=7'
    """
    name = "collections" if version == 2 else "wantedCollections"
    asked = [(name, collection) for collection in COLLECTIONS]
    if version == 2:
        asked += [("kinds", "commit"), ("kinds", "account")]
    asked.append(("maxMessageSizeBytes", str(MAX_LINE_BYTES)))
    if cursor is not None:
        asked.append(("cursor", str(cursor)))
    if dictionary is not None:
        asked.append(("zstdDictionary", str(dictionary)))
    return f"{base}{_PATH if version == 2 else _OLD_PATH}?{urlencode(asked)}"


class Endpoints:
    """The instances in the order in which they are asked; one that gives something is kept.

    >>> endpoints = Endpoints(["wss://a.example", "wss://b.example/subscribe"])
    >>> endpoints.base, endpoints.version
    ('wss://a.example', 2)
    >>> endpoints.next()
    >>> endpoints.base, endpoints.version
    ('wss://b.example', 1)
    """

    def __init__(self, endpoints: Iterable[str]) -> None:
        given = list(endpoints)
        self._bases: Sequence[str] = [base_of(endpoint) for endpoint in given]
        if not self._bases:
            raise ValueError("no endpoint is named")
        self._versions = [
            1 if endpoint.rstrip("/").endswith(_OLD_PATH) else 2 for endpoint in given
        ]
        self._refusals = dict.fromkeys(range(len(given)), "")
        self._at = 0

    @property
    def base(self) -> str:
        """The address of the instance that is asked now."""
        return self._bases[self._at]

    @property
    def version(self) -> int:
        """What it speaks, as far as is known."""
        return self._versions[self._at]

    def next(self) -> None:
        """Another one is asked from now on."""
        self._at = (self._at + 1) % len(self._bases)

    def fall_back(self) -> None:
        """This one does not speak version 2."""
        self._versions[self._at] = 1

    def refused(self, why: str) -> str:
        """This one refuses what it is asked for. Returns what all said, once all have refused."""
        self._refusals[self._at] = f"{self.base}: {why}"
        return "; ".join(self._refusals.values()) if all(self._refusals.values()) else ""

    def accepted(self) -> None:
        """This one takes what it is asked for: refusals of the others are of another day."""
        self._refusals = dict.fromkeys(self._refusals, "")
