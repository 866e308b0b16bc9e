"""Sentiment in the language of the text: Chinese by our model, English by VADER, others neutral.

The models are asked for batches; a batch of Chinese posts costs one look at each text more.
"""

from collections.abc import Sequence

from analysis import english
from analysis.clauses import Bounds, reach_of
from analysis.languages import ENGLISH, language_of
from analysis.ngrams import MAX_LENGTH
from analysis.sentiment import Place, Sentiment, SentimentModel, mask, of_milli, own_words
from analysis.stance_model import StanceModel, Told


class Moods:
    """Scores texts of any language."""

    def __init__(self, chinese: SentimentModel, stances: StanceModel) -> None:
        self.chinese = chinese
        self._stances = stances

    @classmethod
    def load(cls) -> "Moods":
        """With the shipped models."""
        chinese = SentimentModel.load()
        return cls(chinese, StanceModel.load(chinese))

    def score(self, text: str) -> Sentiment:
        """Sentiment of the author's own words."""
        return self.score_many((text,))[0]

    def score_many(self, texts: Sequence[str]) -> list[Sentiment]:
        """What `score` says of each text."""
        found = self.chinese.score_many(texts)
        for at, text in enumerate(texts):
            said = own_words(text)[:MAX_LENGTH]
            if language_of(said) == ENGLISH:
                found[at] = _english(said)
        return found

    def towards(self, text: str, start: int, end: int, rivals: Sequence[Bounds] = ()) -> Sentiment:
        """Stance towards the brand at [start, end), as `StanceModel.towards_many`."""
        return self.towards_many(((text, start, end, rivals),))[0]

    def towards_many(self, places: Sequence[Place]) -> list[Sentiment]:
        """What `towards` says of each place."""
        found = self._stances.towards_many(places)
        text, language = "", ""
        for at, place in enumerate(places):
            if place[0] is not text:  # the names of a post come one after the other
                text = place[0]
                language = language_of(text)
            if language == ENGLISH:
                reach = reach_of(*place)
                found[at] = _english(mask(place[0][reach.start : reach.end]))
        return found

    def told_by(self, place: Place) -> Told:
        """Why `towards` says of a place what it says; of English, that VADER knows no words."""
        if language_of(place[0]) == ENGLISH:
            return Told("VADER, a lexicon of English", [], [])
        return self._stances.told_by(place)


def _english(text: str) -> Sentiment:
    milli = english.score_milli(text)
    return of_milli(english.polarity_of(milli), milli)
