"""Traditional and simplified Chinese: two spellings of one word (OpenCC).

Texts are brought to simplified characters one by one, so every character keeps its place. Names
are spelled as whole words, which tells 發 from 髮: 发现 is 發現, 理发 is 理髮.
"""

import re
from collections.abc import Iterable
from functools import lru_cache

from opencc import OpenCC

_TO_TRADITIONAL = ("s2t", "s2tw", "s2hk")
"""General, Taiwan, Hong Kong: they differ in characters such as 爲, 為 and 裏, 裡."""
_TAIWAN = {
    "笔记本": ("笔电", "笔记型电脑"),
    "电脑": ("笔电",),
    "手机": ("行动电话",),
    "空调": ("冷气",),
    "移动电源": ("行动电源",),
    "充电宝": ("行动电源",),
    "数码": ("数位",),
    "触屏": ("触控",),
    "快递": ("宅配",),
    "酸奶": ("优格", "优酪乳"),
    "冰激凌": ("冰淇淋",),
    "地铁": ("捷运",),
}
"""What OpenCC has no phrase for: word -> words of Taiwan, both in simplified characters."""
_HAN_RANGES = ((0x3400, 0x4DC0), (0x4E00, 0xA000))


def _characters() -> dict[int, int]:
    every = [chr(code) for start, end in _HAN_RANGES for code in range(start, end)]
    simple = OpenCC("t2s").convert("\n".join(every)).split("\n")
    return {
        ord(old): ord(new)
        for old, new in zip(every, simple, strict=True)
        if old != new and len(new) == 1 and ord(new) < 0x10000
    }


_MAINLAND: dict[str, set[str]] = {}
for _word, _others in _TAIWAN.items():
    for _other in _others:
        _MAINLAND.setdefault(_other, set()).add(_word)

SIMPLIFIED = _characters()
"""Code point -> code point, of every traditional character with a simpler form."""
_IS_TRADITIONAL = re.compile(f"[{''.join(map(chr, SIMPLIFIED))}]")


def simplified(text: str) -> str:
    """The text in simplified characters, one for one.

    >>> simplified("蘋果發佈會，真好"), simplified("小米")
    ('苹果发布会，真好', '小米')
    """
    return text.translate(SIMPLIFIED) if _IS_TRADITIONAL.search(text) else text


def spelled_both_ways(names: Iterable[str]) -> dict[str, set[str]]:
    """Name -> its other spellings in characters, itself left out.

    >>> sorted(spelled_both_ways(["华为", "iPhone", "統一"])["华为"])
    ['華為', '華爲']
    """
    # A name has no line break: catalogues refuse it, and here it would part one from the next.
    listed = [name for name in names if name and "\n" not in name]
    if not listed:
        return {}
    joined = "\n".join(listed)
    found: dict[str, set[str]] = {name: set() for name in listed}
    for name, simple in zip(listed, simplified(joined).split("\n"), strict=True):
        found[name].add(simple)
    for standard in _TO_TRADITIONAL:
        spelled = _converter(standard).convert(simplified(joined)).split("\n")
        for name, spelling in zip(listed, spelled, strict=True):
            found[name].add(spelling)
    for name, spellings in found.items():
        spellings.discard(name)
    return found


def said_elsewhere(words: Iterable[str]) -> dict[str, frozenset[str]]:
    """Word -> what Taiwan, or the mainland, calls the same thing, in simplified characters.

    >>> sorted(said_elsewhere(["鼠标", "笔记本", "軟體"]).items())[1:]
    [('軟體', frozenset({'软件'})), ('鼠标', frozenset({'滑鼠'}))]
    """
    listed = [word for word in dict.fromkeys(words) if word and "\n" not in word]
    if not listed:
        return {}
    joined = "\n".join(listed)
    simple = simplified(joined).split("\n")
    found = {
        word: set(_TAIWAN.get(plain, ())) | _MAINLAND.get(plain, set())
        for word, plain in zip(listed, simple, strict=True)
    }
    for standard in ("s2twp", "tw2sp"):
        said = simplified(_converter(standard).convert(joined)).split("\n")
        for word, plain, other in zip(listed, simple, said, strict=True):
            if other != plain:
                found[word].add(other)
    return {word: frozenset(others) for word, others in found.items() if others}


@lru_cache(maxsize=8)
def _converter(standard: str) -> OpenCC:
    return OpenCC(standard)
