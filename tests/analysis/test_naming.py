"""Which names stand for a brand, how surely, and why."""

import pytest

from analysis.brands import Kind
from analysis.disambiguation import context_words
from analysis.lexicon import Lexicon
from analysis.naming import NO_QUOTE, Judgement, Namer, Quote
from analysis.tokens import tokenizer_named
from schemas.catalogue import Brand, Context

TOKENIZER = tokenizer_named()
APPLE = Brand(
    id="apple", name="苹果", ambiguous=("苹果",), trade="phones", competitors=("huawei",),
    context=Context(require=("手机",), exclude=("吃",)), aliases=("iPhone",),
)  # fmt: skip
HUAWEI = Brand(id="huawei", name="华为", trade="phones", accounts=("华为中国",))
PARTY = Brand(id="party", name="双十一", campaigns=("爱上双十一",))


def judged(text: str, *brands: Brand, quote: Quote = NO_QUOTE) -> list[Judgement]:
    listed = brands or (APPLE, HUAWEI, PARTY)
    namer = Namer(listed, TOKENIZER, Lexicon(context_words(listed)))
    found = namer.find(text)
    return [] if found is None else namer.judge(namer.read(found), quote)


@pytest.mark.parametrize(
    ("text", "is_accepted", "because"),
    [
        ("苹果手机", True, "手机 is near"),
        ("吃苹果手机", False, "excluded by 吃"),
        ("苹果和iPhone", True, "named elsewhere too"),
        ("苹果和华为", True, "华为 is near"),
        ("苹果又脆又甜真好吃", False, "excluded by 吃"),
        ("天上掉下个苹果来砸中了头", False, "less sure"),
    ],
)
def test_an_ambiguous_name_is_judged(text: str, is_accepted: bool, because: str) -> None:
    [judgement] = [each for each in judged(text) if each.named.alias == "苹果"]
    assert judgement.is_accepted is is_accepted
    assert because in judgement.because


def test_a_rival_far_away_vouches_for_nothing() -> None:
    text = "苹果" + "很" * 30 + "华为"
    assert "华为 is near" not in judged(text)[0].because


def test_what_is_quoted_decides_too() -> None:
    [judgement] = judged("苹果真好", quote=Quote(brands=frozenset({0})))
    assert judgement.is_accepted


def test_a_name_that_needs_no_context_is_sure() -> None:
    [judgement] = judged("华为")
    assert (judgement.is_accepted, judgement.named.confidence_milli) == (True, 1000)


def test_the_threshold_of_the_catalogue_holds() -> None:
    strict = Brand(
        id="a", name="苹果", ambiguous=("苹果",), trade="phones", min_confidence=0.995,
        context=Context(require=("手机",)),
    )  # fmt: skip
    [judgement] = judged("苹果手机", strict)
    assert not judgement.is_accepted


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("@华为中国 你好", [Kind.ACCOUNT]),
        ("＠华为中国：你好", [Kind.ACCOUNT]),
        ("@华为中国区 你好", []),  # another handle
        ("#爱上双十一# 买买买", [Kind.CAMPAIGN]),
        ("#爱上双十一那天# 买买买", [Kind.NAME]),  # another hashtag, with the name in it
    ],
)
def test_handles_and_hashtags_name_brands(text: str, kinds: list[Kind]) -> None:
    assert [judgement.named.kind for judgement in judged(text)] == kinds
