"""What of a post are the author's own words, and what of them is no prose.

```
 text   回复@乐乐: 小米真好[赞] http://t.cn/x //@阿明：苹果也行 //@店长:小米
        └─prefix─┘└─────────own words──────┘└───────────chain──────────┘
 masked          ␀␀␀ 小米真好␀␀␀ ␀␀␀␀␀␀␀␀␀␀␀ //␀␀␀：苹果也行 //␀␀␀:小米
```

Folding and masking keep every code point at its place: a span found in the folded and masked
text is a span of the original.
"""

import re
import zlib

BLANK = "\0"
"""Stands for every masked code point; no alias may contain it."""

# Case by str.lower(); width by this table. Only what names are written with: folding the
# punctuation too would touch nearly every Chinese post for nothing.
_WIDE = {code: code - 0xFEE0 for code in (*range(0xFF10, 0xFF1A), *range(0xFF41, 0xFF5B))}
_WIDE |= {0xFF06: "&", 0xFF0B: "+", 0xFF0D: "-", 0xFF0E: ".", 0xFF07: "'", 0x03C2: 0x03C3}
WIDE = tuple(map(chr, _WIDE))
"""Code points that `lower()` leaves and `fold` does not."""
_IS_WIDE = re.compile(f"[{re.escape(''.join(WIDE))}]")


def fold(text: str) -> str:
    """Case- and width-fold, one code point to one code point.

    Where `lower()` makes two code points of one (İ), the original stays.

    >>> fold("ＩＰｈｏｎｅ　１５ Pro"), fold("İOS")
    ('iphone\\u300015 pro', 'İos')
    """
    folded = text.lower()
    if len(folded) != len(text):
        folded = "".join(low if len(low := char.lower()) == 1 else char for char in text)
    return folded.translate(_WIDE) if _IS_WIDE.search(folded) else folded


_URL = r"[a-z0-9\-._~:/?#@!$&'()*+,;=%]"  # without [], which open emoticons
_MASKS = re.compile(
    r"^\s*回[复覆復]\s*[@＠][\w\-·]{1,30}\s*[:：]?"  # the prefix of an answer
    rf"|(?:https?://|www\.){_URL}+"
    rf"|\b[a-z0-9-]{{1,63}}(?:\.[a-z0-9-]{{1,63}}){{1,4}}/{_URL}*"  # t.cn/abc without a scheme
    r"|[@＠][\w\-·]{1,30}(?:\.[a-z0-9\-.]{1,60})?"  # handles, also of Bluesky and Mastodon
    r"|\[[^\[\]\s]{1,8}\]"  # [emoticons]
)
_MAY_MASK = re.compile(r"[@＠\[/]")
"""Every mask has one of these in it, or `www.`; most texts have none."""


def mask(folded: str) -> str:
    """Blank handles, URLs and [emoticons] of a folded text; lengths stay.

    >>> mask("@食尚小米 说[小米]好 t.cn/mi").replace(BLANK, "_")
    '_____ 说____好 _______'
    """
    if _MAY_MASK.search(folded) is None and "www." not in folded:
        return folded
    return _MASKS.sub(_blanks, folded)


def _blanks(match: re.Match[str]) -> str:
    return BLANK * len(match.group())


# "//@name:", and a name that the length limit of old posts cut off.
_CHAIN = re.compile(r"//\s*[@＠][^\s:：/@＠]{1,40}(?:\s?[:：]|…?\s*$)")


def own_end(text: str) -> int:
    """Where the author's own words end and the repost chain begins.

    >>> text = "好看 //@阿明:转 // @店长：小米"
    >>> text[:own_end(text)]
    '好看 '
    """
    if "//" in text and (chain := _CHAIN.search(text)):
        return chain.start()
    return len(text)


def chain_levels(text: str) -> int:
    """How many others stand in the repost chain.

    >>> chain_levels("好看 //@阿明:转 // @店长：小米")
    2
    """
    return len(_CHAIN.findall(text))


_NO_LETTERS = re.compile(r"[\W_]+")
REPOST_PHRASES = frozenset(
    {"转发微博", "轉發微博", "repost", "转发", "轉發", "转", "轉", "转发此微博", "快转微博", ""}
)
"""What clients write for those who wrote nothing."""


def letters(masked: str) -> str:
    """A folded and masked text without punctuation and space: what copies have in common.

    >>> letters("小米，真 好！"), letters(mask("转发微博。[赞]"))
    ('小米真好', '转发微博')
    """
    return masked if masked.isalnum() else _NO_LETTERS.sub("", masked)


def is_wordless(text: str) -> bool:
    """True where the author wrote nothing: only a repost phrase, emoticons, handles or links.

    >>> is_wordless("转发微博"), is_wordless("[赞][赞] Repost"), is_wordless("好")
    (True, True, False)
    """
    return text in REPOST_PHRASES or letters(mask(fold(text))) in REPOST_PHRASES


_DIGITS = re.compile(r"\d+")


def text_hash(bare: str) -> int:
    """32 bits of `letters(...)`, the same everywhere and always.

    Numbers are left out: copies that count up (第1遍, 第2遍) are copies all the same. Others vary
    links, handles, emoticons and punctuation, which `letters` leaves out.

    >>> text_hash("小米真好") == text_hash(letters("小米，真好！！ 2"))
    True
    """
    text = bare if bare.isalpha() else _DIGITS.sub("", bare) or bare
    return zlib.crc32(text.encode("utf-8", "surrogatepass"))
