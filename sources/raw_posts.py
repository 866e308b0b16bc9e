"""Records of `posts.raw` as posts: the envelope in their headers, and the limits."""

from typing import Any

from kafka_io.settings import Settings
from schemas.post import Post
from sources.parsing import parse


class RawPosts:
    """Reads raw records as the settings say."""

    def __init__(self, settings: Settings) -> None:
        self._max_bytes = settings.max_post_bytes
        self._max_text = settings.max_text_chars
        self._max_skew_ms = int(settings.skew_s * 1000)
        self._default_source = settings.source.value

    def post(self, record: Any) -> Post:
        """The record as a post.

        Raises:
            InvalidPost: it is none; says why.
        """
        source, received_at_ms = self._default_source, record.timestamp
        if record.headers:
            source, received_at_ms = self._envelope(record)
        return parse(
            source,
            record.value,
            received_at_ms,
            max_bytes=self._max_bytes,
            max_text=self._max_text,
            max_skew_ms=self._max_skew_ms,
        )

    def _envelope(self, record: Any) -> tuple[str, int]:
        """Source and receipt time: from the headers, or the settings and the record's own time."""
        source, received_at_ms = self._default_source, record.timestamp
        for name, value in record.headers:
            if value is None:
                continue
            if name == "source":
                source = value.decode("ascii", "replace")
            elif name == "received_at" and value.isdigit():
                received_at_ms = int(value)
        return source, received_at_ms
