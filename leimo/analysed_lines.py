"""Texts or raw posts in, one JSON object each out: what `leimo analyse` writes."""

from collections.abc import Callable, Sequence
from typing import Any

import orjson

from analysis.pipeline import Analyser, Analysis
from analysis.stances import Sentiment
from feeds.lines import MAX_LINE_BYTES, Line, TooLong
from schemas.dead_letter import DropReason
from schemas.post import Source
from sources.parsing import parse
from sources.refusals import InvalidPost

TextOf = Callable[[bytes], str]
"""The text in a line; raises `InvalidPost`."""


class LineAnalyser:
    """Analyses lines in batches: the sentiment model is asked once for all of them."""

    def __init__(self, analyser: Analyser, text_of: TextOf) -> None:
        self._analyser = analyser
        self._text_of = text_of
        self.lines = 0
        """Lines analysed, refused ones too."""
        self.refused = 0
        """Lines that are no posts."""

    def analyse(self, lines: Sequence[Line]) -> list[bytes]:
        """One JSON object for each line, without line ends, in order."""
        read = [self._read(line) for line in lines]
        texts = [item for item in read if isinstance(item, str)]
        analyses = iter(self._analyser.analyse_many(texts))
        self.lines += len(lines)
        self.refused += len(lines) - len(texts)
        return [
            orjson.dumps(_described(next(analyses)) if isinstance(item, str) else _error(item))
            for item in read
        ]

    def _read(self, line: Line) -> str | InvalidPost:
        if isinstance(line, TooLong):
            return InvalidPost(
                DropReason.TOO_LARGE,
                f"{line.bytes} bytes in one line; {MAX_LINE_BYTES} are the most",
            )
        try:
            return self._text_of(line)
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


def _described(analysis: Analysis) -> dict[str, Any]:
    return {
        "tokens": analysis.tokens,
        "language": analysis.language,
        "sentiment": _sentiment(analysis),
        "intents": analysis.intents,
        "spam": analysis.spam,
        "mentions": [
            {
                "brand": occurrence.brand,
                "alias": occurrence.alias,
                "start": occurrence.start,
                "end": occurrence.end,
                "place": occurrence.place,
                "confidence": occurrence.confidence,
                "sentiment": _sentiment(occurrence),
            }
            for occurrence in analysis.occurrences
        ],
    }


def _sentiment(mood: Sentiment) -> dict[str, Any]:
    return {"label": mood.polarity.value, "score": mood.score}


def _error(refusal: InvalidPost) -> dict[str, Any]:
    return {"error": {"reason": refusal.reason.value, "detail": refusal.detail}}
