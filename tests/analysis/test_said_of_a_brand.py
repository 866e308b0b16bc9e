"""What is said of a brand in plain sentences, through the whole analysis as it ships."""

import pytest

from analysis.shipped import analyser_of
from catalogue.file import SHIPPED, load
from schemas.mention import Polarity

ANALYSER = analyser_of(load(SHIPPED))
P, N, NEUTRAL = Polarity.POSITIVE, Polarity.NEGATIVE, Polarity.NEUTRAL


def stances(text: str) -> dict[str, Polarity]:
    """Brand -> what is said of it; a brand that is named twice says one thing here."""
    found: dict[str, set[Polarity]] = {}
    for each in ANALYSER.occurrences(text):
        found.setdefault(each.brand, set()).add(each.polarity)
    assert all(len(polarities) == 1 for polarities in found.values()), found
    return {brand: polarities.pop() for brand, polarities in found.items()}


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("这次海底捞的服务没让我失望", {"haidilao": P}),
        ("谁说特斯拉不行？我开了三年一点毛病没有", {"tesla": P}),
        ("京东物流真的绝了，早上下单中午就到", {"jd": P}),
        ("可口可樂零度好喝到哭", {"coca-cola": P}),
        ("星巴克太贵了，还是瑞幸香", {"starbucks": N, "luckin": P}),
        ("瑞幸的生椰拿铁yyds", {"luckin": P}),
        ("想买个华为手机，大家觉得怎么样？", {"huawei": NEUTRAL}),
        ("求推荐：小米14还是华为Mate60？", {"xiaomi": NEUTRAL, "huawei": NEUTRAL}),
        ("蒙牛召回问题牛奶", {"mengniu": N}),
        ("蒙牛被曝光后股价大跌", {"mengniu": N}),
        ("聯想筆電超好用，推薦", {"lenovo": P}),
        ("聯想筆電真的很爛", {"lenovo": N}),
        ("肯德基疯狂星期四v我50", {"kfc": NEUTRAL}),
    ],
)
def test_what_the_author_says_of_each_brand(text: str, right: dict[str, Polarity]) -> None:
    assert stances(text) == right


def test_a_denied_comparison_praises_the_one_and_not_the_other() -> None:
    found = stances("华为不比苹果差")
    assert found["huawei"] is not N
    assert found["apple"] is not P


def test_denied_blame_is_no_blame() -> None:
    assert stances("我不觉得小米手机不好用")["xiaomi"] is not N


def test_a_brand_is_found_at_the_end_of_what_was_nearly_done_to_it() -> None:
    assert stances("要不是客服态度好，我早就退了小米")["xiaomi"] is not P


@pytest.mark.parametrize(
    ("text", "brand"),
    [
        ("转发关注，抽三位送华为手机一台！", "huawei"),
        ("#海底捞新品上市# 周末一起吃火锅", "haidilao"),
        ("#王一博代言安踏# 哥哥今天也太帅了吧", "anta"),
        ("我在星巴克(万象城店)，外面下大雨[太开心]", "starbucks"),
        ("【海尔智家三季度营收增长8.6%】净利润同比增长", "haier"),
    ],
)
def test_what_judges_nothing_is_neutral(text: str, brand: str) -> None:
    assert stances(text)[brand] is NEUTRAL


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("I love my new Huawei phone, the camera is amazing", P),
        ("The Huawei I bought is terrible, it crashes every day", N),
        ("Huawei announced its quarterly results on Monday", NEUTRAL),
    ],
)
def test_english_posts_have_a_stance_too(text: str, right: Polarity) -> None:
    assert stances(text)["huawei"] is right


def test_intents_of_questions_and_denials_are_those_of_the_author() -> None:
    def intents(text: str) -> list[str]:
        return ANALYSER.analyse(text).intents

    assert "complaint" not in intents("这次海底捞的服务没让我失望")
    assert "praise" not in intents("求推荐：小米14还是华为Mate60？")
    assert "comparison" not in intents("蒙牛被曝光后股价大跌")
