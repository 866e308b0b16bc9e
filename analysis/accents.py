"""Latin letters with accents and those without: two spellings of one name (Nescafé, Nescafe)."""

import re
import unicodedata

_OTHERS = {"ø": "o", "ł": "l", "đ": "d", "ħ": "h", "ŧ": "t", "ı": "i"}
"""Letters that Unicode does not take apart."""


def _letters() -> dict[str, str]:
    found = dict(_OTHERS)
    for code in (*range(0xDF, 0x250), *range(0x1E00, 0x1F00)):
        letter = chr(code)
        bare = unicodedata.normalize("NFD", letter)[0]
        if letter == letter.lower() and "a" <= bare <= "z":
            found[letter] = bare
    return found


_BARE = _letters()
ACCENTED = tuple(sorted(_BARE))
"""Small letters with an accent."""
_TO_BARE = str.maketrans(_BARE)
_IS_ACCENTED = re.compile(f"[{''.join(ACCENTED)}]")


def unaccented(folded: str) -> str:
    """A text in small letters without their accents, one code point for one.

    >>> unaccented("nescafé 拿铁"), unaccented("häagen-dazs")
    ('nescafe 拿铁', 'haagen-dazs')
    """
    return folded.translate(_TO_BARE) if _IS_ACCENTED.search(folded) else folded
