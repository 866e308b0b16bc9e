"""The analysis as it ships: the models of the package under a catalogue."""

from functools import lru_cache

from analysis.moods import Moods
from analysis.pipeline import Analyser
from analysis.tokens import RJIEBA, tokenizer_named
from schemas.catalogue import Catalogue


def analyser_of(catalogue: Catalogue, tokenizer: str = RJIEBA) -> Analyser:
    """What every worker, command and audit uses, so that they agree. Takes about a second.

    >>> from schemas.catalogue import Brand
    >>> analyser_of(Catalogue((Brand(id="mi", name="小米"),))).occurrences("小米真好用")[0].brand
    'mi'
    """
    return Analyser(catalogue.brands, _moods(), _tokenizer(tokenizer), catalogue.intents)


# Models outlive catalogues: a change of the catalogue must not read them again.
_moods = lru_cache(maxsize=1)(Moods.load)
_tokenizer = lru_cache(maxsize=2)(tokenizer_named)
