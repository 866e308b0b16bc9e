"""The stance towards a brand: a model made for the question, on top of the one of moods.

A model of moods knows a glad text from an angry one. It does not know whether the mood is about the
brand, nor that most posts that name a brand do not judge it. So a second model of the same kind
(linear over character n-grams, whole numbers alone) reads the words about the brand once more,
after signs that stand for what the first one said and for the shape of the post:

    <mood about it><mood of the post> <in a tag> <a link> <length> …  <the words, names as signs>

It was learned from mentions that people read for it: docs/labelling.md, docs/models/stances.md.
"""

import re
from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

from analysis.clauses import Bounds, Hedge, Reach, hedge_of, reach_of
from analysis.ngrams import CLOSING, MAX_LENGTH
from analysis.sentiment import (
    NAMELESS,
    Place,
    Sentiment,
    SentimentModel,
    mask,
    of_milli,
)
from analysis.weights import Weights
from schemas.mention import Polarity

SHIPPED = "stances.lm"

RIVAL = "\uf101"
"""Stands for another brand. `NAMELESS` stands for the one that is asked about."""

MAX_WORDS = 600
"""Code points of the words about a brand that are read."""

_BUCKETS_MILLI = (-600, -300, -100, 100, 300, 600)
_ABOUT, _WHOLE, _LENGTH, _RIVALS = 0xF120, 0xF130, 0xF150, 0xF160
_IN_TAG, _IN_HEADLINE, _LINK, _TAG, _HEADLINE, _HANDLE = (chr(0xF140 + n) for n in range(6))
_HEDGES = {Hedge.DOUBT: "\uf147", Hedge.QUERY: "\uf148"}
_TAGS = re.compile(r"[#＃][^#＃\n]{1,40}[#＃]")
_HEADLINES = re.compile(r"【[^】\n]{1,120}】")

_TURNED = {
    Polarity.POSITIVE: Polarity.NEGATIVE,
    Polarity.NEGATIVE: Polarity.POSITIVE,
    Polarity.NEUTRAL: Polarity.NEUTRAL,
}


class StanceModel:
    """Says of each brand in a text what is said of it. May be shared by a whole process."""

    def __init__(self, moods: SentimentModel, weights: Weights) -> None:
        self._moods = moods
        self._stances = SentimentModel(weights)

    @classmethod
    def load(cls, moods: SentimentModel, path: Path | None = None) -> "StanceModel":
        """Read weights from `path`, or those shipped with the package."""
        source = files("analysis").joinpath("models", SHIPPED) if path is None else path
        return cls(moods, Weights.from_bytes(source.read_bytes()))

    def towards_many(self, places: Sequence[Place]) -> list[Sentiment]:
        """The stance towards the brand at each (text, start, end) or (text, start, end, rivals)."""
        reaches = [reach_of(*place) for place in places]
        said = self._stances.score_clean(stance_texts(places, reaches, self._moods))
        return [
            of_milli(_TURNED[mood.polarity], -mood.milli) if reach.turned else mood
            for mood, reach in zip(said, reaches, strict=True)
        ]


def stance_texts(
    places: Sequence[Place], reaches: Sequence[Reach], moods: SentimentModel
) -> list[str]:
    """What the model of stances reads of each place: signs, then the words about the brand."""
    abouts = [
        _with_signs(place, (reach.start, reach.end))
        for place, reach in zip(places, reaches, strict=True)
    ]
    wholes = [
        _with_signs(place, (0, min(len(place[0]), MAX_LENGTH))).replace(RIVAL, NAMELESS)
        for place in places
    ]
    # Without the names the post is the same for all of its brands: its mood is asked for once.
    known = list(dict.fromkeys(wholes))
    scores = moods.score_clean([about.replace(RIVAL, NAMELESS) for about in abouts] + known)
    mood_of = dict(zip(known, scores[len(places) :], strict=True))
    return [
        _signs(place, about, mood.milli, mood_of[whole].milli) + about[:MAX_WORDS]
        for place, about, mood, whole in zip(places, abouts, scores, wholes, strict=False)
    ]


def _signs(place: Place, about: str, about_milli: int, whole_milli: int) -> str:
    text, start, end = place[:3]
    rivals = place[3] if len(place) > 3 else ()
    signs = []
    if "#" in text or "＃" in text:
        tags = _tags(text)
        signs += [_TAG] if tags else []
        signs += [_IN_TAG] if _is_within(tags, start, end) else []
    if "【" in text:
        headlines = _headlines(text)
        signs += [_HEADLINE]
        signs += [_IN_HEADLINE] if _is_within(headlines, start, end) else []
    signs += [_LINK] if "http" in text else []
    signs += [_HANDLE] if "@" in text else []
    hedge = _HEDGES.get(hedge_of(about))
    signs += [hedge] if hedge else []
    signs += [chr(_LENGTH + min(len(text).bit_length(), 10)), chr(_RIVALS + min(len(rivals), 3))]
    moods = chr(_ABOUT + _bucket(about_milli)) + chr(_WHOLE + _bucket(whole_milli))
    return CLOSING.join([moods, *signs, ""])


@lru_cache(maxsize=4)
def _tags(text: str) -> list[Bounds]:
    """Where tags stand; a text is asked once for each name."""
    return [found.span() for found in _TAGS.finditer(text)]


@lru_cache(maxsize=4)
def _headlines(text: str) -> list[Bounds]:
    return [found.span() for found in _HEADLINES.finditer(text)]


def _bucket(milli: int) -> int:
    return bisect_right(_BUCKETS_MILLI, milli)


def _is_within(spans: Sequence[Bounds], start: int, end: int) -> bool:
    return any(first <= start and end <= last for first, last in spans)


def _with_signs(place: Place, within: Bounds) -> str:
    """Part of a text with a sign for each name, handles and links masked."""
    text, start, end = place[:3]
    rivals = place[3] if len(place) > 3 else ()
    low, high = within
    parts, at = [], low
    names = [(start, end, NAMELESS), *((first, last, RIVAL) for first, last in rivals)]
    for first, last, sign in sorted(names):
        if at <= first and last <= high:
            parts += [text[at:first], sign]
            at = last
    return mask("".join([*parts, text[at:high]]))
