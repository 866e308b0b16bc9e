"""The sentiment of texts: directions, limits of the language, sameness, held-out figures."""

import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.ngrams import MAX_LENGTH, encode, key_of, keys_by_order, ngram_of
from analysis.sentiment import NOTHING_SAID, SentimentModel
from analysis.weights import FORMAT, Header, Weights, WeightsError, apart, slots_of
from schemas.mention import Polarity

MODEL = SentimentModel.load()


def header(bias: tuple[int, int] = (0, 0), scale: tuple[int, int] = (1 << 26, 1 << 26)) -> Header:
    return Header(FORMAT, "test", (), (), {}, bias=bias, scale=scale, smoothing=7)


def small_model(weights: dict[str, tuple[int, int]]) -> SentimentModel:
    keys = np.array([key_of(ngram) for ngram in weights], np.uint64)
    return SentimentModel(Weights(header(), keys, np.array(list(weights.values()), np.int16)))


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ("这款手机真好用", "这款手机真不好用"),  # negation
        ("喜欢，推荐大家买", "讨厌，劝大家别买"),
        ("客服态度特别好，谢谢", "客服态度特别差，气死我了"),
        ("今天好开心啊[心]", "今天好难过啊[泪]"),
        ("[心][心]", "[怒][怒]"),  # emoticons alone
    ],
)
def test_scores_the_better_text_higher(better: str, worse: str) -> None:
    assert MODEL.score(better).score > 0 > MODEL.score(worse).score


@pytest.mark.parametrize(
    "text", ["公司成立于一九九八年，总部位于杭州。", "会议将于周三在北京举行。"]
)
def test_calls_plain_facts_neutral(text: str) -> None:
    assert MODEL.score(text).polarity is Polarity.NEUTRAL


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "//@小王:太好了",
        "hello world",
        "すごい",
        "新製品はとてもすばらしいです",
        "정말 좋아요",
        "@好人 http://t.cn/hao",
        "\ud800",
        "\x02\x03",
    ],
)
def test_finds_nothing_where_nothing_is_said_in_chinese(text: str) -> None:
    assert MODEL.score(text) == NOTHING_SAID


def test_leaves_the_chain_to_its_authors() -> None:
    assert MODEL.score("真好用 //@小李:垃圾，骗子") == MODEL.score("真好用 ")
    whole = MODEL.score_whole_many(["真好用 //@小李:垃圾，骗子，太差了"])[0]
    assert whole.score < MODEL.score("真好用").score


@given(st.lists(st.text()))
def test_any_texts_score_alike_alone_and_together(texts: list[str]) -> None:
    together = MODEL.score_many(texts)
    assert together == [MODEL.score(text) for text in texts]
    for sentiment in together:
        assert -1 <= sentiment.score <= 1
        assert sentiment.milli / 1000 == sentiment.score
        if sentiment.polarity is not Polarity.NEUTRAL:
            assert (sentiment.score > 0) == (sentiment.polarity is Polarity.POSITIVE)


def test_a_batch_border_changes_nothing() -> None:
    texts = [f"第{number}次买，真好用" for number in range(1100)]
    assert MODEL.score_many(texts)[500:520] == MODEL.score_many(texts[500:520])


def test_is_a_softmax_of_the_weights_over_the_root_of_the_length() -> None:
    model = small_model({"好": (300, -100)})
    pull = 300 * 2**26 / 2**26 / math.sqrt(3 + 7)  # length of 好 and its margin, smoothing
    positive, negative = math.exp(pull), math.exp(-pull / 3)
    # Logits are in 1/1024 of 1 << 16 of the header's scale: 2**26 is 1.
    expected = (positive - negative) / (positive + negative + 1)
    assert model.score("好").score == pytest.approx(expected, abs=0.001)


def test_counts_an_ngram_once_and_none_over_the_ends() -> None:
    model = small_model({"好": (2000, 0), "差好": (-9000, 9000)})
    once, twice = model.weights.sums(*encode(["好吗", "好好"]))[0].tolist()
    assert once == twice == 2000
    assert model.score_many(["差", "好"])[1] == model.score("好")


def test_reads_the_first_part_of_an_endless_text() -> None:
    assert MODEL.score("好" * MAX_LENGTH + "差" * 50) == MODEL.score("好" * MAX_LENGTH)
    assert -1 <= MODEL.score("垃圾骗子" * 5000).score < 0


@given(st.text(alphabet=st.characters(min_codepoint=0x21, max_codepoint=0x9FFF), min_size=1))
def test_keys_are_ngrams_and_back(text: str) -> None:
    codes, _ = encode([text])
    for order, keys in enumerate(keys_by_order(codes), 1):
        assert len(keys) == max(0, len(codes) - order + 1)
    for start in range(len(text[:5])):
        ngram = text[start : start + 4]
        assert key_of(ngram_of(key_of(ngram))) == key_of(ngram)


def test_width_case_and_long_runs_are_folded() -> None:
    assert MODEL.score("ＮＢ！好用") == MODEL.score("nb!好用")
    run, longer = encode(["哈哈哈"])[0], encode(["哈哈哈哈哈"])[0]
    assert run[:4].tolist() == longer[:4].tolist()


def test_a_file_comes_back_as_it_was() -> None:
    raw = MODEL.weights.to_bytes()
    again = Weights.from_bytes(raw)
    assert again.header == MODEL.weights.header
    assert again.to_bytes() == raw
    assert len(raw) < 3_000_000


@pytest.mark.parametrize("raw", [b"", b"no weights", MODEL.weights.to_bytes()[:-9]])
def test_refuses_what_is_no_file_of_weights(raw: bytes) -> None:
    with pytest.raises(WeightsError):
        Weights.from_bytes(raw)


def test_refuses_two_ngrams_in_one_slot_and_tells_them_apart() -> None:
    keys = np.arange(1, 20_000, dtype=np.uint64)
    strength = np.arange(len(keys), dtype=np.float64)
    kept = apart(keys, strength)
    slots = slots_of(keys)
    assert len(set(slots[kept].tolist())) == len(kept) == len(set(slots.tolist()))
    twice = np.array([7, 7], np.uint64)
    assert apart(twice, np.array([1.0, 2.0])).tolist() == [1]
    with pytest.raises(WeightsError, match="share a slot"):
        Weights(header(), twice, np.zeros((2, 2), np.int16))


def test_another_process_gives_the_very_same_scores() -> None:
    texts = ["真好用，喜欢！", "不好用，垃圾", "会议将于周三举行", "😂😂"]
    code = (
        "from analysis.sentiment import SentimentModel as M;"
        f"print([s.milli for s in M.load().score_many({texts!r})])"
    )
    root = Path(__file__).resolve().parents[2]
    found = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=root
    )
    assert found.stdout.strip() == str([s.milli for s in MODEL.score_many(texts)])


def test_traditional_characters_score_as_simplified_ones() -> None:
    assert MODEL.score("質量太爛了，騙人") == MODEL.score("质量太烂了，骗人")


@pytest.mark.parametrize(
    ("name", "least_accuracy", "least_macro_f1"),
    # A little under what was measured; none of these rows was learned from.
    [("smp_usual_eval3", 0.845, 0.815), ("smp_virus_eval3", 0.76, 0.74)],
)
def test_holds_its_figures_on_rows_it_has_not_learned(
    shared_data: Path, name: str, least_accuracy: float, least_macro_f1: float
) -> None:
    measuring = pytest.importorskip("analysis.training.sentiment")
    corpus = measuring.read_corpus(shared_data / "sentiment" / f"{name}.tsv.gz", "test")
    figure = measuring.measure(MODEL, corpus)[0]
    assert figure in MODEL.weights.header.held_out
    assert figure.accuracy >= least_accuracy
    assert figure.macro_f1 >= least_macro_f1
