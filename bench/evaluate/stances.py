"""Stances towards brands: what people read in mentions of brands that no model has learned."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from sklearn.metrics import accuracy_score, confusion_matrix, f1_score

from analysis.clauses import reach_of
from analysis.sentiment import Place, SentimentModel
from analysis.stance_model import StanceModel
from analysis.stances import Sentiment, mean_mood
from analysis.training.corpus import CLASSES
from analysis.training.stances import Read, read_mentions
from bench.evaluate.baselines import baselines, scores
from catalogue.file import SHIPPED, load
from schemas.mention import Polarity

_NUMBERS = {
    Polarity.POSITIVE: CLASSES.index("pos"),
    Polarity.NEGATIVE: CLASSES.index("neg"),
    Polarity.NEUTRAL: CLASSES.index("neu"),
}
_BASELINE_NEUTRAL = 0.3
"""Baselines have no neutral class of their own: what is nearer to zero is neutral."""


class Result(NamedTuple):
    data: str
    system: str
    mentions: int
    accuracy: float
    macro_f1: float
    confusion: str
    """Rows as read (positive, negative, neutral), columns as said."""


def results(folder: Path) -> Iterator[Result]:
    """Every system on all unseen mentions, and on those that were drawn at random."""
    catalogue = load(SHIPPED)
    unseen = [one for one in read_mentions(folder, catalogue) if one.split == "test"]
    moods = SentimentModel.load()
    stances = StanceModel.load(moods)
    said = {
        "leimo": _towards(stances.towards_many(_places(unseen)), unseen),
        "the mood of its clause": _moods_of_clauses(moods, unseen),
        "always neutral": [CLASSES.index("neu")] * len(unseen),
    }
    clauses = [_clause(one) for one in unseen]
    for name, scorer in baselines().items():
        said[f"{name} on the clause"] = [_nearest(score) for score in scores(scorer, clauses)]
    for data, some in (
        ("all", range(len(unseen))),
        ("drawn at random", [n for n, one in enumerate(unseen) if one.drawn == "random"]),
    ):
        for system, guesses in said.items():
            yield _result(data, system, [unseen[n].label for n in some], [guesses[n] for n in some])


def _places(mentions: Sequence[Read]) -> list[Place]:
    return [place for one in mentions for place in one.places]


def _towards(found: Sequence[Sentiment], mentions: Sequence[Read]) -> list[int]:
    each = iter(found)
    return [_NUMBERS[mean_mood([next(each) for _ in one.places])[0]] for one in mentions]


def _moods_of_clauses(moods: SentimentModel, mentions: Sequence[Read]) -> list[int]:
    """What the words about each say, whatever it is about."""
    return [_NUMBERS[mood.polarity] for mood in moods.score_many([_clause(m) for m in mentions])]


def _clause(mention: Read) -> str:
    place = mention.places[0]
    reach = reach_of(*place)
    return place[0][reach.start : reach.end]


def _nearest(score: float) -> int:
    if abs(score) < _BASELINE_NEUTRAL:
        return CLASSES.index("neu")
    return CLASSES.index("pos" if score > 0 else "neg")


def _result(data: str, system: str, labels: Sequence[int], said: Sequence[int]) -> Result:
    rows = confusion_matrix(labels, said, labels=range(len(CLASSES))).tolist()
    return Result(
        data,
        system,
        len(labels),
        float(accuracy_score(labels, said)),
        float(f1_score(labels, said, average="macro")),
        " / ".join(" ".join(map(str, row)) for row in rows),
    )
