"""The words around a mention: where in a text the stance towards one brand stands.

```
 苹果太贵了。小米手机好看，拍照也好，但是华为更快！走了
             └brand              └a clause with another brand ends the reach
             └────── reach ──────┘
```

The reach starts as the clause with the brand and grows over its neighbours inside the sentence
until a clause names another brand. Comparisons turn the sign for the brand that is compared
with: in "A 比 B 好", "A 不如 B" and "比起 B，A 更好" what is said is said of A.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

import msgspec

Bounds = tuple[int, int]
"""A span of a text in code points, end exclusive."""

_SENTENCE_END = re.compile(r"[。！？!?；;…\n]+|\.(?=\s|$)")
_CLAUSE_END = re.compile(r"[，,]+|(?=但是|不过|可是|然而)|(?<!不)(?=却)|\bbut\b", re.IGNORECASE)

# 性价比, 对比, 无比 and the like end in 比 and compare with nothing that follows.
_COMPARED_WITH = re.compile(
    r"(?:不如|比不上|不及|比起|相比(?:于|之下)?|(?<![性价对占类同之无好百相分])比)\s*$"
)
_LOOK_BACK = 6

MAX_REACH = 500
"""Code points on either side of a name that can be about it; longer sentences are no prose."""


class Reach(msgspec.Struct, frozen=True, gc=False):
    """The words [start, end) about a brand; `turned` when they praise by blaming it."""

    start: int
    end: int
    turned: bool = False


def reach_of(text: str, start: int, end: int, rivals: Sequence[Bounds] = ()) -> Reach:
    """The words that tell the stance towards the brand at [start, end).

    `rivals` are the spans of other brands. A span outside the text is cut to it.

    >>> text = "天气差。小米真好，但是苹果贵！"
    >>> found = reach_of(text, 4, 6, rivals=[(11, 13)])
    >>> text[found.start:found.end]
    '小米真好，'
    >>> reach_of("苹果比小米好", 3, 5).turned
    True
    """
    start = min(max(start, 0), len(text))
    end = min(max(end, start), len(text))
    first, last = sentence_of(text, start, end)
    if _COMPARED_WITH.search(text, max(first, start - _LOOK_BACK), start):
        return Reach(first, last, turned=True)
    if not rivals:
        return Reach(first, last)
    others = [
        span
        for span in rivals
        if (first < span[1] <= start or end <= span[0] < last) and span[0] < span[1]
    ]
    clauses = _clauses(text, first, last)
    starts = [clause[0] for clause in clauses]
    if start >= last:
        return Reach(first, last)
    low = bisect_right(starts, start) - 1
    high = bisect_left(starts, max(end, start + 1)) - 1
    return _grown(clauses, starts, (low, high), others)


def clauses_of(text: str) -> list[Bounds]:
    """Every clause of a text, one after the other.

    >>> text = "小米真好，但是贵。走了"
    >>> [text[start:end] for start, end in clauses_of(text)]
    ['小米真好，', '但是贵。', '走了']
    """
    found: list[Bounds] = []
    start = 0
    for stop in [match.end() for match in _SENTENCE_END.finditer(text)] + [len(text)]:
        if start < stop:
            found += _clauses(text, start, stop)
        start = max(start, stop)
    return found


def sentence_of(text: str, start: int, end: int) -> Bounds:
    """The sentence with [start, end), its closing marks included, as far as `MAX_REACH`."""
    begins, ends = _sentence_ends(text)
    before, after = bisect_right(ends, start), bisect_left(begins, end)
    first = ends[before - 1] if before else 0
    last = ends[after] if after < len(ends) else len(text)
    return max(first, start - MAX_REACH), min(last, end + MAX_REACH)


@lru_cache(maxsize=4)
def _sentence_ends(text: str) -> tuple[list[int], list[int]]:
    """Where the marks that close sentences begin and end; a text is asked once for each name."""
    stops = [stop.span() for stop in _SENTENCE_END.finditer(text)]
    return [begin for begin, _ in stops], [end for _, end in stops]


def _clauses(text: str, first: int, last: int) -> list[Bounds]:
    """The clauses of a sentence, one after the other; a contrast starts a new one."""
    bounds = [first, last]
    bounds += [stop.end() for stop in _CLAUSE_END.finditer(text, first, last)]
    edges = sorted(set(bounds))
    return list(pairwise(edges))


def _grown(
    clauses: Sequence[Bounds], starts: Sequence[int], ours: Bounds, others: Sequence[Bounds]
) -> Reach:
    """From our clauses, the first and the last one, outwards up to one with another brand."""
    low, high = 0, len(clauses) - 1
    begin, end = clauses[ours[0]][0], clauses[ours[1]][1]
    before = [last for first, last in others if first < begin]
    after = [first for first, last in others if last > end]
    if before and ours[0] > 0:
        low = bisect_right(starts, min(max(before), begin) - 1)
    if after and ours[1] < high:
        high = bisect_right(starts, max(min(after), end)) - 2
    return Reach(clauses[low][0], clauses[high][1])
