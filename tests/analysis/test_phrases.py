"""Turns of phrase that decide a stance, and what looks like them and does not."""

import pytest

from analysis.phrases import OTHER, OURS, deciding
from schemas.mention import Polarity

P, N, NEUTRAL = Polarity.POSITIVE, Polarity.NEGATIVE, Polarity.NEUTRAL


def decided(sentence: str) -> Polarity | None:
    rule = deciding(sentence.replace("A", OURS).replace("B", OTHER))
    return rule.polarity if rule else None


@pytest.mark.parametrize(
    ("sentence", "right"),
    [
        ("A的画质完全不比B差", P),
        ("A的画质不比B好，还更贵", N),
        ("B的画质不比A差", NEUTRAL),
        ("A的做工一点不输B", P),
        ("B不如A", P),
        ("A不如B", N),
        ("A比B快多了", P),
        ("A比B慢多了", N),
        ("还是A靠谱", P),
        ("从B换到A，再没换过", P),
        ("从A换到B，再没换过", N),
        ("用了五年A没坏过", P),
        ("A的键盘一点都不吵", P),
        ("A没有让人失望", P),
        ("没有一次在A不满意", P),
        ("谁说A不行", P),
        ("难道A不好吃吗", P),
        ("A凭什么卖这么贵", N),
        ("A的面好吃到流泪", P),
        ("A的面难吃到崩溃", N),
        ("A没有宣传的那么好", N),
        ("A召回三万辆车", N),
        ("A因数据造假被立案", N),
        ("垃圾A", N),
        ("A可以，上午下单下午就到了", P),
        ("A的座椅不舒服，别买", N),
        ("A一点都不好用", N),
        ("我不觉得A不好用", P),
    ],
)
def test_decides(sentence: str, right: Polarity) -> None:
    assert decided(sentence) is right


@pytest.mark.parametrize(
    "sentence",
    [
        "A真好用",
        "A是不是比B好",  # a question
        "A比B好用吗",
        "如果A不如B，我就退",  # a condition
        "希望A没有毛病",  # a wish
        "A的性价比B没有说",  # no comparison
        "A有没有毛病",
        "A垃圾分类的活动",
        "A从不虚夸",
    ],
)
def test_does_not_decide(sentence: str) -> None:
    assert decided(sentence) is None
