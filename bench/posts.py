"""The posts of a benchmark: real ones, more of them than there are, or simulated ones."""

import re
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path

from bench.runs import ROOT
from feeds.files import read_lines

YEARS_APART = 3
"""Between two copies of a post: more than the posts themselves span."""

_CREATED_AT = re.compile(rb'"created_at":"\w{3} (\w{3}) (\d\d) ([^"]{15})(\d{4})"')
_ID = re.compile(rb'"idstr":"')
_MONTHS = b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()


def posts_for(path: Path, count: int) -> list[bytes]:
    """`count` posts of an NDJSON file of Weibo statuses; the simulator's where it is absent.

    Where the file holds fewer, copies follow, with ids of their own and `YEARS_APART` later each:
    a run has to be long enough for every system to be warm.
    """
    if not path.is_file():
        return simulated_posts(count)
    posts = read_posts(path, count)
    of_file = list(posts)
    copy = 0
    while len(posts) < count:
        copy += 1
        posts += [copied(post, copy) for post in of_file[: count - len(posts)]]
    return posts


def read_posts(path: Path, limit: int) -> list[bytes]:
    """The first `limit` lines of an NDJSON file, plain, .gz or .zst."""
    posts: list[bytes] = []
    for lines in read_lines(path, refuse=lambda refusal: None):
        posts += lines
        if len(posts) >= limit:
            break
    return posts[:limit]


def copied(post: bytes, copy: int) -> bytes:
    """Another post of the same text: its id begins with the number, its time is years later.

    >>> copied(b'{"created_at":"Tue May 31 17:46:55 +0800 2011","idstr":"7"}', 1)
    b'{"created_at":"Sat May 31 17:46:55 +0800 2014","idstr":"17"}'
    """

    def later(found: re.Match[bytes]) -> bytes:
        month, day, rest, year = found.groups()
        at = date(
            int(year) + YEARS_APART * copy,
            _MONTHS.index(month) + 1,
            28 if (month, day) == (b"Feb", b"29") else int(day),
        )
        weekday = at.strftime("%a").encode()  # Java reads no other than the right one
        return b'"created_at":"%s %s %02d %s%d"' % (weekday, month, at.day, rest, at.year)

    return _ID.sub(b'"idstr":"%d' % copy, _CREATED_AT.sub(later, post, count=1), count=1)


def simulated_posts(count: int) -> list[bytes]:
    """Posts of the simulator, for those who have no real ones."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "posts.ndjson")
        rate = 5000
        subprocess.run(
            [
                *(sys.executable, "-m", "leimo", "feed", "simulate", "--rate", str(rate)),
                *("--duration", str(-(-count // rate) + 1), "--out", str(path)),
            ],
            cwd=ROOT,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        return read_posts(path, count)
