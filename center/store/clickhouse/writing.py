"""Records into ClickHouse: rows that may be written again, and offsets after them."""

import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from center.store.archiving import Archiving, Due
from center.store.clickhouse.database import Batch
from center.store.clickhouse.tables import STORED_MENTION
from center.store.database import Row
from center.store.protocol import COUNT_NAMES, DAY_MS, HOUR_MS
from center.store.tables import BY_NAME
from center.store.writing import MENTIONS_FROM, mention_row, meta_value, set_meta
from schemas.deletion import Deletion, DeletionScope
from schemas.mention import Mention

_AT_ONCE = 1000
"""So many places go into one statement: a server bounds the size of parameters."""
_COLUMNS = ", ".join(COUNT_NAMES)
_SUMS = ", ".join(f"SUM({name})" for name in COUNT_NAMES)
_AT = {name: at for at, name in enumerate(STORED_MENTION)}
_BLANK = {"text": "''", "terms": "''", "author": "''", "words": "[]", "is_deleted": "1"}
_BLANKED = ", ".join(_BLANK.get(name, f"m.{name}") for name in STORED_MENTION)
_TAKEN_BACK = {
    DeletionScope.POST: """m.post IN :subjects
        AND (m.source, m.post) IN (SELECT arrayJoin(arrayZip(:sources, :subjects)))""",
    DeletionScope.AUTHOR: """m.author IN :subjects
        AND (m.source, m.author) IN (SELECT arrayJoin(arrayZip(:sources, :subjects)))
        AND m.event_time_ms <= arrayMax(arrayMap((source, subject, at_ms) ->
            if(source = m.source AND subject = m.author, at_ms, -1), :sources, :subjects, :ats))""",
}


class ClickHouseWrites(Archiving[Batch]):
    """The writing half of a store in ClickHouse."""

    def _take_windows(self, tx: Batch, rows: list[Row]) -> None:
        self._merge_windows(tx, rows)
        _mark_due(tx, "windows", ((row[0], row[1]) for row in rows))

    def _merge_windows(self, tx: Batch, rows: Iterable[Sequence[Any]]) -> None:
        """Hours and days are added up anew from the minutes that are held."""
        table = BY_NAME["windows_1m"]
        found = list(rows)
        tx.upsert(table, found)
        for size_ms, rolled, finer in (
            (HOUR_MS, "windows_1h", "windows_1m"),
            (DAY_MS, "windows_1d", "windows_1h"),
        ):
            places = sorted({(row[0], row[1] // size_ms * size_ms) for row in found})
            for part in _parts(places):
                begins = [begin_ms for _, begin_ms in part]
                tx.run(
                    f"""INSERT INTO {rolled} (brand, start_ms, {_COLUMNS})
                    SELECT brand, start_ms - start_ms % {size_ms} AS begin_ms, {_SUMS} FROM {finer}
                    WHERE brand IN :brands AND start_ms >= :from_ms AND start_ms < :to_ms
                    AND (brand, start_ms - start_ms % {size_ms})
                        IN (SELECT arrayJoin(arrayZip(:brands, :begins)))
                    GROUP BY brand, begin_ms""",
                    {
                        "brands": [brand for brand, _ in part],
                        "begins": begins,
                        "from_ms": min(begins),
                        "to_ms": max(begins) + size_ms,
                    },
                )

    def _take_mentions(self, tx: Batch, mentions: list[Mention]) -> None:
        self._merge_mentions(tx, map(mention_row, mentions))
        _mark_due(tx, "mentions", ((one.brand, one.event_time_ms) for one in mentions))

    def _merge_mentions(self, tx: Batch, rows: Iterable[Sequence[Any]]) -> None:
        found = [list(row) for row in rows]
        posts, authors = self._gone(tx, found)
        for row in found:
            source = row[_AT["source"]]
            gone_until_ms = authors.get((source, row[_AT["author"]]), -1)
            if (source, row[_AT["post"]]) in posts or gone_until_ms >= row[_AT["event_time_ms"]]:
                row[_AT["text"]] = row[_AT["terms"]] = row[_AT["author"]] = row[_AT["words"]] = ""
                row[_AT["is_deleted"]] = 1
            row[_AT["words"]] = row[_AT["words"]].split()
        tx.insert("mentions", STORED_MENTION, found)

    def _gone(
        self, tx: Batch, rows: list[list[Any]]
    ) -> tuple[set[tuple[str, str]], dict[tuple[str, str], int]]:
        """(source, post) that were taken back, and (source, author) with until when."""
        subjects = {row[_AT[name]] for row in rows for name in ("post", "author")}
        held = list(tx.taken_back)
        for part in _parts(sorted(subjects)):
            held += tx.rows(
                """SELECT scope, source, subject, at_ms, is_swept FROM deletions
                WHERE subject IN :subjects""",
                {"subjects": part},
            )
        posts: set[tuple[str, str]] = set()
        authors: dict[tuple[str, str], int] = {}
        for scope, source, subject, at_ms, _ in held:
            if scope == DeletionScope.POST:
                posts.add((source, subject))
            else:
                authors[source, subject] = max(at_ms, authors.get((source, subject), -1))
        return posts, authors

    def _take_back(self, tx: Batch, rows: list[Row]) -> None:
        """What is held is written again without text, terms, words and author."""
        tx.upsert(BY_NAME["deletions"], rows)
        tx.taken_back += rows
        names = ", ".join(STORED_MENTION)
        for scope, condition in _TAKEN_BACK.items():
            for part in _parts([row for row in rows if row[0] == scope]):
                parameters: dict[str, Any] = {
                    "sources": [row[1] for row in part],
                    "subjects": [row[2] for row in part],
                }
                if scope is DeletionScope.AUTHOR:
                    parameters["ats"] = [row[3] for row in part]
                chosen = f"FROM mentions m WHERE m.is_deleted = 0 AND {condition}"
                places = tx.rows(f"SELECT DISTINCT m.brand, m.event_time_ms {chosen}", parameters)
                _mark_due(tx, "mentions", places)
                tx.run(f"INSERT INTO mentions ({names}) SELECT {_BLANKED} {chosen}", parameters)

    def _prune_mentions(self, before_ms: int) -> None:
        self._drop_due("mentions", before_ms)
        with self._database.writing() as tx:
            tx.run("DELETE FROM mentions WHERE event_time_ms < :before", {"before": before_ms})
            set_meta(tx, MENTIONS_FROM, max(before_ms, meta_value(tx, MENTIONS_FROM)))
        self._wipe_taken_back()

    def _wipe_taken_back(self) -> None:
        """Rows with text over which rows without it were written go from the disk as well."""
        days = self._database.rows(
            """SELECT DISTINCT _partition_id FROM mentions WHERE is_deleted = 0
            AND (brand, event_time_ms, part, off) IN
                (SELECT brand, event_time_ms, part, off FROM mentions WHERE is_deleted = 1)
            SETTINGS final = 0"""
        )
        for (day,) in days:
            with self._database.writing() as tx:
                tx.run(f"OPTIMIZE TABLE mentions PARTITION ID '{day}' FINAL")

    def note_archived(self, due: Due) -> None:
        """The file holds what was due, but for what came meanwhile."""
        with self._database.writing() as tx:
            for part in _parts(sorted(due.changes.items())):
                tx.run(
                    """DELETE FROM archive_due WHERE kind = :kind AND hour_ms = :hour
                    AND brand IN :brands AND changes <= transform(brand, :brands, :changes, 0)""",
                    {
                        "kind": due.kind.value,
                        "hour": due.hour_ms,
                        "brands": [brand for brand, _ in part],
                        "changes": [changes for _, changes in part],
                    },
                )

    def note_swept(self, deletions: Sequence[Deletion]) -> None:
        """No file has them any more; what was asked for again meanwhile has a later time."""
        with self._database.writing() as tx:
            rows = ((one.scope.value, one.source, one.subject, one.at_ms, 1) for one in deletions)
            tx.upsert(BY_NAME["deletions"], rows)


def _mark_due(tx: Batch, kind: str, places: Iterable[Sequence[Any]]) -> None:
    """The archive's files of these brands and hours lack something from now on."""
    change = time.time_ns()
    hours = sorted({(brand, at_ms // HOUR_MS * HOUR_MS) for brand, at_ms in places})
    tx.upsert(BY_NAME["archive_due"], ((kind, *place, change) for place in hours))


def _parts(values: list[Any]) -> Iterator[list[Any]]:
    """
    >>> [len(part) for part in _parts([0] * 2500)]
    [1000, 1000, 500]
    """
    for at in range(0, len(values), _AT_ONCE):
        yield values[at : at + _AT_ONCE]
