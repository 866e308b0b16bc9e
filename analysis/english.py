"""Sentiment of English texts: VADER's lexicon and rules (Hutto & Gilbert, ICWSM 2014).

A guest in a house for Chinese: good enough that English posts are not called neutral by default,
and quiet where it is unsure.
"""

from functools import lru_cache

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from schemas.mention import Polarity

NEUTRAL_BELOW_MILLI = 300
"""VADER's own border is 50; a word such as "like" or "help" alone passes that."""


@lru_cache(maxsize=1)
def _analyzer() -> SentimentIntensityAnalyzer:
    return SentimentIntensityAnalyzer()


def score_milli(text: str) -> int:
    """From -1000 to 1000. Takes about 0.1 ms.

    >>> score_milli("I love it!") > 500 > 0 > -300 > score_milli("This is terrible.")
    True
    """
    compound: float = _analyzer().polarity_scores(text)["compound"]
    return round(compound * 1000)


def polarity_of(milli: int) -> Polarity:
    """The class that a score is sure enough for."""
    if abs(milli) < NEUTRAL_BELOW_MILLI:
        return Polarity.NEUTRAL
    return Polarity.POSITIVE if milli > 0 else Polarity.NEGATIVE
