"""Records of `posts.raw` as posts: the envelope in their headers, and the limits."""

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from schemas.post import Post, Source
from sources.parsing import parse


class Limits(Protocol):
    """What a record may be, and whose it is where it does not say so: the settings."""

    @property
    def max_post_bytes(self) -> int: ...
    @property
    def max_text_chars(self) -> int: ...
    @property
    def skew_s(self) -> float:
        """How far a post's time may be ahead of its receipt."""

    @property
    def source(self) -> Source: ...


class Line(NamedTuple):
    """A post that stands in a file, as a record."""

    value: bytes
    offset: int = 0
    timestamp: int = 0


class Lines:
    """Reads lines of one source, all received at the same time."""

    def __init__(self, source: str, received_at_ms: int) -> None:
        self._source = source
        self._received_at_ms = received_at_ms

    def post(self, line: Line) -> Post:
        """The line as a post.

        Raises:
            InvalidPost: it is none; says why.
        """
        return parse(self._source, line.value, self._received_at_ms)

    def source(self, line: Line) -> str:
        """Of all lines."""
        del line
        return self._source


class RawPosts:
    """Reads raw records as the settings say."""

    def __init__(self, settings: Limits) -> None:
        self._max_bytes = settings.max_post_bytes
        self._max_text = settings.max_text_chars
        self._max_skew_ms = int(settings.skew_s * 1000)
        self._default_source = settings.source.value
        self._last: tuple[object, str, int | None] = ((), self._default_source, None)
        """Headers, and what they say: a feed gives the posts that it sends at once the same."""

    def post(self, record: Any) -> Post:
        """The record as a post.

        Raises:
            InvalidPost: it is none; says why.
        """
        headers, source, received_at_ms = self._last
        if record.headers != headers:
            _, source, received_at_ms = self._last = self._envelope(record.headers)
        return parse(
            source,
            record.value,
            record.timestamp if received_at_ms is None else received_at_ms,
            self._max_bytes,
            self._max_text,
            self._max_skew_ms,
        )

    def source(self, record: Any) -> str:
        """Whose JSON the record holds."""
        return self._envelope(record.headers)[1]

    def _envelope(
        self, headers: Sequence[tuple[str, bytes | None]]
    ) -> tuple[object, str, int | None]:
        """The headers, and the source and the receipt time that they tell, if they do."""
        source, received_at_ms = self._default_source, None
        for name, value in headers:
            if value is None:
                continue
            if name == "source":
                source = value.decode("ascii", "replace")
            elif name == "received_at" and value.isdigit():
                received_at_ms = int(value)
        return headers, source, received_at_ms
