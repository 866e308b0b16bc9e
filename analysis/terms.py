"""Content words of a post, for the top terms of a window or an alert."""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from analysis.stop_words import STOP_WORDS

MAX_TERMS = 12
MAX_TERM = 32
"""Longer tokens are no words; hashtags are cut by their pattern."""

_HASHTAG = re.compile(r"#([^#\s\0]{2,32})#|#([^\W_]\w{1,31})")
_WORD = re.compile(r"[^\W\d_]")
"""A term has a letter or a Han character in it."""


class Word(NamedTuple):
    """A content word and where it stands."""

    term: str
    start: int
    end: int


def content_words(masked: str, tokens: Iterable[str]) -> tuple[Word, ...]:
    """Hashtags and content words of a folded and masked text, in order, repeats included.

    >>> masked = "#双十一# 小米手机真的好看 666"
    >>> [word.term for word in content_words(masked, ["#", "双十一", "#", " ", "小米", "手机",
    ...  "真的", "好看", " ", "666"])]
    ['#双十一', '小米', '手机', '好看']
    """
    hashtags = (
        [
            Word("#" + (match[1] or match[2]).strip(), match.start(), match.end())
            for match in _HASHTAG.finditer(masked)
        ]
        if "#" in masked
        else []
    )
    if not hashtags:
        return tuple(_words(tokens))
    return tuple(
        sorted(
            [
                *hashtags,
                *(word for word in _words(tokens) if not _overlaps(word, hashtags)),
            ],
            key=lambda word: word.start,
        )
    )


def _words(tokens: Iterable[str]) -> Iterator[Word]:
    start = 0
    for token in tokens:
        end = start + len(token)
        if 2 <= end - start <= MAX_TERM and token not in STOP_WORDS and _WORD.search(token):
            yield Word(token, start, end)
        start = end


def _overlaps(word: Word, spans: Sequence[Word]) -> bool:
    return any(word.start < span.end and span.start < word.end for span in spans)


def top_terms(
    content: Sequence[Word], aliases: Collection[str], spans: Sequence[tuple[int, int]]
) -> tuple[str, ...]:
    """The first `MAX_TERMS` distinct terms that are neither an alias nor part of one in `spans`.

    >>> top_terms([Word("#小米", 0, 4), Word("好看", 4, 6), Word("好看", 6, 8)], {"小米"}, [])
    ('好看',)
    """
    terms: dict[str, None] = {}
    for term, start, end in content:
        if (
            term in terms
            or term.lstrip("#") in aliases
            or any(start >= low and end <= high for low, high in spans)
        ):
            continue
        terms[term] = None
        if len(terms) == MAX_TERMS:
            break
    return tuple(terms)
