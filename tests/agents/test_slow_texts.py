"""No text takes long: the work grows with the text, and not with its square."""

import json
import sys
import time
from itertools import islice
from types import FrameType
from typing import Any

import pytest

from analysis.pipeline import Analyser
from analysis.shipped import analyser_of
from analysis.stances import MAX_ASKED
from catalogue.file import SHIPPED, load
from schemas.catalogue import Catalogue
from schemas.mention import Polarity
from sources.mastodon import plain_text
from sources.parsing import parse
from tests.agents.fuzzing import Fuzzer, status
from tests.agents.slow_texts import ambiguous_names, repeated, texts

LENGTH = 1_000
GROWTH = 2 * 1.3
"""Of the steps for a text that is twice as long."""
CPU_S = 2
"""For a text of full length; on a quiet machine none takes a tenth of it, and those took longer."""

NEAR = "小米手机 " + "加个" * 4900 + "。" * 40 + "功能" * 4900
NAMES = "苹果美的小米荣耀" * 2400


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load(SHIPPED)


@pytest.fixture(scope="module")
def analyser(catalogue: Catalogue) -> Analyser:
    analyser = analyser_of(catalogue)
    analyse(analyser, "苹果真好 I love it, but")  # models are read when they are needed
    return analyser


def analyse(analyser: Analyser, text: str) -> list[Any]:
    return list(analyser.mentions(parse("weibo", status(text), 1_700_000_000_000), 0, 0))


def cpu_s(analyser: Analyser, text: str) -> float:
    started_s = time.process_time()
    analyse(analyser, text)
    return time.process_time() - started_s


def steps(analyser: Analyser, text: str) -> int:
    """Instructions of Python that the analysis of the text takes: the same each time."""
    count = 0

    def trace(frame: FrameType, event: str, _argument: object) -> Any:
        nonlocal count
        if event == "call":
            frame.f_trace_lines, frame.f_trace_opcodes = False, True
        count += event == "opcode"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        analyse(analyser, text)
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize(
    ("text", "spans"),
    [(NEAR, {"xiaomi": 1}), (NAMES, {"apple": 16, "honor": 16, "xiaomi": 16})],
    ids=["near", "names"],
)
def test_a_post_that_took_many_seconds_is_quick_and_right(
    analyser: Analyser, text: str, spans: dict[str, int]
) -> None:
    found = analyse(analyser, text)
    assert {mention.brand: len(mention.spans) for mention in found} == spans
    assert not any(mention.intents for mention in found)
    assert min(cpu_s(analyser, text) for _ in range(3)) < CPU_S


PIECES = (
    *("加个。功能", "苹果美的小米荣耀", "小米手机，但是", "可口 可乐 ", "#双十一# 小米手机"),
    *("小米 好！", "小米手机比华为手机好，", "I love Apple but ", "//@某人：小米手机 "),
    *("如何 ", "苹果", "qq ", "[哈]@某人 小米手机"),
)


@pytest.mark.parametrize("piece", PIECES)
def test_twice_the_text_is_twice_the_work(analyser: Analyser, piece: str) -> None:
    counts = [steps(analyser, "小米手机 " + repeated(piece, n * LENGTH)) for n in (1, 2, 4)]
    assert counts[1] < counts[0] * GROWTH
    assert counts[2] < counts[1] * GROWTH


def test_twice_as_many_words_that_are_not_near_are_twice_the_work(analyser: Analyser) -> None:
    counts = [
        steps(analyser, "小米手机 " + "加个" * n * LENGTH + "。" * 40 + "功能" * n * LENGTH)
        for n in (1, 2, 4)
    ]
    assert counts[1] < counts[0] * GROWTH
    assert counts[2] < counts[1] * GROWTH


def test_twice_as_many_brands_are_twice_the_work(catalogue: Catalogue, analyser: Analyser) -> None:
    names = [brand.name for brand in catalogue.brands if len(brand.name) < 5]
    counts = [steps(analyser, " ".join(names[: n * 80])) for n in (1, 2, 4)]
    assert counts[1] < counts[0] * GROWTH
    assert counts[2] < counts[1] * GROWTH


def test_a_post_that_names_all_brands_counts_for_each(
    catalogue: Catalogue, analyser: Analyser
) -> None:
    text = "，".join(brand.name + "真好用" for brand in catalogue.brands)
    found = analyse(analyser, text)
    said = [mention for mention in found if mention.polarity is not Polarity.NEUTRAL]
    assert len(found) > 400
    assert 10 < len(said) <= MAX_ASKED * 2  # a product's name is asked about for its brand too
    least = max(min(span.start for span in mention.spans) for mention in said)
    assert least < len(text) / 4


def test_texts_that_are_made_to_be_slow_are_not(catalogue: Catalogue, analyser: Analyser) -> None:
    for text in islice(texts(catalogue, seed=5), 60):
        assert min(cpu_s(analyser, text) for _ in range(2)) < CPU_S, text[:60]


def test_both_stages_count_texts_that_are_made_to_be_slow(catalogue: Catalogue) -> None:
    fuzzer = Fuzzer(catalogue)
    named = (f"{name} {text}"[:20_000] for name, text in zip(
        ambiguous_names(catalogue), texts(catalogue, seed=6), strict=False
    ))  # fmt: skip
    for post_id, text in enumerate(islice(named, 40), 1):
        fuzzer.feed([status(text, post_id)])  # one by one: the limit is for a single one
    assert fuzzer.outcome().posts == 40
    assert not fuzzer.outcome().dead


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("&#" + "9" * 5000 + ";x", "\ufffdx"),
        ("&#" + "0" * 5000 + "38;x", "&x"),
        ("&#x" + "f" * 5000 + ";x", "\ufffdx"),
        ("&#1234567;&#38;", "\ufffd&"),
    ],
)
def test_a_character_by_a_number_of_thousands_of_digits_is_read(html: str, text: str) -> None:
    """Python refuses to make a number of so many digits: it ended the worker."""
    assert plain_text(html) == text


def test_ids_that_no_record_could_carry_are_refused() -> None:
    """A mention of a megabyte fits into no record of `mentions`: workers ended at its commit."""
    for field in ({"id": "1" * 1_000_000}, {"author": {"id": "1" * 1_000_000}}):
        value = {"id": "1", "text": "小米手机", "created_at": "2012-01-22T16:00:00Z", **field}
        with pytest.raises(ValueError, match=r"too_large: .*id: more than 1000 characters"):
            parse("leimo", json.dumps(value).encode(), 1_700_000_000_000)
