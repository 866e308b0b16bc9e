import gzip
import json
import re
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.tokens import Jieba, Rjieba, Tokenizer, cut_many, edges, tokenizer_named

RJIEBA, JIEBA = Rjieba(), Jieba()

AGREEMENT = 0.998
"""Least F1 of the tokens of both engines; 0.9994 was seen, 0.9993 on posts of another set."""


def spans(tokenizer: Tokenizer, text: str) -> set[tuple[int, int]]:
    return set(pairwise(sorted(edges(tokenizer.cut(text)))))


@given(st.text())
@settings(max_examples=200, deadline=None)
def test_tokens_joined_are_the_text(text: str) -> None:
    assert "".join(RJIEBA.cut(text)) == text
    assert "".join(JIEBA.cut(text)) == text


PIECES = st.sampled_from(
    ["小米", "手机", "\0", "\r", "\n", "\r\n", " ", "a1", ".", "，", "😀", "が"]
)


@given(st.lists(st.one_of(st.text(), st.lists(PIECES).map("".join)), max_size=6))
@settings(max_examples=200, deadline=None)
def test_many_texts_are_cut_as_each_is_alone(texts: list[str]) -> None:
    for tokenizer in (RJIEBA, JIEBA):
        assert cut_many(tokenizer.cut, texts) == [tokenizer.cut(text) for text in texts]


def test_engines_agree_on_real_posts(shared_data: Path) -> None:
    """Token F1 over every 100th status."""
    shared = mine = theirs = 0
    with gzip.open(shared_data / "stream" / "weibo_statuses.ndjson.gz") as lines:
        for index, line in enumerate(lines):
            if index % 100 == 0:
                text = json.loads(line)["text"]
                fast, reference = spans(RJIEBA, text), spans(JIEBA, text)
                shared += len(fast & reference)
                mine += len(fast)
                theirs += len(reference)
    assert shared > 10_000
    assert 2 * shared / (mine + theirs) > AGREEMENT


def test_a_text_is_cut_as_its_runs_are(shared_data: Path) -> None:
    """Punctuation is always a token edge: the matcher and `own_end` lean on it."""
    with gzip.open(shared_data / "stream" / "weibo_statuses.ndjson.gz") as lines:
        for index, line in enumerate(lines):
            if index % 2_000 == 0:
                text = json.loads(line)["text"]
                for tokenizer in (RJIEBA, JIEBA):
                    known = edges(tokenizer.cut(text))
                    for mark in re.finditer(r"[，。！？、/@:：]", text):
                        assert mark.start() in known, (tokenizer.name, text)


def test_tokenizers_are_found_by_name() -> None:
    assert tokenizer_named("jieba").name == "jieba"
    assert tokenizer_named("rjieba").name == "rjieba"


def test_unknown_tokenizers_are_refused_with_those_that_exist() -> None:
    with pytest.raises(ValueError, match="'thulac' is unknown; use rjieba or jieba"):
        tokenizer_named("thulac")
