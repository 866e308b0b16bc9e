"""What the windows must be: a plain batch computation over a file, without the streaming code.

What a batch of records is, `analysis.intake` says for the stream as well. Sums and distinct counts
come from `measures.recount`, which is plain; repeats are told here by a set of all identities.
"""

from collections.abc import Iterable, Mapping
from itertools import chain, islice
from pathlib import Path
from typing import Any

import msgspec
import orjson
import zstandard

from analysis.intake import take_in
from analysis.pipeline import Analyser
from measures import recount
from measures.recount import Counts, Key
from schemas.mention import Mention
from schemas.window import Window
from sources.raw_posts import Line, Lines

_AT_ONCE = 500


def batch_windows(
    lines: Iterable[bytes], analyser: Analyser, received_at_ms: int, source: str = "weibo"
) -> dict[Key, Counts]:
    """The windows of posts as lines; each post once."""
    counted = recount.Recount()
    reader, seen = Lines(source, received_at_ms), _EverSeen()
    records = map(Line, lines)
    while some := list(islice(records, _AT_ONCE)):
        for mention in chain.from_iterable(take_in(some, 0, seen, reader, analyser).mentions):
            assert isinstance(mention, Mention)
            counted.add(mention)
    return counted.windows()


class _EverSeen:
    """All identities that there ever were: repeats however far apart."""

    def __init__(self) -> None:
        self._seen: set[int] = set()

    def seen(self, identity: int, offset: int) -> bool:
        del offset
        was_seen = identity in self._seen
        self._seen.add(identity)
        return was_seen


def differences(expected: Mapping[Key, Counts], windows: Iterable[dict[str, Any]]) -> list[str]:
    """Every number in which the windows differ from what is expected, as lines for a person."""
    read = [msgspec.convert(window, Window) for window in windows]
    found = {(window.brand, window.start_ms): recount.counts_of(window) for window in read}
    return recount.differences(expected, found)


def read_ndjson(path: Path) -> list[dict[str, Any]]:
    """The objects of a file that `leimo demo --windows` wrote."""
    return [orjson.loads(line) for line in path.read_bytes().splitlines()]


def compressed(path: Path, lines: Iterable[bytes]) -> Path:
    """Write lines to a .zst file."""
    path.write_bytes(zstandard.compress(b"".join(line + b"\n" for line in lines)))
    return path
