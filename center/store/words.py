"""Words to search by: our own tokens, so that Chinese words of one and two characters are found."""

import re
from functools import cache

from analysis.han_forms import simplified
from analysis.tokens import Tokenizer, tokenizer_named
from sources.words import fold

_FIRST_HAN = "\u3400"
_NO_WORD = re.compile(r"[\W_]+")


@cache
def _tokenizer() -> Tokenizer:
    return tokenizer_named()


def _tokens(text: str) -> list[str]:
    spaced = _NO_WORD.sub(" ", simplified(fold(text)))
    return [token for token in _tokenizer().cut(spaced) if not token.isspace()]


def _pairs(token: str) -> list[str]:
    return [token[at : at + 2] for at in range(len(token) - 1)]


def _is_long_han(token: str) -> bool:
    return len(token) > 2 and token[0] >= _FIRST_HAN


def words_of(text: str) -> str:
    """What a text is found by: its tokens, and the pairs of characters within long Chinese ones.

    >>> words_of("小米手机的發布会, Mi 14!")
    '小米 手机 的 发布 布会 发布会 mi 14'
    """
    found: dict[str, None] = {}
    for token in _tokens(text):
        if _is_long_han(token):
            found.update(dict.fromkeys(_pairs(token)))
        found[token] = None
    return " ".join(found)


def brand_word(brand: str) -> str:
    """Stands among the words of each mention of a brand, and in no text: a search within one brand
    looks at its mentions alone."""
    return f"brand:{brand}"


def wanted_words(query: str) -> list[str]:
    """Words all of which a text has to have, so that it is found.

    >>> wanted_words("发布会 小米手机 MI")
    ['发布', '布会', '小米', '手机', 'mi']
    """
    found: dict[str, None] = {}
    for token in _tokens(query):
        found.update(dict.fromkeys(_pairs(token) if _is_long_han(token) else [token]))
    return list(found)
