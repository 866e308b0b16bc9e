"""Signs of spam: what bears them, and what does not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.spam import quoted_signs_of, signs_of, with_filler
from schemas.mention import SpamSign
from sources.words import fold, mask

GIVEAWAY, PITCH, FLOOD, BOT = (
    SpamSign.GIVEAWAY, SpamSign.PITCH, SpamSign.FLOOD, SpamSign.BOT,
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "signs"),
    [
        ("关注并转发，抽3位送小米手机", {GIVEAWAY}),
        ("转发抽奖！送华为手机一台", {GIVEAWAY}),
        ("关注@小米公司 并@三位好友，有机会赢小米手机", {GIVEAWAY}),
        ("RT to win an iPhone", {GIVEAWAY}),
        ("需要的加微信：abc12345", {PITCH}),
        ("日赚300，诚招代理", {PITCH}),
        ("13800138000 联系", {PITCH}),
        ("订单号1138001380001234", set()),  # a longer number is no telephone
        ("@甲 @乙 @丙 @丁 看看", {FLOOD}),
        ("#a# #b# #c# #d# 好", {FLOOD}),
        (
            "@甲 @乙 @丙 @丁 " + "今天我们一起去看了新手机的发布会，大家都说屏幕很好，电池也很耐用",
            set(),
        ),
        ("小米手机真好用，推荐大家买", set()),
        ("我在微信上看到小米的广告", set()),
        ("昨天抽中了小米手机", set()),
        ("", set()),
    ],
)
def test_signs_are_in_the_words(text: str, signs: set[SpamSign]) -> None:
    assert set(signs_of(mask(fold(text)), "")) == signs


def test_programs_are_known_by_their_client_and_by_the_source() -> None:
    assert signs_of("小米", "皮皮时光机") == (BOT,)
    assert signs_of("小米", "iPhone客户端") == ()
    assert signs_of("小米", "", is_bot=True) == (BOT,)


def test_a_repost_of_a_giveaway_is_part_of_it() -> None:
    original = quoted_signs_of("转发抽奖，送手机")
    assert signs_of("好想要", "", quoted_signs=original) == (GIVEAWAY,)
    assert quoted_signs_of("13800138000") == ()  # the reposter sells nothing


def test_filler_comes_beside_the_others_in_order() -> None:
    assert with_filler(()) == (SpamSign.FILLER,)
    assert with_filler((BOT, GIVEAWAY)) == (BOT, SpamSign.FILLER, GIVEAWAY)


@given(st.text())
def test_any_text_is_looked_at(text: str) -> None:
    found = signs_of(mask(fold(text)), text)
    assert list(found) == sorted(set(found))
