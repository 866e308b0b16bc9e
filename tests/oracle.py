"""What the windows must be: a plain batch computation over a file, without the streaming code.

Only the analysis of a single post is shared with the stream. Sums and distinct counts come from
`measures.recount`, which is as plain; repeats are told here by a set of all ids.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
import orjson
import zstandard

from analysis.pipeline import Analyser
from measures import recount
from measures.recount import Counts, Key
from schemas.post import Post
from schemas.window import Window
from sources.parsing import InvalidPost, parse

_AT_ONCE = 500


def batch_windows(
    lines: Iterable[bytes], analyser: Analyser, received_at_ms: int, source: str = "weibo"
) -> dict[Key, Counts]:
    """The windows of posts as lines; each post once."""
    counted = recount.Recount()
    posts = _posts(lines, received_at_ms, source)
    while some := list(islice(posts, _AT_ONCE)):
        for found in analyser.mentions_many(some, 0, range(len(some))):
            for mention in found:
                counted.add(mention)
    return counted.windows()


def _posts(lines: Iterable[bytes], received_at_ms: int, source: str) -> Iterator[Post]:
    """What can be read, each post once."""
    seen: set[tuple[str, str, int]] = set()
    for line in lines:
        try:
            post = parse(source, line, received_at_ms)
        except InvalidPost:
            continue
        if (post.id, post.event, post.edit) not in seen:
            seen.add((post.id, post.event, post.edit))
            yield post


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
