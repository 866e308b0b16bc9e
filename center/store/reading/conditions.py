"""Which rows somebody asks for, and may see."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from center.store.database import NOTHING, Readable
from center.store.protocol import DAY_MS, MentionFilter, Scope, Span
from center.store.words import brand_word, wanted_words
from center.store.writing import clean
from schemas.mention import Objective

_ASKS = f"""m.is_repost = 0 AND m.spam = '' AND m.place = 'own' AND m.channel <> 'owned'
    AND m.is_deleted = 0 AND (m.is_address = 1
    OR m.intents LIKE '% {Objective.CLIENT_MANAGEMENT} %'
    OR m.intents LIKE '% {Objective.SOCIAL_SALES} %')"""
SHORT_MS = 3 * DAY_MS
"""For longer spans, where the words of a brand's posts begin and end is not worth looking up."""


class Where(NamedTuple):
    sql: str
    parameters: dict[str, Any]


class Conditions:
    """Conditions on rows, in SQL."""

    def __init__(self, database: Readable) -> None:
        self._readable = database

    def _of_brands(self, scope: Scope, brands: Iterable[str] | None) -> Where:
        """The one place where what somebody may not see is held back."""
        if brands is None and scope.brands is None:
            return Where("1 = 1", dict(NOTHING))
        if brands is None:
            wanted = sorted(scope.brands or ())
        else:
            wanted = [clean(brand) for brand in brands if scope.allows(brand)]
        if len(wanted) == 1:  # the planner knows best what to do with one
            return Where("brand = :brand", {"brand": wanted[0]})
        chosen = self._readable.is_one_of("brand", "brands")
        return Where(chosen, {"brands": self._readable.listed(wanted)})

    def _of_mentions(self, scope: Scope, wanted: MentionFilter) -> Where:
        brands = self._of_brands(scope, wanted.brands or None)
        sql = [brands.sql, "m.event_time_ms >= :from_ms", "m.event_time_ms < :to_ms"]
        parameters = brands.parameters | wanted.span._asdict()
        exact = {
            "channel": wanted.channel,
            "language": wanted.language,
            "source": wanted.source,
            "region": wanted.region,
            "author": wanted.author,
            "post": wanted.post,
            "original_author": wanted.original,
        }
        for column, value in exact.items():
            if value:
                sql.append(f"m.{column} = :{column}")
                parameters[column] = clean(str(value))
        if wanted.polarity is not None:
            sql.append("m.polarity = :polarity AND m.place = 'own'")
            parameters["polarity"] = wanted.polarity.value
        flags = {
            "m.is_repost = 1": wanted.is_repost,
            "m.spam <> ''": wanted.is_spam,
            "m.place <> 'own'": wanted.is_exposure,
            "m.is_address = 1": wanted.is_address,
            "m.is_edit = 1": None if wanted.with_edits else False,
        }
        sql += [
            condition if value else f"NOT {condition}"
            for condition, value in flags.items()
            if value is not None
        ]
        if wanted.asks_for_answer:
            sql.append(_ASKS)
        if wanted.intent is not None:
            sql.append("m.intents LIKE :intent")
            parameters["intent"] = f"% {wanted.intent.value} %"
        if wanted.term:
            sql.append(self._readable.holds("m.terms", "term"))
            parameters["term"] = f"\n{clean(wanted.term)}\n"
        if wanted.words:
            words = wanted_words(clean(wanted.words))
            sql.append(self._has_words(wanted.span, is_one_brand="brand" in parameters))
            if words:
                if "brand" in parameters:
                    words.insert(0, brand_word(parameters["brand"]))
                parameters["words"] = self._readable.wanted_words(words)
            else:
                sql[-1] = "1 = 0"
        return Where(" AND ".join(sql), parameters)

    def _has_words(self, span: Span, *, is_one_brand: bool) -> str:
        is_short = is_one_brand and span.to_ms - span.from_ms <= SHORT_MS
        among = """FROM mentions WHERE brand = :brand
            AND event_time_ms >= :from_ms AND event_time_ms < :to_ms"""
        return self._readable.has_words("words", among if is_short else "")
