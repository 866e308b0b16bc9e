"""What windows say."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

import msgspec

from center.store.protocol import (
    COUNT_NAMES,
    DAY_MS,
    HOUR_MS,
    MINUTE_MS,
    CountRow,
    Scope,
    Size,
    Span,
)
from center.store.reading.state import StateReads
from center.store.tables import WINDOW_TABLES
from schemas.expectation import Expectation

_SUMS = ", ".join(f"SUM({name})" for name in COUNT_NAMES)
_COLUMNS = ", ".join(COUNT_NAMES)


class WindowReads(StateReads):
    """Queries of windows, and of what was expected of them."""

    def counts(
        self, scope: Scope, brands: Sequence[str] | None, span: Span, size: Size
    ) -> list[CountRow]:
        """Windows of a size that begin within the span."""
        where = self._of_brands(scope, brands)
        rows = self._readable.rows(
            f"""SELECT brand, start_ms, {_COLUMNS} FROM {WINDOW_TABLES[size]}
            WHERE {where.sql} AND start_ms >= :from_ms AND start_ms < :to_ms
            ORDER BY brand, start_ms""",
            where.parameters | span._asdict(),
        )
        return [CountRow(row[0], row[1], row[2:]) for row in rows]

    def totals(
        self, scope: Scope, brands: Sequence[str] | None, span: Span
    ) -> dict[str, tuple[int, ...]]:
        """Sums by brand, of days within the span, hours and minutes at its edges."""
        where = self._of_brands(scope, brands)
        found: dict[str, tuple[int, ...]] = {}
        for size, part in pieces(span, self.freshness().minutes_from_ms):
            rows = self._readable.rows(
                f"""SELECT brand, {_SUMS} FROM {WINDOW_TABLES[size]} WHERE {where.sql}
                AND start_ms >= :from_ms AND start_ms < :to_ms GROUP BY brand""",
                where.parameters | part._asdict(),
            )
            for brand, *sums in rows:
                held = found.get(brand)
                added = map(int, sums)
                found[brand] = (
                    tuple(added)
                    if held is None
                    else tuple(old + new for old, new in zip(held, added, strict=True))
                )
        return found

    def expectations(
        self, scope: Scope, brands: Sequence[str] | None, span: Span
    ) -> list[Expectation]:
        """Those of the hours that begin within the span, in order of brand and hour."""
        where = self._of_brands(scope, brands)
        rows = self._readable.rows(
            f"""SELECT record FROM expectations WHERE {where.sql}
            AND start_ms >= :from_ms AND start_ms < :to_ms ORDER BY brand, start_ms""",
            where.parameters | span._asdict(),
        )
        return [msgspec.json.decode(record, type=Expectation) for (record,) in rows]


def pieces(span: Span, minutes_from_ms: int) -> list[tuple[Size, Span]]:
    """A span, cut into whole days, hours and minutes of UTC.

    Where minutes were dropped, its begin is taken down and its end up to a whole hour.

    >>> [(str(size), part) for size, part in pieces(Span(60_000, 90_000_000), 0)]
    [('1m', Span(from_ms=60000, to_ms=3600000)), ('1h', Span(from_ms=3600000, to_ms=90000000))]
    """
    first, last = span.from_ms // MINUTE_MS * MINUTE_MS, -(-span.to_ms // MINUTE_MS) * MINUTE_MS
    if first < minutes_from_ms:
        first = first // HOUR_MS * HOUR_MS
    if last < minutes_from_ms:
        last = -(-last // HOUR_MS) * HOUR_MS
    found: list[tuple[Size, Span]] = []
    if first < last:
        _cut(first, last, [(Size.DAY, DAY_MS), (Size.HOUR, HOUR_MS), (Size.MINUTE, 1)], found)
    return found


def _cut(
    first: int, last: int, sizes: list[tuple[Size, int]], found: list[tuple[Size, Span]]
) -> None:
    (size, size_ms), *finer = sizes
    begin, end = -(-first // size_ms) * size_ms, last // size_ms * size_ms
    if begin >= end:
        if first < last:
            _cut(first, last, finer, found)
        return
    if first < begin:
        _cut(first, begin, finer, found)
    found.append((size, Span(begin, end)))
    if end < last:
        _cut(end, last, finer, found)


def by_brand(rows: Iterable[CountRow]) -> dict[str, list[CountRow]]:
    """Rows of `counts`, apart by brand."""
    found: dict[str, list[CountRow]] = defaultdict(list)
    for row in rows:
        found[row.brand].append(row)
    return found
