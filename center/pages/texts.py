"""What pages say, in Chinese and English: one table each, under `texts/`."""

import json
import re
from functools import cache
from importlib.resources import files
from typing import Literal, cast

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = ("zh", "en")
_TAG = re.compile(r"\s*([a-zA-Z]{1,8})[-\w]*\s*(?:;\s*q=([01](?:\.\d{0,3})?))?\s*")


@cache
def texts(language: Language) -> dict[str, str]:
    """Key -> text, with `{name}` where a value goes."""
    source = files("center.pages").joinpath("texts", f"{language}.json")
    return cast("dict[str, str]", json.loads(source.read_text(encoding="utf-8")))


def language_of(chosen: str | None, accepted: str) -> Language:
    """The language to speak: chosen in a cookie, else as the browser accepts, else English.

    >>> language_of("zh", "en"), language_of(None, "fr, zh-CN;q=0.8, en;q=0.5")
    ('zh', 'zh')
    >>> language_of("xx", ""), language_of(None, "en;q=0.5,zh;q=oops")
    ('en', 'en')
    """
    for language in LANGUAGES:
        if chosen == language:
            return language
    weights: list[tuple[float, Language]] = []
    for tag in accepted.split(",")[:20]:
        match = _TAG.fullmatch(tag)
        if match and match[1].lower() in LANGUAGES:
            weight = float(match[2] or 1)
            weights.append((-weight, cast("Language", match[1].lower())))
    return min(weights, key=lambda pair: pair[0])[1] if weights else "en"
