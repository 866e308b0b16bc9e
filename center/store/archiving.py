"""What the archive takes from a store, and gives back to it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

from center.store.database import Row
from center.store.protocol import COUNT_NAMES, DAY_MS, HOUR_MS
from center.store.tables import MENTION_COLUMNS
from center.store.words import brand_word, words_of
from center.store.writing import RESTORING, T, Writes, note_newest_post, set_meta
from schemas.deletion import Deletion, DeletionScope

ARCHIVED_MENTION = MENTION_COLUMNS[1:]
"""All but the store's own number. (brand, part, off) is the identity."""
ARCHIVED_WINDOW = ("brand", "start_ms", "revision", *COUNT_NAMES)

_M = {name: at for at, name in enumerate(ARCHIVED_MENTION)}


class Kind(StrEnum):
    """What stands in a file."""

    MENTIONS = "mentions"
    WINDOWS = "windows"


class Due(NamedTuple):
    """A file that lacks something."""

    kind: Kind
    hour_ms: int
    changes: Mapping[str, int]
    """Brand -> how often something came of it: what comes while the file is written counts on."""


class Archiving(Writes[T]):
    """The half of a store that an archive sees."""

    def is_new(self) -> bool:
        """Whether nothing was ever taken in."""
        return not self._database.rows("SELECT 1 FROM offsets LIMIT 1")

    def is_restoring(self) -> bool:
        """Whether a restoring from the archive was begun and not ended."""
        sql = "SELECT value FROM meta WHERE name = :name"
        rows = self._database.rows(sql, {"name": RESTORING})
        return bool(rows and rows[0][0])

    def note_restoring(self, *, is_under_way: bool) -> None:
        """Keep whether a restoring is under way, for a start after a crash."""
        with self._database.writing() as tx:
            set_meta(tx, RESTORING, int(is_under_way))

    def due_hours(self, before_ms: int) -> list[tuple[Kind, int]]:
        """Files that lack something, of hours that begin before, the oldest first."""
        rows = self._database.rows(
            """SELECT DISTINCT hour_ms, kind FROM archive_due WHERE hour_ms < :before
            ORDER BY hour_ms, kind""",
            {"before": before_ms},
        )
        return [(Kind(kind), hour_ms) for hour_ms, kind in rows]

    def due(self, kind: Kind, hour_ms: int) -> Due:
        """What one file lacks."""
        rows = self._database.rows(
            "SELECT brand, changes FROM archive_due WHERE kind = :kind AND hour_ms = :hour",
            {"kind": kind.value, "hour": hour_ms},
        )
        return Due(kind, hour_ms, dict(rows))

    def hour_rows(self, kind: Kind, brand: str, hour_ms: int) -> Iterator[Row]:
        """What is held of a brand and an hour, in the order of the file."""
        if kind is Kind.MENTIONS:
            sql = f"""SELECT {", ".join(ARCHIVED_MENTION)} FROM mentions WHERE brand = :brand
                AND event_time_ms >= :from_ms AND event_time_ms < :to_ms ORDER BY part, off"""
        else:
            sql = f"""SELECT {", ".join(ARCHIVED_WINDOW)} FROM windows_1m WHERE brand = :brand
                AND start_ms >= :from_ms AND start_ms < :to_ms ORDER BY start_ms"""
        span = {"from_ms": hour_ms, "to_ms": hour_ms + HOUR_MS}
        return self._database.stream(sql, {"brand": brand, **span})

    def unswept(self, limit: int) -> list[Deletion]:
        """What was taken back, and files of hours that the store does not hold may still have."""
        rows = self._database.rows(
            """SELECT scope, source, subject, at_ms FROM deletions WHERE is_swept = 0
            ORDER BY at_ms LIMIT :most""",
            {"most": limit},
        )
        return [
            Deletion(scope=DeletionScope(scope), source=source, subject=subject, at_ms=at_ms)
            for scope, source, subject, at_ms in rows
        ]

    def note_archived(self, due: Due) -> None:
        """The file holds what was due, but for what came meanwhile."""
        raise NotImplementedError

    def note_swept(self, deletions: Sequence[Deletion]) -> None:
        """No file has them any more; what was asked for again meanwhile stays to be done."""
        raise NotImplementedError

    def restore(self, kind: Kind, rows: Sequence[Row]) -> None:
        """Take rows of a file in, each once; they lack in no file."""
        if not rows:
            return
        with self._database.writing() as tx:
            if kind is Kind.WINDOWS:
                self._merge_windows(tx, rows)
            else:
                self._merge_mentions(tx, ((*row, _words(row)) for row in rows))
                note_newest_post(tx, max(row[_M["event_time_ms"]] for row in rows))

    def _merge_windows(self, tx: T, rows: Iterable[Sequence[Any]]) -> None:
        """Rows of `windows_1m`, by revision; their hours and days follow."""
        raise NotImplementedError

    def _merge_mentions(self, tx: T, rows: Iterable[Sequence[Any]]) -> None:
        """Rows of `ARCHIVED_MENTION` and their words; those taken back lose theirs."""
        raise NotImplementedError

    def held_from_ms(self, now_ms: int) -> int:
        """Begin of the first hour of which the store holds all mentions."""
        return (now_ms - self._mentions_days * DAY_MS) // HOUR_MS * HOUR_MS + HOUR_MS


def _words(row: Row) -> Any:
    if row[_M["is_deleted"]]:
        return ""
    return f"{brand_word(row[_M['brand']])} {words_of(row[_M['text']])}"
