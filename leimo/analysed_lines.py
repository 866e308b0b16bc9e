"""Texts or raw posts in, one JSON object each out: what `leimo analyse` writes."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import orjson

from analysis.pipeline import Analyser, Analysis
from analysis.stances import Sentiment
from feeds.lines import MAX_LINE_BYTES, Line, TooLong
from schemas.dead_letter import DropReason
from schemas.mention import Mention
from schemas.post import Post, Source
from sources.parsing import parse
from sources.refusals import InvalidPost

Read = Callable[[bytes], str | Post]
"""The text or the post in a line; raises `InvalidPost`."""


class LineAnalyser:
    """Analyses lines in batches: the sentiment model is asked once for all of them."""

    def __init__(self, analyser: Analyser, read: Read) -> None:
        self._analyser = analyser
        self._read_line = read
        self.lines = 0
        """Lines analysed, refused ones too."""
        self.refused = 0
        """Lines that are no posts."""

    def analyse(self, lines: Sequence[Line]) -> list[bytes]:
        """One JSON object for each line, without line ends, in order."""
        read = [self._read(line) for line in lines]
        taken = [item for item in read if not isinstance(item, InvalidPost)]
        texts = [item if isinstance(item, str) else item.text for item in taken]
        analyses = iter(self._analyser.analyse_many(texts))
        mentions = self._mentions([item for item in taken if not isinstance(item, str)])
        self.lines += len(lines)
        self.refused += len(lines) - len(taken)
        return [
            orjson.dumps(
                _error(item)
                if isinstance(item, InvalidPost)
                else _described(next(analyses), () if isinstance(item, str) else next(mentions))
            )
            for item in read
        ]

    def _mentions(self, posts: Sequence[Post]) -> Iterator[Sequence[Mention]]:
        """What a worker counts of each post: a text says nothing of what it quotes."""
        return iter(self._analyser.mentions_many(posts, 0, range(len(posts))))

    def _read(self, line: Line) -> str | Post | InvalidPost:
        if isinstance(line, TooLong):
            return InvalidPost(
                DropReason.TOO_LARGE,
                f"{line.bytes} bytes in one line; {MAX_LINE_BYTES} are the most",
            )
        try:
            return self._read_line(line)
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


def post_of_line(source: Source, received_at_ms: int) -> Read:
    """Reads lines that are posts in the JSON of `source`."""

    def read(line: bytes) -> Post:
        return parse(source, line, received_at_ms)

    return read


def _described(analysis: Analysis, counted: Sequence[Mention]) -> dict[str, Any]:
    """`counted`: what a worker counts of the post, also where its text does not name the brand."""
    named = {occurrence.brand for occurrence in analysis.occurrences}
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
        ]
        + [_counted(mention) for mention in counted if mention.brand not in named],
    }


def _counted(mention: Mention) -> dict[str, Any]:
    """A brand that only the whole post tells: by its quote, its card, or one of its products."""
    where = [
        {"alias": span.alias, "start": span.start, "end": span.end} for span in mention.spans[:1]
    ]
    return {
        "brand": mention.brand,
        **(where[0] if where else {"alias": None, "start": None, "end": None}),
        "place": mention.place,
        "confidence": mention.confidence_milli / 1000,
        "sentiment": {"label": mention.polarity.value, "score": mention.sentiment_milli / 1000},
        **({"product": mention.product} if mention.product else {}),
    }


def _sentiment(mood: Sentiment) -> dict[str, Any]:
    return {"label": mood.polarity.value, "score": mood.score}


def _error(refusal: InvalidPost) -> dict[str, Any]:
    return {"error": {"reason": refusal.reason.value, "detail": refusal.detail}}
