"""Rows of `mentions`, as mentions."""

from collections.abc import Sequence
from typing import Any

from center.store.protocol import MentionRow
from center.store.tables import MENTION_COLUMNS
from schemas.mention import Channel, Mention, Objective, Place, Polarity, SpamSign

_ROW = {name: at for at, name in enumerate(MENTION_COLUMNS)}


def listed_in(text: str, mark: str) -> list[str]:
    """What `writing.listed` put into one column.

    >>> listed_in(" a b ", " "), listed_in("", " ")
    (['a', 'b'], [])
    """
    return text[1:-1].split(mark) if text else []


def mention_row(row: Sequence[Any], sorted_by: str) -> MentionRow:
    """A row of `MENTION_COLUMNS`, with its place in an order."""
    cursor = (row[_ROW[sorted_by]], row[0])
    return MentionRow(_mention(row), bool(row[_ROW["is_deleted"]]), cursor)


def _mention(row: Sequence[Any]) -> Mention:
    (
        _,
        brand,
        part,
        off,
        event_time_ms,
        polarity,
        sentiment_milli,
        is_repost,
        channel,
        reach,
        author,
        post,
        source,
        text,
        terms,
        text_hash,
        place,
        confidence_milli,
        is_address,
        is_edit,
        product,
        intents,
        spam,
        language,
        original_author,
        is_newcomer,
        region,
        _,
        original,
        depth,
    ) = row
    return Mention(
        brand=brand,
        partition=part,
        offset=off,
        event_time_ms=event_time_ms,
        polarity=Polarity(polarity),
        sentiment_milli=sentiment_milli,
        is_repost=bool(is_repost),
        channel=Channel(channel),
        reach=reach,
        author=author,
        post=post,
        source=source,
        text=text,
        terms=tuple(listed_in(terms, "\n")),
        text_hash=text_hash,
        place=Place(place),
        confidence_milli=confidence_milli,
        is_address=bool(is_address),
        is_edit=bool(is_edit),
        product=product,
        intents=tuple(map(Objective, listed_in(intents, " "))),
        spam=tuple(map(SpamSign, listed_in(spam, " "))),
        language=language,
        original_author=original_author,
        is_newcomer=bool(is_newcomer),
        region=region,
        original=original,
        depth=depth,
    )
