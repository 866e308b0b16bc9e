"""Real posts of the shared data, and what they mention."""

from collections.abc import Sequence
from pathlib import Path

from analysis.shipped import analyser_of
from bench.posts import read_posts
from schemas.catalogue import Catalogue
from schemas.mention import Mention
from sources.parsing import parse

_AT_ONCE = 500


def posts_of(data: Path, count: int) -> list[bytes]:
    """The first `count` statuses of the stream.

    Raises:
        FileNotFoundError: the data holds no stream.
    """
    path = data / "stream" / "weibo_statuses.ndjson.gz"
    if not path.is_file():
        raise FileNotFoundError(f"{path}: holds no posts; name the data with --data")
    return read_posts(path, count)


def mentions_of(posts: Sequence[bytes], catalogue: Catalogue) -> list[Mention]:
    """In the order of the posts."""
    analyser = analyser_of(catalogue)
    found: list[Mention] = []
    for first in range(0, len(posts), _AT_ONCE):
        lines = posts[first : first + _AT_ONCE]
        # Received when they were written: times long past are no matter here.
        parsed = [parse("weibo", line, 1_700_000_000_000) for line in lines]
        for mentions in analyser.mentions_many(parsed, 0, range(first, first + len(parsed))):
            found += mentions
    return found
