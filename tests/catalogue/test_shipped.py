"""The catalogue that comes with leimo: whole, free of errors, and precise on real texts."""

import gzip
import hashlib
from pathlib import Path
from typing import NamedTuple

import pytest

from analysis.pipeline import Analyser
from analysis.tokens import tokenizer_named
from catalogue.file import SHIPPED, examine, load
from schemas.catalogue import Catalogue
from schemas.mention import Polarity
from schemas.rules import RuleKind

OBJECTIVES = {
    "brand-building",
    "client-management",
    "marketing-optimization",
    "strategic-research",
    "accelerated-innovation",
    "social-sales",
    "talent-optimization",
}
"""The seven social business objectives: departments are named by them."""

TRADES = {
    "phones",
    "cars",
    "appliances",
    "food",
    "drinks",
    "restaurants",
    "sport",
    "luxury",
    "cosmetics",
    "airlines",
    "banks",
    "insurance",
    "internet",
    "games",
    "telecom",
    "retail",
    "hotels",
    "logistics",
    "pharma",
    "baby food",
    "energy",
    "toys",
    "furniture",
}


@pytest.fixture(scope="module")
def shipped() -> Catalogue:
    return load(SHIPPED)


@pytest.fixture(scope="module")
def analyser(shipped: Catalogue) -> Analyser:
    return Analyser(shipped.brands, NoMoods(), tokenizer_named())


class _Mood(NamedTuple):
    polarity: Polarity
    score: float


class NoMoods:
    """Moods are not what is tested here."""

    def score(self, text: str) -> _Mood:
        return _Mood(Polarity.NEUTRAL, 0.0)

    def towards(self, text: str, start: int, end: int, rivals: object = ()) -> _Mood:
        return _Mood(Polarity.NEUTRAL, 0.0)


def test_it_has_neither_errors_nor_warnings() -> None:
    examined = examine(SHIPPED)
    assert (examined.errors, examined.warnings) == ((), ())


def test_it_knows_brands_of_many_trades(shipped: Catalogue) -> None:
    assert len(shipped.brands) >= 200
    assert [brand.id for brand in shipped.brands if not brand.trade] == []
    assert {brand.trade for brand in shipped.brands} >= TRADES


def test_every_brand_is_watched_and_every_alert_has_a_department(shipped: Catalogue) -> None:
    for_all = {rule.kind for rule in shipped.rules if not rule.brands}
    # Rivals are compared by those who name them, and a composite is somebody's own idea.
    assert for_all == set(RuleKind) - {RuleKind.SHARE, RuleKind.COMPOSITE}
    assert {rule.department for rule in shipped.rules} <= OBJECTIVES


def test_brands_stand_in_order_of_their_file(shipped: Catalogue) -> None:
    assert shipped.brands[0].id == "apple"


@pytest.mark.parametrize(
    ("text", "brands"),
    [
        ("小米手机发布会今天举行", {"xiaomi"}),
        ("早上喝了一碗小米粥", set()),
        ("苹果新出的手机屏幕真大", {"apple"}),
        ("这箱苹果又脆又甜", set()),
        ("美的空调坏了，客服不理人", {"midea"}),
        ("最美的风景在路上", set()),
        ("开着大众帕萨特上班，油耗不高", {"volkswagen"}),
        ("满足广大人民大众的需要", set()),
        ("移动的4G套餐比联通贵", {"china-mobile", "china-unicom"}),
        ("移动互联网时代来了", set()),
        ("统一老坛酸菜面和康师傅哪个好吃", {"uni-president", "master-kong"}),
        ("国家统一大业", set()),
        ("平安夜快乐，一路平安", set()),
        ("中国平安发布财报", {"ping-an"}),
        ("万马奔驰在草原上", set()),
        ("喝着王老吉看奥林匹克", {"wanglaoji"}),
        ("王者荣耀又崩了", {"honor-of-kings"}),
        ("华为荣耀手机开卖", {"huawei", "honor"}),
        ("用雪花秀，喝雪花啤酒", {"sulwhasoo", "snow-beer"}),
        ("联想到小时候", set()),
        ("联想笔记本又死机", {"lenovo"}),
        ("海底捞月一场空", set()),
        ("海底捞的服务真好", {"haidilao"}),
        ("i don't have an iPhone6s, only a nokia", {"apple", "nokia"}),
        ("@小米公司 转发微博", {"xiaomi"}),
    ],
)
def test_names_that_are_words_count_only_as_brands(
    analyser: Analyser, text: str, brands: set[str]
) -> None:
    assert {found.brand for found in analyser.occurrences(text)} == brands


def test_apple_and_xiaomi_are_told_from_food_on_the_half_not_looked_at(
    analyser: Analyser, shared_data: Path
) -> None:
    """The words of both contexts were chosen on the texts whose hash is even."""
    right: dict[tuple[str, bool], list[bool]] = {}
    for word, sense, text in _unseen(shared_data / "brands" / "ambiguous_apple_xiaomi.tsv.gz"):
        brand = {"苹果": "apple", "小米": "xiaomi"}[word]
        said = any(found.brand == brand for found in analyser.occurrences(text))
        right.setdefault((word, sense == "brand"), []).append(said == (sense == "brand"))
    share = {key: sum(found) / len(found) for key, found in right.items()}
    verdicts = [verdict for found in right.values() for verdict in found]
    assert len(verdicts) > 900
    assert sum(verdicts) / len(verdicts) > 0.97
    assert share["苹果", False] > 0.985  # fruit is not taken for the brand
    assert share["苹果", True] > 0.75
    assert share["小米", True] > 0.75


def _unseen(file: Path) -> list[tuple[str, str, str]]:
    rows = []
    for line in gzip.decompress(file.read_bytes()).decode().rstrip("\n").split("\n"):
        word, sense, _, text = line.split("\t")
        if hashlib.sha256(text.encode()).digest()[0] % 2 == 1:
            rows.append((word, sense, text))
    return rows
