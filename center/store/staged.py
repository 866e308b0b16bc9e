"""Records into tables within one transaction, by staging tables: SQLite and PostgreSQL."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from center.store.archiving import Archiving, Due
from center.store.database import Database, Row, Transaction
from center.store.merging import insert_statement, merge_statement
from center.store.protocol import COUNT_NAMES, DAY_MS, HOUR_MS
from center.store.tables import BY_NAME, MENTION_COLUMNS
from center.store.writing import (
    MENTIONS_FROM,
    mention_row,
    meta_value,
    set_meta,
)
from schemas.deletion import Deletion
from schemas.mention import Mention

_HELD = "windows_1m w ON w.brand = n.brand AND w.start_ms = n.start_ms"
_COLUMNS = ", ".join(COUNT_NAMES)
_WITH_WORDS = (*MENTION_COLUMNS, "words")
_BRANDS = """WITH RECURSIVE held (brand) AS (SELECT MIN(brand) FROM mentions
    UNION ALL SELECT (SELECT MIN(m.brand) FROM mentions m WHERE m.brand > held.brand)
    FROM held WHERE held.brand IS NOT NULL)
    SELECT brand FROM held WHERE brand IS NOT NULL"""
"""From brand to brand in the index of lists: its other entries are not read."""
# As `schemas.forgotten.Forgotten.covers` says it.
_IS_TAKEN_BACK = """EXISTS (SELECT 1 FROM {deletions} d WHERE d.scope = 'post'
    AND d.source = {m}.source AND d.subject = {m}.post)
  OR EXISTS (SELECT 1 FROM {deletions} d WHERE d.scope = 'author'
    AND d.source = {m}.source AND d.subject = {m}.author AND d.at_ms >= {m}.event_time_ms)"""


class StagedWrites(Archiving[Transaction]):
    """The writing half of a store whose database has transactions."""

    _database: Database

    def _take_windows(self, tx: Transaction, rows: list[Row]) -> None:
        """By revision; the change goes into the hour and the day of the minute as well."""
        self._merge_windows(tx, rows)
        self._mark_due(tx, "windows", "new_windows_1m", "start_ms")

    def _merge_windows(self, tx: Transaction, rows: Iterable[Sequence[Any]]) -> None:
        table = BY_NAME["windows_1m"]
        tx.load(table.name, table.column_names, rows)
        # Nearly all are of minutes that nothing is held of: that is found out once.
        is_revised = bool(tx.rows(f"SELECT 1 FROM new_windows_1m n JOIN {_HELD} LIMIT 1"))
        if is_revised:
            tx.run(
                """DELETE FROM new_windows_1m WHERE EXISTS (SELECT 1 FROM windows_1m w
                WHERE w.brand = new_windows_1m.brand AND w.start_ms = new_windows_1m.start_ms
                AND w.revision > new_windows_1m.revision)"""
            )
        for rolled, size_ms in (("windows_1h", HOUR_MS), ("windows_1d", DAY_MS)):
            self._roll_up(tx, rolled, size_ms, is_revised=is_revised)
        tx.run(merge_statement(table) if is_revised else insert_statement(table))

    def _roll_up(self, tx: Transaction, rolled: str, size_ms: int, *, is_revised: bool) -> None:
        """What the staged minutes change, into their hours or days."""
        change = "n.{0} - COALESCE(w.{0}, 0)" if is_revised else "n.{0}"
        sums = ", ".join(self._database.sum_of(change.format(name)) for name in COUNT_NAMES)
        added = ", ".join(f"{name} = {rolled}.{name} + excluded.{name}" for name in COUNT_NAMES)
        held = f"LEFT JOIN {_HELD}" if is_revised else ""
        tx.run(
            f"""INSERT INTO {rolled} (brand, start_ms, {_COLUMNS})
            SELECT n.brand, n.start_ms - n.start_ms % {size_ms} AS begin_ms, {sums}
            FROM new_windows_1m n {held}
            WHERE 1 = 1 GROUP BY n.brand, n.start_ms - n.start_ms % {size_ms}
            ON CONFLICT (brand, start_ms) DO UPDATE SET {added}"""
        )

    def _take_mentions(self, tx: Transaction, mentions: list[Mention]) -> None:
        self._merge_mentions(tx, map(mention_row, mentions))
        self._mark_due(tx, "mentions", "new_mentions", "event_time_ms")

    def _merge_mentions(self, tx: Transaction, rows: Iterable[Sequence[Any]]) -> None:
        """Rows of `MENTION_COLUMNS` without the id, and their words."""
        (next_id,) = tx.rows("SELECT COALESCE(MAX(id), 0) + 1 FROM mentions")[0]
        numbered = ((next_id + at, *row) for at, row in enumerate(_first_of_each(rows)))
        tx.load("mentions", _WITH_WORDS, numbered)
        # Whoever writes is alone, so what is not there now does not come to be there.
        tx.run(
            """DELETE FROM new_mentions WHERE EXISTS (SELECT 1 FROM mentions m
            WHERE m.part = new_mentions.part AND m.off = new_mentions.off
            AND m.brand = new_mentions.brand)"""
        )
        taken_back = _IS_TAKEN_BACK.format(deletions="deletions", m="new_mentions")
        tx.run(
            f"""UPDATE new_mentions SET text = '', terms = '', author = '', words = '',
            is_deleted = 1 WHERE {taken_back}"""
        )
        tx.run(insert_statement(BY_NAME["mentions"]))
        tx.run(
            f"""INSERT INTO mention_words ({self._database.word_id}, words)
            SELECT id, {self._database.split("words")} FROM new_mentions WHERE words <> ''"""
        )

    def _mark_due(self, tx: Transaction, kind: str, table: str, column: str) -> None:
        """The archive's files of these brands and hours lack something from now on."""
        tx.run(
            f"""INSERT INTO archive_due (kind, brand, hour_ms, changes)
            SELECT DISTINCT '{kind}', brand, {column} - {column} % {HOUR_MS}, 1 FROM {table}
            WHERE 1 = 1 ON CONFLICT (kind, hour_ms, brand)
            DO UPDATE SET changes = archive_due.changes + 1"""
        )

    def _take_back(self, tx: Transaction, rows: list[Row]) -> None:
        tx.upsert(BY_NAME["deletions"], rows, "excluded.at_ms > deletions.at_ms")
        chosen = """SELECT m.id FROM new_deletions d JOIN mentions m ON m.post = d.subject
            AND m.source = d.source WHERE d.scope = 'post'
            UNION SELECT m.id FROM new_deletions d JOIN mentions m ON m.author = d.subject
            AND m.source = d.source AND m.event_time_ms <= d.at_ms WHERE d.scope = 'author'"""
        where = f"{self._database.word_id} IN ({chosen})"
        tx.run(f"DELETE FROM mention_words WHERE {where}")
        held = f"(SELECT * FROM mentions WHERE is_deleted = 0 AND id IN ({chosen})) AS gone"
        self._mark_due(tx, "mentions", held, "event_time_ms")
        tx.run(
            f"""UPDATE mentions SET text = '', terms = '', author = '', is_deleted = 1
            WHERE id IN ({chosen})"""
        )

    def _prune_mentions(self, before_ms: int) -> None:
        self._drop_due("mentions", before_ms)
        for (brand,) in self._database.rows(_BRANDS):
            with self._database.writing() as tx:
                old = {"brand": brand, "before": before_ms}
                chosen = "SELECT id FROM mentions WHERE brand = :brand AND event_time_ms < :before"
                where = f"{self._database.word_id} IN ({chosen})"
                tx.run(f"DELETE FROM mention_words WHERE {where}", old)
                tx.run(f"DELETE FROM mentions WHERE id IN ({chosen})", old)
        with self._database.writing() as tx:
            set_meta(tx, MENTIONS_FROM, max(before_ms, meta_value(tx, MENTIONS_FROM)))

    def note_archived(self, due: Due) -> None:
        """The file holds what was due, but for what came meanwhile."""
        with self._database.writing() as tx:
            rows = (
                (due.kind.value, brand, due.hour_ms, changes)
                for brand, changes in due.changes.items()
            )
            tx.load("archive_due", BY_NAME["archive_due"].column_names, rows)
            tx.run(
                """DELETE FROM archive_due WHERE EXISTS (SELECT 1 FROM new_archive_due n
                WHERE n.kind = archive_due.kind AND n.brand = archive_due.brand
                AND n.hour_ms = archive_due.hour_ms AND n.changes = archive_due.changes)"""
            )

    def note_swept(self, deletions: Sequence[Deletion]) -> None:
        """No file has them any more; what was asked for again meanwhile stays to be done."""
        with self._database.writing() as tx:
            rows = ((one.scope.value, one.source, one.subject, one.at_ms, 1) for one in deletions)
            tx.load("deletions", BY_NAME["deletions"].column_names, rows)
            tx.run(
                """UPDATE deletions SET is_swept = 1 WHERE EXISTS (SELECT 1 FROM new_deletions n
                WHERE n.scope = deletions.scope AND n.source = deletions.source
                AND n.subject = deletions.subject AND n.at_ms = deletions.at_ms)"""
            )


def _first_of_each(rows: Iterable[Sequence[Any]]) -> Iterator[Sequence[Any]]:
    """Mentions that a batch holds twice, once: their first three columns are their identity.

    >>> list(_first_of_each([("xiaomi", 0, 1, "a"), ("xiaomi", 0, 1, "b"), ("oppo", 0, 1, "a")]))
    [('xiaomi', 0, 1, 'a'), ('oppo', 0, 1, 'a')]
    """
    seen = set()
    for row in rows:
        identity = tuple(row[:3])
        if identity not in seen:
            seen.add(identity)
            yield row
