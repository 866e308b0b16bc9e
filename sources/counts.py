"""Counts as pages show them and crawlers keep them: `1204.5万`, `1.2亿`, `1,204`, `10万+`."""

import math
import re
from decimal import Decimal

from sources.refusals import MAX_COUNT

_UNITS = {
    "": 1,
    **dict.fromkeys("千k", 1_000),
    **dict.fromkeys("万萬w", 10_000),
    "m": 1_000_000,
    **dict.fromkeys("亿億", 100_000_000),
}
_SHOWN = re.compile(
    r"([+-]?(?:\d{1,3}(?:[,，]\d{3})+|\d{1,20})(?:\.\d{1,9})?)\s*([千k万萬wm亿億]?)\s*\+?"
)
MAX_CHARACTERS = 40
MAX_FOLLOWERS = 10_000_000_000
"""More than there are people; a sum over posts, which has 64 bits, stays far below its limit."""


def count_of(value: object) -> int | None:
    """The count, within 64 bits; None where none can be read.

    >>> [count_of(shown) for shown in ("1204.5万", "1.2亿", "1.2w", "1,204", "10万+", 12.0, "--")]
    [12045000, 120000000, 12000, 1204, 100000, 12, None]
    """
    if isinstance(value, int):
        return int(min(max(value, -MAX_COUNT), MAX_COUNT))  # of `true` too
    if isinstance(value, float):
        return None if math.isnan(value) else int(min(max(value, -1e18), 1e18))
    if not isinstance(value, str) or len(value) > MAX_CHARACTERS:
        return None
    found = _SHOWN.fullmatch(value.strip().lower())
    if found is None:
        return None
    digits = found[1].replace(",", "").replace("，", "")
    return count_of(int(Decimal(digits) * _UNITS[found[2]]))


def followers_of(value: object) -> int:
    """How many follow an account, from 0 to `MAX_FOLLOWERS`; 0 where that cannot be read.

    >>> [followers_of(shown) for shown in ("1.2亿", 10**30, -5, None)]
    [120000000, 10000000000, 0, 0]
    """
    if type(value) is int and 0 <= value <= MAX_FOLLOWERS:
        return value  # of nearly every post
    return min(max(count_of(value) or 0, 0), MAX_FOLLOWERS)
