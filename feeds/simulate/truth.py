"""What a simulation really held, for checks that do not trust the product."""

from collections import Counter
from pathlib import Path
from typing import IO

import orjson

from feeds.simulate.events import Event

MINUTE_MS = 60_000


class Truth:
    """Posts by brand and minute (each post once), and the events.

    A post counts for the brand that it was written about, or whose original it reposts.
    """

    def __init__(self) -> None:
        self._posts: Counter[tuple[str, int]] = Counter()
        self._events: list[Event] = []

    def post(self, brand: str, at_ms: int) -> None:
        if brand:
            self._posts[brand, at_ms - at_ms % MINUTE_MS] += 1

    def event(self, event: Event) -> None:
        self._events.append(event)

    def rows(self) -> list[dict[str, object]]:
        """One row for each brand and minute with posts, then one for each event."""
        counted: list[dict[str, object]] = [
            {"type": "minute", "brand": brand, "start_ms": start_ms, "posts": posts}
            for (brand, start_ms), posts in sorted(self._posts.items())
        ]
        return counted + [
            {
                "type": "event", "kind": event.kind.value, "brand": event.brand.id,
                "start_ms": event.start_ms, "end_ms": event.end_ms,
                "peak_posts_per_s": round(event.posts_per_s, 2),
            }
            for event in self._events
        ]  # fmt: skip

    def write(self, path: Path) -> None:
        """As NDJSON."""
        with path.open("wb") as file:
            self._write(file)

    def _write(self, file: IO[bytes]) -> None:
        for row in self.rows():
            file.write(orjson.dumps(row) + b"\n")
