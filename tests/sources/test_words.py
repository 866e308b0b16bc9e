import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.words import BLANK, chain_levels, fold, is_wordless, letters, mask, own_end, text_hash


@pytest.mark.parametrize(
    ("text", "own"),
    [
        ("好看//@阿明:转", "好看"),  # the usual chain
        ("好看 // @阿明：转", "好看 "),  # blanks and a full-width colon
        ("//@阿明:转//@店长:好", ""),  # chain from the start
        ("回复@阿明:是的//@阿明:吗", "回复@阿明:是的"),  # an answer is own words
        ("看 http://t.cn/abc 好", "看 http://t.cn/abc 好"),  # a link is no chain
        ("好看//@阿", "好看"),  # a chain that the length limit cut off
        ("见 a//b 与 @阿明:好", "见 a//b 与 @阿明:好"),  # no name after the slashes
        ("好看//@阿明 :转", "好看"),  # a blank before the colon
        ("好看//＠阿明:转", "好看"),  # a full-width at sign
        ("没有链", "没有链"),  # nothing to part
    ],
)
def test_own_words_end_where_the_chain_begins(text: str, own: str) -> None:
    assert text[: own_end(text)] == own


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("@小米公司 你好", "_____ 你好"),  # a handle
        ("＠小米公司 你好", "_____ 你好"),  # a full-width at sign
        ("小米[小米]好", "小米____好"),  # an emoticon
        ("小米[这不是表情因为太长了]", "小米[这不是表情因为太长了]"),  # too long for one
        ("【小米】发布", "【小米】发布"),  # a headline, not an emoticon
        ("http://mi.com/小米", "______________小米"),  # links are ASCII
        ("t.cn/abc小米", "________小米"),  # a link without a scheme
        ("www.mi.com 小米", "__________ 小米"),  # nor with one
        ("回复@小米:小米好", "______小米好"),  # the prefix of an answer
        ("a@b.com好", "a______好"),  # what stands after an at sign
        ("1/2 小米", "1/2 小米"),  # a fraction is no link
    ],
)
def test_masks_blank_what_is_no_prose(text: str, masked: str) -> None:
    assert mask(text).replace(BLANK, "_") == masked


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("IPHONE", "iphone"),  # case
        ("ｉＰｈｏｎｅ１５", "iphone15"),  # width and case
        ("Ｈ＆Ｍ", "h&m"),  # the marks that names hold
        ("İstanbul", "İstanbul"),  # lower() would make two of one
        ("ΑΣ ΑΣΑ", "ασ ασα"),  # one sigma, wherever it stands
        ("，。！", "，。！"),  # punctuation stays
    ],
)
def test_fold_unifies_case_and_width(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(st.text())
def test_folding_and_masking_keep_every_place(text: str) -> None:
    folded = fold(text)
    assert len(folded) == len(text)
    assert len(mask(folded)) == len(text)
    assert fold(folded) == folded
    assert [fold(char) for char in text] == list(folded)


@given(st.text(), st.text())
def test_masking_blanks_or_keeps(before: str, after: str) -> None:
    text = fold(f"{before} @小米 [赞] {after}")
    masked = mask(text)
    assert all(new in (old, BLANK) for old, new in zip(text, masked, strict=True))
    assert "@小米" not in masked.replace(BLANK, "")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("转发微博", True),  # the client's phrase
        ("轉發微博。", True),  # Traditional, with a full stop
        ("Repost", True),  # English
        ("[哈哈][赞]", True),  # emoticons alone
        ("@阿明 @店长", True),  # handles alone
        ("http://t.cn/abc", True),  # a link alone
        ("", True),  # nothing
        ("好", False),  # one word is a word
        ("转发微博，好", False),  # more than the phrase
    ],
)
def test_wordless_posts_are_told_apart(text: str, expected: bool) -> None:
    assert is_wordless(text) is expected


def test_copies_share_their_hash_and_others_do_not() -> None:
    def hashed(text: str) -> int:
        return text_hash(letters(mask(fold(text))))

    assert hashed("小米真好！ @甲 http://t.cn/1") == hashed("小米真好 @乙 http://t.cn/2[赞]")
    assert hashed("小米真好") != hashed("小米真差")
    assert 0 <= hashed("小米真好") < 1 << 32


def test_levels_of_the_chain_are_counted() -> None:
    texts = ("好", "好//@a:转", "//@a:好//@b：//@c:x", "a//b")
    assert [chain_levels(text) for text in texts] == [0, 1, 3, 0]
