"""`leimo` with a source `leimo` that takes for ever to read some posts: `python -m ...`.

Stands for a bad regular expression of a release to come.
"""

import re
import threading

from leimo.cli import main
from schemas.post import Post
from sources import leimo_post
from sources import parsing as sources

SLOW = "a" * 200
HANG = "hang"
"""Takes no CPU time, and so no timer ends it."""
_BACKTRACKING = re.compile(rb"(?:a|aa)+b")


def _parse(value: bytes, received_at_ms: int, max_text: int, max_skew_ms: int) -> Post:
    _BACKTRACKING.search(value)
    if HANG.encode() in value:
        threading.Event().wait()
    return leimo_post.parse(value, received_at_ms, max_text, max_skew_ms)


if __name__ == "__main__":
    sources._ADAPTERS["leimo"] = _parse
    main()
