"""The store as a whole: how far it has come, and the catalogue."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

import msgspec

from center.store.database import Readable, Row
from center.store.protocol import MINUTE_MS, Brand, Definition, Freshness, Scope
from center.store.reading.conditions import Conditions
from center.store.writing import FILLING_PERCENT, FILLING_UNTIL, clean, standings
from schemas.catalogue import Brand as BrandDefinition
from schemas.catalogue import Definition as AnyDefinition


class StateReads(Conditions):
    """Queries of the store as a whole."""

    def __init__(self, database: Readable) -> None:
        super().__init__(database)
        self._brands: tuple[Row | None, Mapping[str, Brand]] = (None, {})
        """Of which state of the catalogue, and the brands: thousands take a while to read."""

    def freshness(self) -> Freshness:
        """How far the store has come."""
        newest = self._readable.rows("SELECT MAX(start_ms) FROM windows_1m")[0][0]
        rows = self._readable.rows("SELECT name, value FROM meta")
        meta: dict[str, int] = dict(rows)
        closed_until_ms = newest + MINUTE_MS if newest else 0
        percent = meta.get(FILLING_PERCENT, 100)
        if percent < 100:  # what is filled in so far is not what is shown as now
            closed_until_ms = max(closed_until_ms, meta[FILLING_UNTIL])
        return Freshness(
            closed_until_ms=closed_until_ms,
            newest_post_ms=meta.get("newest_post_ms", 0),
            minutes_from_ms=meta.get("minutes_from_ms", 0),
            mentions_from_ms=meta.get("mentions_from_ms", 0),
            waiting_from_ms={
                partition: one.waiting_from_ms
                for partition, one in standings(meta).items()
                if one.waiting_from_ms
            },
            filling_percent=percent if percent < 100 else None,
        )

    def definitions(self, kind: str = "") -> list[Definition]:
        """Records of the catalogue, by key; of one kind, or of all."""
        rows = self._readable.rows(
            """SELECT record_key, record FROM definitions
            WHERE kind = :kind OR :kind = '' ORDER BY record_key""",
            {"kind": clean(kind)},
        )
        return [Definition(key, record.encode()) for key, record in rows]

    def brands(self, scope: Scope) -> Mapping[str, Brand]:
        """Id -> brand, of those in force, in the order of their ids."""
        version = self._readable.rows(
            """SELECT COUNT(*), (SELECT MAX(next) FROM offsets WHERE topic = 'catalogue')
            FROM definitions WHERE kind = 'brand'"""
        )[0]
        held, known = self._brands
        if held != version:
            known = MappingProxyType({one.id: one for one in self._read_brands()})
            self._brands = version, known
        if scope.brands is None:
            return known
        return {brand: one for brand, one in known.items() if scope.allows(brand)}

    def is_counted(self, brand: str) -> bool:
        """Whether a window of the brand is held: it may not be in force any more."""
        sql = "SELECT 1 FROM windows_1d WHERE brand = :brand LIMIT 1"
        return bool(self._readable.rows(sql, {"brand": clean(brand)}))

    def _read_brands(self) -> Iterator[Brand]:
        for record in self.definitions("brand"):
            one = _definition(record.value)
            if isinstance(one, BrandDefinition):
                plain = (one.id, one.name, one.aliases, one.trade, one.parent, one.department)
                yield Brand(*plain, one.competitors)


def _definition(value: bytes) -> AnyDefinition | None:
    try:
        found: AnyDefinition = msgspec.json.decode(value, type=AnyDefinition)
    except msgspec.DecodeError:
        return None
    return found
