"""The language of a short text, by its script: enough to know which model may speak.

Four answers are used, and three of these languages have a script of their own.
"""

import re

CHINESE, ENGLISH, JAPANESE, KOREAN, UNKNOWN = "zh", "en", "ja", "ko", ""

_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
_KANA = re.compile(r"[\u3041-\u306d\u306f-\u3096\u30a1-\u30fa\u31f0-\u31ff\uff66-\uff9d]")
_HANGUL = re.compile(r"[\u1100-\u11ff\u3131-\u318e\uac00-\ud7a3]")
_KANA_OR_HANGUL = re.compile(f"{_KANA.pattern[:-1]}{_HANGUL.pattern[1:]}")
_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?", re.IGNORECASE)
_LATIN = re.compile(r"[a-zà-ɏ]", re.IGNORECASE)
_KANA_OF_JAPANESE = 0.2
"""Of Han and kana. Chinese posts hold a ツ here and there, and の, which does not count."""
_ENGLISH_WORDS = frozenset(
    word
    for words in (
        "a about all am an and are as at be been but by can did do does don't for from get go good",
        "got great had has have he her his how i i'm if in is it it's its just like love me my",
        "never new no not now of on one or our out she so some that the their them there they this",
        "to too up was we were what when which who why will with would you your",
    )
    for word in words.split()
)
_ENGLISH_SHARE = 0.2
"""Of the words, at least so many have to stand in that list."""


def language_of(masked: str) -> str:
    """`zh`, `en`, `ja`, `ko`, or nothing where it cannot be told.

    >>> [language_of(text) for text in ("小米真好", "this is great", "スマホが好き", "삼성 좋아")]
    ['zh', 'en', 'ja', 'ko']
    >>> language_of("iPhone 15 Pro"), language_of("我の手机")
    ('', 'zh')
    """
    if masked.isascii():
        return _latin(masked)
    if _KANA_OR_HANGUL.search(masked) is None:
        return CHINESE if _HAN.search(masked) is not None else _latin(masked)
    han, kana, hangul = (len(found.findall(masked)) for found in (_HAN, _KANA, _HANGUL))
    if hangul > han + kana:
        return KOREAN
    if kana > _KANA_OF_JAPANESE * (han + kana):
        return JAPANESE
    return CHINESE if han else UNKNOWN


def _latin(text: str) -> str:
    """English, where enough of its commonest words stand in the text."""
    found = _WORD.findall(text.lower())
    known = sum(word in _ENGLISH_WORDS for word in found)
    if (
        known
        and known >= _ENGLISH_SHARE * len(found)
        and len(_LATIN.findall(text)) >= len(text) / 3
    ):
        return ENGLISH
    return UNKNOWN
