"""Tokenizers behind one interface: jieba is the reference, rjieba the fast engine.

Both cut every run of Han characters, letters and digits on its own, so cutting one run gives
the same tokens as cutting the text around it.
"""

import logging
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Protocol

from sources.words import BLANK

JIEBA = "jieba"
RJIEBA = "rjieba"


class Tokenizer(Protocol):
    """Cuts text into tokens that, joined, are the text again."""

    name: str

    def cut(self, text: str) -> list[str]: ...


class Rjieba:
    """jieba's algorithm and dictionary in Rust, about 15 times as fast."""

    name = RJIEBA

    def __init__(self) -> None:
        import rjieba  # noqa: PLC0415 - 0.3 s and 60 MB: only for those who use it

        self._cut: Callable[[str, bool], list[str]] = rjieba.Jieba().cut

    def cut(self, text: str) -> list[str]:
        return self._cut(text, True)


class Jieba:
    """The reference, with its hidden Markov model for unknown words."""

    name = JIEBA

    def __init__(self) -> None:
        import jieba  # noqa: PLC0415 - as above

        jieba.setLogLevel(logging.WARNING)
        tokenizer = jieba.Tokenizer()
        tokenizer.initialize()
        self._cut: Callable[..., list[str]] = tokenizer.lcut

    def cut(self, text: str) -> list[str]:
        return self._cut(text, HMM=True)


def tokenizer_named(name: str = RJIEBA) -> Tokenizer:
    """The tokenizer of that name; ValueError names those that exist.

    >>> tokenizer_named("rjieba").cut("小米手机")
    ['小米', '手机']
    """
    if name == RJIEBA:
        return Rjieba()
    if name == JIEBA:
        return Jieba()
    raise ValueError(f"tokenizer: {name!r} is unknown; use {RJIEBA} or {JIEBA}")


def cut_many(cut: Callable[[str], list[str]], texts: Sequence[str]) -> list[list[str]]:
    """What `cut` makes of each text; one call for many short ones takes half the time.

    >>> cut_many(tokenizer_named().cut, ["小米手机", "", "好看\\0\\0"])
    [['小米', '手机'], [], ['好看', '\\x00', '\\x00']]
    """
    tokens = cut(BLANK.join(texts))
    found: list[list[str]] = []
    end = -1
    for text in texts:
        start = end + 1
        for _ in range(text.count(BLANK)):
            end = tokens.index(BLANK, end + 1)
        end = tokens.index(BLANK, end + 1) if len(found) + 1 < len(texts) else len(tokens)
        found.append(tokens[start:end])
    return found


def ends_of(tokens: Sequence[str]) -> list[int]:
    """Where each token ends.

    >>> ends_of(["小米", "手机"])
    [2, 4]
    """
    return list(accumulate(map(len, tokens)))


def edges(tokens: list[str], start: int = 0) -> set[int]:
    """Where tokens begin and end, as positions from `start`.

    >>> sorted(edges(["小米", "手机"], start=10))
    [10, 12, 14]
    """
    return set(accumulate(map(len, tokens), initial=start))
