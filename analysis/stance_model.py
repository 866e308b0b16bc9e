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
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import numpy as np

from analysis.clauses import Bounds, Reach, reach_of, sentence_of
from analysis.han_forms import simplified
from analysis.ngrams import CLOSING, MAX_LENGTH, ngram_of
from analysis.phrases import OTHER as RIVAL
from analysis.phrases import OURS as NAMELESS
from analysis.phrases import Rule, deciding
from analysis.sentiment import (
    BATCH,
    LOGIT_BITS,
    Place,
    Sentiment,
    SentimentModel,
    mask,
    of_milli,
    strongest,
)
from analysis.weights import FIELD_SHIFT, Weights, field_key
from schemas.mention import Polarity

SHIPPED = "stances.lm"

MAX_WORDS = 600
"""Code points of the words about a brand that are read."""

MAX_LEFT, MAX_RIGHT = 12, 15
"""Code points next to the name that are fields of their own: what touches it is mostly about it."""

FIELDS = ("", "\uf180", "\uf181", "\uf182")
"""The signs of the fields of `Reading`; the main one has none."""
FIELD_KEYS = np.array([field_key(sign) if sign else 0 for sign in FIELDS], np.uint64)

_BUCKETS_MILLI = (-600, -300, -100, 100, 300, 600)
_ABOUT, _WHOLE, _LENGTH, _RIVALS = 0xF120, 0xF130, 0xF150, 0xF160
_IN_TAG, _IN_HEADLINE, _LINK, _TAG, _HEADLINE, _HANDLE = (chr(0xF140 + n) for n in range(6))
_TAGS = re.compile(r"[#＃][^#＃\n]{1,40}[#＃]")
_HEADLINES = re.compile(r"【[^】\n]{1,120}】")

PARTS = (
    "the words about it",
    "the post",
    "the words before it",
    "the words behind it",
    "what is denied there",
)
"""What the model of moods is asked about."""
_DENIED = re.compile(
    r"(?:(?<!得)不(?![错仅但过止只管论如得]|是不)|[没沒](?!错)|[无無](?!论)|未(?!来))有?([^，,。；;!！?？\n]{1,8})"
)
_SIGNS_IN_WORDS = {
    _TAG: "there is a tag",
    _IN_TAG: "it is named in a tag",
    _HEADLINE: "there is a headline",
    _IN_HEADLINE: "it is named in a headline",
    _LINK: "there is a link",
    _HANDLE: "there is a handle",
    **{chr(_LENGTH + n): f"under {2**n} characters" for n in range(11)},
    **{chr(_RIVALS + n): f"{n} other names" for n in range(4)},
    chr(_LENGTH + 10): "512 characters and more",
    chr(_RIVALS + 3): "three other names and more",
}
_BALANCES_MILLI = (-750, -500, -250, -80, 80, 250, 500, 750)
_SHARES_MILLI = (300, 500, 700, 850)
_BALANCE, _SHARE = 0xF200, 0xF280
_MOODS_IN_WORDS = {chr(_ABOUT + n): "the words about it" for n in range(8)} | {
    chr(_WHOLE + n): "the post" for n in range(8)
}

_TURNED = {
    Polarity.POSITIVE: Polarity.NEGATIVE,
    Polarity.NEGATIVE: Polarity.POSITIVE,
    Polarity.NEUTRAL: Polarity.NEUTRAL,
}


_DECIDED = {
    Polarity.POSITIVE: of_milli(Polarity.POSITIVE, 800),
    Polarity.NEGATIVE: of_milli(Polarity.NEGATIVE, -800),
    Polarity.NEUTRAL: of_milli(Polarity.NEUTRAL, 0),
}
"""What a turn of phrase says; 0.8, since nine in ten of them were right."""


class Reading(NamedTuple):
    """What is read of one place: a text for each field."""

    main: str
    """Signs for the shape of the post and what the moods of all of it are, then the words about
    the brand."""
    moods: str
    """Signs for what the model of moods says of the parts."""
    left: str
    """The words right before the name, as far as they are about it."""
    right: str
    """Those right behind it."""


class Opinion(NamedTuple):
    """What was said of the brand at one place, and what decided it."""

    sentiment: Sentiment
    rule: Rule | None


class Told(NamedTuple):
    """What spoke for a stance and what against it, in words, with how much; strongest first."""

    decided_by: str
    """The turn of phrase that decided, whatever else speaks; empty if none did."""
    spoke_for: list[tuple[str, float]]
    against: list[tuple[str, float]]


class StanceModel:
    """Says of each brand in a text what is said of it. May be shared by a whole process."""

    def __init__(self, moods: SentimentModel, weights: Weights) -> None:
        self._moods = moods
        self._stances = SentimentModel(weights)
        settings = weights.header.settings
        self._judged = (
            round(float(settings.get("judged_positive", 0)) * (1 << LOGIT_BITS)),
            round(float(settings.get("judged_negative", 0)) * (1 << LOGIT_BITS)),
        )

    @classmethod
    def load(cls, moods: SentimentModel, path: Path | None = None) -> "StanceModel":
        """Read weights from `path`, or those shipped with the package."""
        source = files("analysis").joinpath("models", SHIPPED) if path is None else path
        return cls(moods, Weights.from_bytes(source.read_bytes()))

    def towards_many(self, places: Sequence[Place]) -> list[Sentiment]:
        """The stance towards the brand at each (text, start, end) or (text, start, end, rivals)."""
        return [opinion.sentiment for opinion in self.opinions(places)]

    def opinions(self, places: Sequence[Place]) -> list[Opinion]:
        """As `towards_many`, with the turn of phrase that decided, if one did."""
        reaches = [reach_of(*place) for place in places]
        found = readings(places, reaches, self._moods)
        said: list[Sentiment] = []
        for start in range(0, len(places), BATCH):
            said += self._stances.score_fields(
                found[start : start + BATCH], FIELD_KEYS, self._judged
            )
        return [_opinion(*each) for each in zip(places, reaches, found, said, strict=True)]

    def told_by(self, place: Place, count: int = 4) -> Told:
        """Why the stance at a place is what it is."""
        reach = reach_of(*place)
        opinion = self.opinions((place,))[0]
        polarity = opinion.sentiment.polarity
        if reach.turned and opinion.rule is None:
            polarity = _TURNED[polarity]
        pulls = [
            (in_words(key, field), _towards(polarity, positive, negative))
            for field, text in enumerate(readings((place,), (reach,), self._moods)[0])
            for key, positive, negative in self._stances.pulls(text, int(FIELD_KEYS[field]))
        ]
        spoken = [pull for pull in pulls if pull[0]]
        return Told(
            opinion.rule.name if opinion.rule else "",
            strongest([pull for pull in spoken if pull[1] > 0], count),
            strongest([pull for pull in spoken if pull[1] < 0], count),
        )


def _towards(polarity: Polarity, positive: float, negative: float) -> float:
    """How much more what adds so much to two classes speaks for one class than for the others."""
    if polarity is Polarity.POSITIVE:
        return positive - negative / 2
    if polarity is Polarity.NEGATIVE:
        return negative - positive / 2
    return -(positive + negative) / 2


def _opinion(place: Place, reach: Reach, reading: Reading, said: Sentiment) -> Opinion:
    rule = deciding(_sentence_of(place, reading))
    if rule is not None:
        return Opinion(_DECIDED[rule.polarity], rule)
    if reach.turned:
        return Opinion(of_milli(_TURNED[said.polarity], -said.milli), None)
    return Opinion(said, None)


def readings(
    places: Sequence[Place], reaches: Sequence[Reach], moods: SentimentModel
) -> list[Reading]:
    """What the model of stances reads of each place."""
    abouts = [
        _with_signs(place, (reach.start, reach.end))
        for place, reach in zip(places, reaches, strict=True)
    ]
    wholes = [
        about if len(place[0]) == reach.end - reach.start else _with_signs(place, (0, MAX_LENGTH))
        for place, reach, about in zip(places, reaches, abouts, strict=True)
    ]
    sides = [_sides(about) for about in abouts]
    # In the order of PARTS. Without the names many are the same, or nothing: each is asked once.
    parts = [
        [text.replace(RIVAL, NAMELESS) for text in texts]
        for texts in (
            abouts,
            wholes,
            [left for left, _ in sides],
            [right for _, right in sides],
            ["，".join(_DENIED.findall(about)) for about in abouts],
        )
    ]
    known = list(dict.fromkeys(chain.from_iterable(parts)))
    chance_of = dict(zip(known, moods.chances(known), strict=True))
    found = []
    for place, about, sides_of, *texts in zip(places, abouts, sides, *parts, strict=True):
        chances = [chance_of[text] for text in texts]
        found.append(
            Reading(
                _signs(place, chances[0][0], chances[1][0]) + about[:MAX_WORDS],
                "".join([_mood_signs(part, *chance) for part, chance in enumerate(chances)]),
                *sides_of,
            )
        )
    return found


def _sides(about: str) -> tuple[str, str]:
    """The words next to the name."""
    at = about.find(NAMELESS)
    return about[max(at - MAX_LEFT, 0) : at], about[at + 1 : at + 1 + MAX_RIGHT]


def in_words(key: int, field: int) -> str:
    """What an n-gram of a field stands for; empty for one that nobody can read.

    >>> from analysis.ngrams import key_of
    >>> in_words(key_of(f"{NAMELESS}好用"), 0), in_words(key_of(_IN_TAG), 0)
    ('<brand>好用', 'it is named in a tag')
    """
    if field == 1:
        return _mood_in_words(key & 0xFFFF)
    ngram = ngram_of(key & ((1 << FIELD_SHIFT) - 1) if field else key)
    signs = [sign for sign in ngram if sign in _SIGNS_IN_WORDS or sign in _MOODS_IN_WORDS]
    if signs:
        return " and ".join(_sign_in_words(sign) for sign in signs)
    bare = ngram.translate({0x02: "", 0x03: ""}).strip()
    named = bare.replace(NAMELESS, "<brand>").replace(RIVAL, "<other>")
    return f"{named}{('', '', ' before it', ' behind it')[field]}" if bare else ""


def _sign_in_words(sign: str) -> str:
    if sign in _SIGNS_IN_WORDS:
        return _SIGNS_IN_WORDS[sign]
    first = _ABOUT if ord(sign) < _WHOLE else _WHOLE
    return f"mood of {_MOODS_IN_WORDS[sign]} {_degree(ord(sign) - first, len(_BUCKETS_MILLI))}"


def _mood_in_words(code: int) -> str:
    if code >= _SHARE:
        part, degree = divmod(code - _SHARE, 16)
        much = ("hardly any", "little", "some", "much", "very much")[degree]
        return f"{much} mood in {PARTS[part]}"
    part, degree = divmod(code - _BALANCE, 16)
    return f"mood of {PARTS[part]} {_degree(degree, len(_BALANCES_MILLI))}"


def _degree(bucket: int, most: int) -> str:
    """A bucket of so many more than one, as words."""
    middle = most / 2
    if bucket == middle:
        return "even"
    return ("very " if bucket in (0, most) else "") + ("glad" if bucket > middle else "angry")


def _signs(place: Place, about_milli: int, whole_milli: int) -> str:
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


def _mood_signs(part: int, balance_milli: int, share_milli: int) -> str:
    return chr(_BALANCE + 16 * part + bisect_right(_BALANCES_MILLI, balance_milli)) + chr(
        _SHARE + 16 * part + bisect_right(_SHARES_MILLI, share_milli)
    )


def _sentence_of(place: Place, reading: Reading) -> str:
    """The sentence with the name, its characters simplified and signs for names: with what is
    said in it of other brands."""
    if len(place) < 4 or not place[3]:
        return simplified(reading.main)
    return simplified(_with_signs(place, sentence_of(*place[:3])))


def _is_within(spans: Sequence[Bounds], start: int, end: int) -> bool:
    return any(first <= start and end <= last for first, last in spans)


def _with_signs(place: Place, within: Bounds) -> str:
    """Part of a text with a sign for each name, handles and links masked."""
    text, start, end = place[:3]
    rivals = place[3] if len(place) > 3 else ()
    low, high = within[0], min(within[1], len(text))
    parts, at = [], low
    names = [(start, end, NAMELESS), *((first, last, RIVAL) for first, last in rivals)]
    for first, last, sign in sorted(names):
        if at <= first and last <= high:
            parts += [text[at:first], sign]
            at = last
    return mask("".join([*parts, text[at:high]]))
