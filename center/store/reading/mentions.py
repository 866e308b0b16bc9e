"""Lists of mentions, and what is counted of them."""

from collections import Counter
from collections.abc import Iterable, Iterator

from center.store.protocol import (
    Heard,
    MentionFilter,
    MentionRow,
    MentionSort,
    RegionRow,
    Scope,
    Span,
    WordRow,
)
from center.store.reading.conditions import SHORT_MS, Conditions, Where
from center.store.reading.mention_rows import mention_row
from center.store.tables import MENTION_COLUMNS
from center.store.writing import clean
from schemas.mention import Polarity

_M_COLUMNS = ", ".join(f"m.{name}" for name in MENTION_COLUMNS)
_ORDERS = {
    MentionSort.TIME: ("m.event_time_ms", "DESC"),
    MentionSort.REACH: ("m.reach", "DESC"),
    MentionSort.MOOD: ("m.sentiment_milli", "ASC"),
}
_ACCOUNTS_A_PLACE = 10
"""So many accounts are looked at for each that is shown."""
_WORDS_OF = 10_000
"""So many of the newest mentions give the words of a span."""


class MentionReads(Conditions):
    """Queries of mentions."""

    def mentions(
        self,
        scope: Scope,
        wanted: MentionFilter,
        sort: MentionSort,
        after: tuple[int, int] | None,
        limit: int,
    ) -> list[MentionRow]:
        """One page, by its filter and order."""
        if wanted.words and sort is MentionSort.TIME and len(wanted.brands) == 1:
            days = self._newest_days(wanted, after)
            if days != wanted.span:
                rows = self._page(scope, wanted._replace(span=days), sort, after, limit)
                if len(rows) == limit:
                    return rows
        return self._page(scope, wanted, sort, after, limit)

    def _newest_days(self, wanted: MentionFilter, after: tuple[int, int] | None) -> Span:
        """The end of the span in which posts of the brand are searched first."""
        to_ms = wanted.span.to_ms if after is None else min(wanted.span.to_ms, after[0] + 1)
        parameters = {"brand": clean(wanted.brands[0]), "to_ms": to_ms}
        newest_ms = self._readable.rows(
            """SELECT MAX(event_time_ms) FROM mentions
            WHERE brand = :brand AND event_time_ms < :to_ms""",
            parameters,
        )[0][0]
        return Span(max(wanted.span.from_ms, (newest_ms or 0) - SHORT_MS), to_ms)

    def _page(
        self,
        scope: Scope,
        wanted: MentionFilter,
        sort: MentionSort,
        after: tuple[int, int] | None,
        limit: int,
    ) -> list[MentionRow]:
        where = self._of_mentions(scope, wanted)
        column, direction = _ORDERS[sort]
        sql, parameters = where.sql, where.parameters
        if after is not None:
            sign = "<" if direction == "DESC" else ">"
            sql += f" AND ({column}, m.id) {sign} (:after_value, :after_id)"
            parameters = parameters | {"after_value": after[0], "after_id": after[1]}
        order = f"ORDER BY {column} {direction}, m.id {direction}"
        rows = self._readable.rows(
            self._readable.page(_M_COLUMNS, sql, order), parameters | {"most": limit}
        )
        return [mention_row(row, column.removeprefix("m.")) for row in rows]

    def count_mentions(self, scope: Scope, wanted: MentionFilter, at_most: int) -> int:
        """How many there are, counted up to `at_most`."""
        where = self._of_mentions(scope, wanted)
        rows = self._readable.rows(
            f"""SELECT COUNT(*) FROM
            (SELECT 1 FROM mentions m WHERE {where.sql} LIMIT :most) AS found""",
            where.parameters | {"most": at_most},
        )
        return int(rows[0][0])

    def all_mentions(self, scope: Scope, wanted: MentionFilter) -> Iterator[MentionRow]:
        """All of them, the oldest first."""
        where = self._of_mentions(scope, wanted)
        rows = self._readable.stream(
            f"""SELECT {_M_COLUMNS} FROM mentions m WHERE {where.sql}
            ORDER BY m.event_time_ms, m.id""",
            where.parameters,
        )
        return (mention_row(row, "event_time_ms") for row in rows)

    def words(self, scope: Scope, wanted: MentionFilter, limit: int) -> list[WordRow]:
        """The words of the newest mentions, the most frequent first."""
        where = self._of_mentions(scope, wanted)
        rows = self._readable.rows(
            f"""SELECT m.terms, m.polarity FROM mentions m WHERE {where.sql}
            ORDER BY m.event_time_ms DESC, m.id DESC LIMIT :most""",
            where.parameters | {"most": _WORDS_OF},
        )
        posts = _counted(terms for terms, _ in rows)
        negative = _counted(terms for terms, polarity in rows if polarity == Polarity.NEGATIVE)
        ordered = sorted(posts.items(), key=lambda item: (-item[1], item[0]))
        return [WordRow(term, count, negative[term]) for term, count in ordered[:limit]]

    def heard(self, scope: Scope, wanted: MentionFilter, limit: int) -> list[Heard]:
        """Accounts by the reposts that they caused, then by reach."""
        where = self._of_mentions(scope, wanted)
        accounts = self._farthest_reaching(where, _ACCOUNTS_A_PLACE * limit)
        authors = self._readable.listed(sorted({author for author, _ in accounts}))
        wrote = self._readable.rows(
            f"""SELECT m.author, m.source, COUNT(*), MAX(m.reach),
            SUM(CASE WHEN m.polarity = 'negative' THEN 1 ELSE 0 END) FROM mentions m
            WHERE {where.sql} AND {self._readable.of_authors("authors")}
            GROUP BY m.author, m.source""",
            where.parameters | {"authors": authors},
        )
        caused = self._readable.rows(
            f"""SELECT m.original_author, m.source, COUNT(*) FROM mentions m
            WHERE {where.sql} AND m.original_author <> '' GROUP BY m.original_author, m.source
            ORDER BY 3 DESC, 1 LIMIT :most""",
            where.parameters | {"most": _ACCOUNTS_A_PLACE * limit},
        )
        found = {
            (author, source): Heard(author, source, posts, reach, 0, int(negative))
            for author, source, posts, reach, negative in wrote
        }
        for author, source, reposts in caused:
            held = found.get((author, source), Heard(author, source, 0, 0, 0, 0))
            found[author, source] = held._replace(reposts_caused=reposts)
        ordered = sorted(
            found.values(), key=lambda one: (-one.reposts_caused, -one.reach, one.author)
        )
        return ordered[:limit]

    def _farthest_reaching(self, where: Where, most: int) -> set[tuple[str, str]]:
        """Accounts of the posts with the greatest reach: what others wrote is not looked at."""
        order = "ORDER BY m.reach DESC, m.id DESC"
        sql = self._readable.page("m.author, m.source", where.sql, order)
        read = 2 * most
        while True:
            rows = self._readable.rows(sql, where.parameters | {"most": read})
            found = {(author, source) for author, source in rows if author}
            if len(found) >= most or len(rows) < read:
                return found
            read *= 4

    def regions(self, scope: Scope, wanted: MentionFilter) -> list[RegionRow]:
        """Provinces, those with the most posts first."""
        where = self._of_mentions(scope, wanted)
        rows = self._readable.rows(
            f"""SELECT m.region, COUNT(*),
            SUM(CASE WHEN m.polarity = 'positive' THEN 1 ELSE 0 END),
            SUM(CASE WHEN m.polarity = 'negative' THEN 1 ELSE 0 END) FROM mentions m
            WHERE {where.sql} GROUP BY m.region ORDER BY 2 DESC, 1 LIMIT 500""",
            where.parameters,
        )
        return [RegionRow(region, posts, int(up), int(down)) for region, posts, up, down in rows]


def _counted(listed: Iterable[str]) -> Counter[str]:
    """How often each word stands in lists that `writing.listed` made.

    >>> _counted(["\\na\\nb\\n", "", "\\na\\n"])
    Counter({'a': 2, 'b': 1})
    """
    found = Counter("".join(listed).split("\n"))
    del found[""]
    return found
