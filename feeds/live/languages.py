"""Which languages a feed takes: sources have no filter for them. Pure."""

from collections.abc import Iterable

COUNTED = frozenset(
    {
        *("ar", "bn", "ca", "cs", "da", "de", "el", "en", "es", "fa", "fi", "fr", "he", "hi", "hu"),
        *("id", "it", "ja", "ko", "ms", "nl", "no", "pl", "pt", "ro", "ru", "sv", "ta", "th", "tr"),
        *("uk", "ur", "vi", "zh"),
    }
)
"""Counted by name; others, and there may be any, as `OTHER`."""
OTHER = "other"
NONE = "none"
"""Of a post that names no language."""
LABELS = (*sorted(COUNTED), OTHER, NONE)


def primary(language: str) -> str:
    """The language of a tag, without script and region.

    >>> primary("zh-Hant-TW"), primary("EN_us")
    ('zh', 'en')
    """
    return language.replace("_", "-").partition("-")[0].lower()


def labels_of(languages: Iterable[str]) -> set[str]:
    """Under what a post is counted.

    >>> sorted(labels_of(["zh-Hans", "zh", "x-klingon"])), labels_of([])
    (['other', 'zh'], {'none'})
    """
    found = {primary(language) for language in languages}
    return {name if name in COUNTED else OTHER for name in found} or {NONE}


def is_wanted(languages: Iterable[str], wanted: frozenset[str]) -> bool:
    """Whether a post is in one of the wanted languages. One that names none may be in any.

    >>> is_wanted(["zh-CN"], frozenset({"zh"})), is_wanted(["en"], frozenset({"zh"}))
    (True, False)
    >>> is_wanted([], frozenset({"zh"})), is_wanted(["en"], frozenset())
    (True, True)
    """
    if not wanted:
        return True
    found = {primary(language) for language in languages}
    return not found or not found.isdisjoint(wanted)
