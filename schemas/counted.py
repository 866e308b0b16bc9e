"""Counts with their nouns, for what people read."""

import re

_AGREES = re.compile(r"\{(\w+)\|([^|{}]*)\|([^|{}]*)\}")


def noun_of(count: float, noun: str) -> str:
    """A noun in the number of its count, as the count is shown: without decimals.

    >>> noun_of(1, "post"), noun_of(0.4, "post"), noun_of(12, "crisis post")
    ('post', 'posts', 'crisis posts')
    """
    return noun if round(count) == 1 else f"{noun}s"


def counted(count: int, noun: str) -> str:
    """A count with its noun.

    >>> counted(1, "alert"), counted(2000, "alert"), counted(0, "more brand")
    ('1 alert', '2,000 alerts', '0 more brands')
    """
    return f"{count:,} {noun_of(count, noun)}"


def agreeing(text: str, **counts: int) -> str:
    """A text with `{name|one|many}` where the words depend on a count; the rest stays as it is.

    >>> agreeing("{reach} {reach|follower|followers}", reach=1)
    '{reach} follower'
    """
    return _AGREES.sub(lambda found: found[2] if counts.get(found[1]) == 1 else found[3], text)
