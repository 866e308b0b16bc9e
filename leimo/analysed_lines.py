"""Texts or raw posts in, one JSON object each out: what `leimo analyse` writes."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import orjson

from analysis.pipeline import Analyser, Analysis, Place
from analysis.refusals import InvalidPost
from analysis.sentiment import NOTHING_SAID, Sentiment, SentimentModel
from analysis.sources import parse
from analysis.tokens import Tokenizer
from leimo.lines import MAX_LINE_BYTES, Line, TooLong
from schemas.catalogue import Brand
from schemas.dead_letter import DropReason
from schemas.post import Source

TextOf = Callable[[bytes], str]
"""The text in a line; raises `InvalidPost`."""


class LineAnalyser:
    """Analyses lines in batches: the sentiment model is asked once for all of them.

    Says of each text what `Analyser.analyse` says of it, some ten times as fast.
    """

    def __init__(
        self, brands: Iterable[Brand], model: SentimentModel, tokenizer: Tokenizer, text_of: TextOf
    ) -> None:
        self._analyser = Analyser(brands, _Unscored(), tokenizer)
        self._model = model
        self._text_of = text_of
        self.lines = 0
        """Lines analysed, refused ones too."""
        self.refused = 0
        """Lines that are no posts."""

    def analyse(self, lines: Sequence[Line]) -> list[bytes]:
        """One JSON object for each line, without line ends, in order."""
        found = [self._read(line) for line in lines]
        analyses = [item for item in found if isinstance(item, Analysis)]
        whole = iter(self._model.score_many([analysis.own_words for analysis in analyses]))
        said = iter(
            self._model.towards_many(
                [place for analysis in analyses for place in _places(analysis)]
            )
        )
        objects = [
            _described(item, next(whole), said) if isinstance(item, Analysis) else _error(item)
            for item in found
        ]
        self.lines += len(lines)
        self.refused += len(lines) - len(analyses)
        return [orjson.dumps(described) for described in objects]

    def _read(self, line: Line) -> Analysis | InvalidPost:
        if isinstance(line, TooLong):
            return InvalidPost(
                DropReason.TOO_LARGE,
                f"{line.bytes} bytes in one line; {MAX_LINE_BYTES} are the most",
            )
        try:
            return self._analyser.analyse(self._text_of(line))
        except InvalidPost as refusal:
            return refusal


def text_of_line(line: bytes) -> str:
    """A line that is a text.

    >>> text_of_line("小米".encode())
    '小米'
    """
    try:
        return line.decode()
    except UnicodeDecodeError as error:
        raise InvalidPost(
            DropReason.BAD_TEXT,
            f"not UTF-8: {error.reason} at byte {error.start} ({line[error.start]:#04x})",
        ) from None


def text_of_post(source: Source, received_at_ms: int) -> TextOf:
    """Reads lines that are posts in the JSON of `source`."""

    def read(line: bytes) -> str:
        return parse(source, line, received_at_ms).text

    return read


class _Unscored:
    """Stands in for the model while texts are read one by one."""

    def score(self, text: str) -> Sentiment:
        return NOTHING_SAID

    def towards(self, text: str, start: int, end: int) -> Sentiment:
        return NOTHING_SAID

    def towards_many(self, places: Sequence[Place]) -> list[Sentiment]:
        return [NOTHING_SAID] * len(places)


def _places(analysis: Analysis) -> list[Place]:
    """Occurrences in the own words: those in a repost chain carry no mood."""
    own_words = analysis.own_words
    return [
        (own_words, occurrence.start, occurrence.end)
        for occurrence in analysis.occurrences
        if occurrence.end <= len(own_words)
    ]


def _described(analysis: Analysis, mood: Sentiment, said: Iterator[Sentiment]) -> dict[str, Any]:
    own_end = len(analysis.own_words)
    return {
        "tokens": analysis.tokens,
        "sentiment": _sentiment(mood),
        "mentions": [
            {
                "brand": occurrence.brand,
                "alias": occurrence.alias,
                "start": occurrence.start,
                "end": occurrence.end,
                "sentiment": _sentiment(next(said) if occurrence.end <= own_end else NOTHING_SAID),
            }
            for occurrence in analysis.occurrences
        ],
    }


def _sentiment(mood: Sentiment) -> dict[str, Any]:
    return {"label": mood.polarity.value, "score": mood.score}


def _error(refusal: InvalidPost) -> dict[str, Any]:
    return {"error": {"reason": refusal.reason.value, "detail": refusal.detail}}
