"""Intents: the seven objectives, by the catalogue's queries."""

import pytest

from analysis.intents import IntentRules, intent_words
from analysis.lexicon import Lexicon
from analysis.shipped import analyser_of
from catalogue.file import SHIPPED, load
from schemas.catalogue import Intent
from schemas.mention import Objective

INTENTS = (
    Intent(id="praise", objective=Objective.BRAND_BUILDING, query="好用 OR 喜欢"),
    Intent(id="wish", objective=Objective.SOCIAL_SALES, query="想买 OR (买 NEAR/3 哪)"),
    Intent(id="both", objective=Objective.SOCIAL_SALES, query="手机 AND 多少钱"),
)


def held(text: str) -> tuple[list[str], tuple[Objective, ...]]:
    lexicon = Lexicon(intent_words(INTENTS))
    rules = IntentRules(INTENTS, lexicon)
    clues = lexicon.clues(text)
    return rules.named_by(clues), rules.objectives(clues)


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("真好用", ["praise"]),
        ("想买一个", ["wish"]),
        ("哪里买", ["wish"]),
        ("买了，不知道放哪", []),
        ("手机多少钱", ["both"]),
        ("多少钱", []),
        ("好用的手机，想买，多少钱", ["praise", "wish", "both"]),
        ("", []),
    ],
)
def test_an_intent_holds_where_its_query_does(text: str, ids: list[str]) -> None:
    assert held(text)[0] == ids


def test_objectives_are_named_once_and_in_order() -> None:
    assert held("想买的手机多少钱，好用吗")[1] == (Objective.BRAND_BUILDING, Objective.SOCIAL_SALES)


@pytest.mark.parametrize(
    ("text", "objective"),
    [
        ("小米手机客服不理人，我要投诉", Objective.CLIENT_MANAGEMENT),
        ("请问小米手机怎么设置双卡", Objective.CLIENT_MANAGEMENT),
        ("想买小米手机，哪款好？", Objective.SOCIAL_SALES),
        ("希望小米手机什么时候能支持无线充电", Objective.ACCELERATED_INNOVATION),
        ("小米公司招聘，明天去面试", Objective.TALENT_OPTIMIZATION),
        ("小米手机的代言人是谁", Objective.MARKETING_OPTIMIZATION),
        ("小米手机和华为手机对比", Objective.STRATEGIC_RESEARCH),
        ("小米手机真好用，推荐", Objective.BRAND_BUILDING),
    ],
)
def test_the_shipped_intents_tell_the_seven_objectives(text: str, objective: Objective) -> None:
    loaded = load(SHIPPED)
    by_id = {intent.id: intent.objective for intent in loaded.intents}
    assert objective in {by_id[name] for name in analyser_of(loaded).analyse(text).intents}


def test_every_objective_has_an_intent() -> None:
    assert {intent.objective for intent in load(SHIPPED).intents} == set(Objective)
