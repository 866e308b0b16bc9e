"""Content words of a post, for the top terms of a window or an alert."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from operator import itemgetter

from analysis.stop_words import STOP_WORDS

MAX_TERMS = 12
MAX_TERM = 32
"""Longer tokens are no words; hashtags are cut by their pattern."""

MAX_WORDS = 1_000
"""Content words of a text that are looked at, the first ones."""

_HASHTAG = re.compile(r"#([^#\s\0]{2,32})#|#([^\W_]\w{1,31})")
_WORD = re.compile(r"[^\W\d_]")
"""A term has a letter or a Han character in it."""


Word = tuple[str, int, int]
"""A content word and where it stands: start and end, code points."""


def content_words(masked: str, tokens: Sequence[str]) -> list[Word]:
    """Hashtags and content words of a folded and masked text, in order, repeats included.

    >>> masked = "#双十一# 小米手机真的好看 666"
    >>> [word for word, _, _ in content_words(masked, ["#", "双十一", "#", " ", "小米", "手机",
    ...  "真的", "好看", " ", "666"])]
    ['#双十一', '小米', '手机', '好看']
    """
    found = []
    start = 0
    for token in tokens:
        length = len(token)
        if (
            2 <= length <= MAX_TERM
            and token not in STOP_WORDS
            and (token.isalpha() or _WORD.search(token))
        ):
            found.append((token, start, start + length))
            if len(found) == MAX_WORDS:
                break
        start += length
    return found if "#" not in masked else _with_hashtags(masked, found)


def _with_hashtags(masked: str, found: list[Word]) -> list[Word]:
    """Hashtags in place of the words within them."""
    hashtags = [
        ("#" + (match[1] or match[2]).strip(), match.start(), match.end())
        for match in _HASHTAG.finditer(masked)
    ]
    starts = [start for _, start, _ in hashtags]
    others = []
    for word in found:
        # Hashtags do not overlap: only the last that begins before the word's end can touch it.
        at = bisect_right(starts, word[2] - 1) - 1
        if at < 0 or hashtags[at][2] <= word[1]:
            others.append(word)
    return sorted(hashtags + others, key=itemgetter(1))[:MAX_WORDS]


def top_terms(
    content: Sequence[Word], aliases: frozenset[str], spans: Sequence[tuple[int, int]]
) -> tuple[str, ...]:
    """The first `MAX_TERMS` distinct terms that are neither an alias nor part of one in `spans`.

    >>> words = [("#小米", 0, 4), ("好看", 4, 6), ("好看", 6, 8)]
    >>> top_terms(words, frozenset({"小米"}), [])
    ('好看',)
    """
    if not content:
        return ()
    terms: dict[str, None] = {}
    for term, start, end in content:
        if term in terms or term in aliases or (term[0] == "#" and term[1:] in aliases):
            continue
        for low, high in spans:
            if start >= low and end <= high:
                break
        else:
            terms[term] = None
        if len(terms) == MAX_TERMS:
            break
    return tuple(terms)
