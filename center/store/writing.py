"""Records of the topics into the tables, each once."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from center.store.database import Database, Transaction, Verbs
from center.store.merging import merge_statement
from center.store.protocol import (
    COUNT_NAMES,
    DAY_MS,
    HOUR_MS,
    INTENTS,
    MINUTE_MS,
    Offsets,
    Record,
)
from center.store.standing import Standing, moved
from center.store.tables import BY_NAME, MENTION_COLUMNS, Table
from center.store.words import brand_word, words_of
from schemas.action import Action
from schemas.alert import Alert
from schemas.catalogue import Definition, kind_of
from schemas.deletion import Deletion
from schemas.delivery import Delivery
from schemas.expectation import Expectation
from schemas.feed import FeedGap, FeedPosition
from schemas.mention import Mention
from schemas.topics import (
    ACTIONS,
    ALERTS,
    CATALOGUE,
    DELETIONS,
    DELIVERIES,
    EXPECTATIONS,
    FEED_GAPS,
    FEED_POSITIONS,
    MENTIONS,
    TRENDS,
    WINDOWS,
)
from schemas.trend import Trend
from schemas.window import Window

FOLLOWED = (
    *(CATALOGUE, DELETIONS, WINDOWS, MENTIONS, ALERTS, TRENDS, EXPECTATIONS, FEED_GAPS),
    *(FEED_POSITIONS, ACTIONS, DELIVERIES),
)
"""The topics that a store holds. Deletions before mentions: see `_mentions`."""

_NEWEST_POST = "newest_post_ms"
_MINUTES_FROM = "minutes_from_ms"
_MENTIONS_FROM = "mentions_from_ms"
KEPT_IN_REBUILDS = ("actions", "deletions", "archive_due")
"""Never wrong, and not to be lost: `actions` and `deletions` are as people wrote them, and hours
whose archive files lack something lack it still."""
RESTORING = "restoring_from_archive"
FILLING_PERCENT = "filling_percent"
FILLING_UNTIL = "filling_until_ms"
STANDING = "standing"
"""`standing/FIELD/PARTITION` holds a field of a partition's `Standing`."""
_DAYS_A_TABLE: Mapping[str, tuple[str, int]] = {
    "alerts": ("started_at_ms", 400),
    "expectations": ("start_ms", 90),
    "gaps": ("to_ms", 400),
    "deliveries": ("at_ms", 90),
    "deletions": ("at_ms", 400),
    "windows_1h": ("start_ms", 800),
}
"""Column of the age, and days kept. Days of windows, actions and definitions stay for good."""
_SUMS = ", ".join(f"SUM(n.{name} - COALESCE(w.{name}, 0))" for name in COUNT_NAMES)
_COLUMNS = ", ".join(COUNT_NAMES)
_MENTION_NAMES = ", ".join(MENTION_COLUMNS)
_WITH_WORDS = (*MENTION_COLUMNS, "words")
# As `schemas.forgotten.Forgotten.covers` says it.
_IS_TAKEN_BACK = """EXISTS (SELECT 1 FROM {deletions} d WHERE d.scope = 'post'
    AND d.source = {m}.source AND d.subject = {m}.post)
  OR EXISTS (SELECT 1 FROM {deletions} d WHERE d.scope = 'author'
    AND d.source = {m}.source AND d.subject = {m}.author AND d.at_ms >= {m}.event_time_ms)"""


def clean(text: str) -> str:
    """Text that both databases take: PostgreSQL knows no NUL.

    >>> clean("a\\0b")
    'a\\ufffdb'
    """
    return text.replace("\0", "\ufffd") if "\0" in text else text


def _json(record: object) -> str:
    return msgspec.json.encode(record).decode()


class Writes:
    """The writing half of a store."""

    def __init__(self, database: Database, *, mentions_days: int, minutes_days: int) -> None:
        self._database = database
        self._mentions_days = mentions_days
        self._minutes_days = minutes_days

    def offsets(self) -> dict[tuple[str, int], int]:
        rows = self._database.rows("SELECT topic, part, next FROM offsets")
        return {(topic, part): following for topic, part, following in rows}

    def restart(self, topic: str, partition: int) -> None:
        """Forget how far a partition was read."""
        with self._database.writing() as tx:
            tx.run(
                "DELETE FROM offsets WHERE topic = :topic AND part = :part",
                {"topic": topic, "part": partition},
            )
            if topic in {WINDOWS.name, MENTIONS.name}:
                _set_standing(tx, partition, Standing())

    def apply(self, records: Sequence[Record], positions: Offsets) -> int:
        """Take records in with how far that is; those below the offsets held are skipped."""
        with self._database.writing() as tx:
            held = {
                (topic, part): following
                for topic, part, following in tx.rows("SELECT topic, part, next FROM offsets")
            }
            by_topic: dict[str, list[Record]] = defaultdict(list)
            for record in records:
                if record.offset >= held.get((record.topic, record.partition), 0):
                    by_topic[record.topic].append(record)
            for topic in FOLLOWED:
                if found := by_topic.get(topic.name):
                    _APPLIERS[topic.name](self, tx, found)
            fresh = [*by_topic[WINDOWS.name], *by_topic[MENTIONS.name]]
            if fresh:
                for partition, standing in moved(standings(_all_meta(tx)), fresh).items():
                    _set_standing(tx, partition, standing)
            ahead = [
                (*source, following)
                for source, following in positions.items()
                if following > held.get(source, -1)
            ]
            tx.upsert(BY_NAME["offsets"], ahead)
        return sum(map(len, by_topic.values()))

    def note_filling(self, percent: int, until_ms: int) -> None:
        """A simulated past that ends at `until_ms` is filled in so far; 100: it is whole."""
        with self._database.writing() as tx:
            set_meta(tx, FILLING_PERCENT, percent)
            set_meta(tx, FILLING_UNTIL, until_ms)

    def prune(self, now_ms: int) -> None:
        """Drop what is older than it is to be kept, a transaction a table."""
        for table, (column, days) in _DAYS_A_TABLE.items():
            with self._database.writing() as tx:
                tx.run(
                    f"DELETE FROM {table} WHERE {column} < :before",
                    {"before": now_ms - days * DAY_MS},
                )
        self._prune_minutes((now_ms - self._minutes_days * DAY_MS) // DAY_MS * DAY_MS)
        self._prune_mentions(now_ms - self._mentions_days * DAY_MS)

    def _prune_minutes(self, before_ms: int) -> None:
        """From here on, what comes of minutes before is in hours and days already."""
        self._drop_due("windows", before_ms)
        with self._database.writing() as tx:
            if before_ms > _meta(tx, _MINUTES_FROM):
                tx.run("DELETE FROM windows_1m WHERE start_ms < :before", {"before": before_ms})
                set_meta(tx, _MINUTES_FROM, before_ms)

    def _drop_due(self, kind: str, before_ms: int) -> None:
        """What an archive did not take in time, or nobody keeps one."""
        with self._database.writing() as tx:
            tx.run(
                "DELETE FROM archive_due WHERE kind = :kind AND hour_ms < :before",
                {"kind": kind, "before": before_ms - HOUR_MS},
            )

    def _prune_mentions(self, before_ms: int) -> None:
        self._drop_due("mentions", before_ms)
        brands = [brand for (brand,) in self._database.rows("SELECT DISTINCT brand FROM mentions")]
        for brand in brands:
            with self._database.writing() as tx:
                old = {"brand": brand, "before": before_ms}
                chosen = "SELECT id FROM mentions WHERE brand = :brand AND event_time_ms < :before"
                where = f"{self._database.word_id} IN ({chosen})"
                tx.run(f"DELETE FROM mention_words WHERE {where}", old)
                tx.run(f"DELETE FROM mentions WHERE id IN ({chosen})", old)
        with self._database.writing() as tx:
            set_meta(tx, _MENTIONS_FROM, max(before_ms, _meta(tx, _MENTIONS_FROM)))

    def rebuild(self) -> None:
        """Forget all but what people did and took back: the topics are read anew, from their
        beginnings."""
        self._database.drop_all(KEPT_IN_REBUILDS)

    def empty(self) -> None:
        """Forget everything."""
        self._database.drop_all()

    # one kind of records each

    def _windows(self, tx: Transaction, records: list[Record]) -> None:
        """Upsert by revision; the change goes into the hour and the day of the minute as well."""
        floor_ms = _meta(tx, _MINUTES_FROM)
        newest: dict[tuple[str, int], Window] = {}
        for record in records:
            window = record.value
            if not isinstance(window, Window) or window.size_ms != MINUTE_MS:
                continue
            held = newest.get(place := (window.brand, window.start_ms))
            if window.start_ms >= floor_ms and (held is None or window.revision >= held.revision):
                newest[place] = window
        self._merge_windows(tx, map(_window_row, newest.values()))
        self._mark_due(tx, "windows", "new_windows_1m", "start_ms")

    def _merge_windows(self, tx: Transaction, rows: Iterable[Sequence[Any]]) -> None:
        table = BY_NAME["windows_1m"]
        tx.load(table.name, table.column_names, rows)
        tx.run(
            """DELETE FROM new_windows_1m WHERE EXISTS (SELECT 1 FROM windows_1m w
            WHERE w.brand = new_windows_1m.brand AND w.start_ms = new_windows_1m.start_ms
            AND w.revision > new_windows_1m.revision)"""
        )
        for rolled, size_ms in (("windows_1h", HOUR_MS), ("windows_1d", DAY_MS)):
            added = ", ".join(f"{name} = {rolled}.{name} + excluded.{name}" for name in COUNT_NAMES)
            tx.run(
                f"""INSERT INTO {rolled} (brand, start_ms, {_COLUMNS})
                SELECT n.brand, n.start_ms - n.start_ms % {size_ms} AS begin_ms, {_SUMS}
                FROM new_windows_1m n LEFT JOIN windows_1m w
                ON w.brand = n.brand AND w.start_ms = n.start_ms
                WHERE 1 = 1 GROUP BY n.brand, n.start_ms - n.start_ms % {size_ms}
                ON CONFLICT (brand, start_ms) DO UPDATE SET {added}"""
            )
        tx.run(merge_statement(table))

    def _mentions(self, tx: Transaction, records: list[Record]) -> None:
        """By identity, each once; those that were taken back come without their text.

        Deletions are read as committed and mentions as written, so either may come first.
        """
        found = [record.value for record in records if isinstance(record.value, Mention)]
        if not found:
            return
        self._merge_mentions(tx, map(_mention_row, found))
        self._mark_due(tx, "mentions", "new_mentions", "event_time_ms")
        note_newest_post(tx, max(one.event_time_ms for one in found))

    def _merge_mentions(self, tx: Transaction, rows: Iterable[Sequence[Any]]) -> None:
        """Rows of `MENTION_COLUMNS` without the id, and their words."""
        (next_id,) = tx.rows("SELECT COALESCE(MAX(id), 0) + 1 FROM mentions")[0]
        tx.load("mentions", _WITH_WORDS, ((next_id + at, *row) for at, row in enumerate(rows)))
        taken_back = _IS_TAKEN_BACK.format(deletions="deletions", m="new_mentions")
        tx.run(
            f"""UPDATE new_mentions SET text = '', terms = '', author = '', words = '',
            is_deleted = 1 WHERE {taken_back}"""
        )
        tx.run(
            f"""INSERT INTO mentions ({_MENTION_NAMES}) SELECT {_MENTION_NAMES} FROM new_mentions
            WHERE 1 = 1 ON CONFLICT (brand, part, off) DO NOTHING"""
        )
        tx.run(
            f"""INSERT INTO mention_words ({self._database.word_id}, words)
            SELECT n.id, {self._database.split("n.words")} FROM new_mentions n
            WHERE n.words <> '' AND EXISTS (SELECT 1 FROM mentions m WHERE m.id = n.id)"""
        )

    def _mark_due(self, tx: Transaction, kind: str, table: str, column: str) -> None:
        """The archive's files of these brands and hours lack something from now on."""
        tx.run(
            f"""INSERT INTO archive_due (kind, brand, hour_ms, changes)
            SELECT DISTINCT '{kind}', brand, {column} - {column} % {HOUR_MS}, 1 FROM {table}
            WHERE 1 = 1 ON CONFLICT (kind, hour_ms, brand)
            DO UPDATE SET changes = archive_due.changes + 1"""
        )

    def _deletions(self, tx: Transaction, records: list[Record]) -> None:
        """Counts stay; text, terms, words and author of what is held go."""
        newest: dict[tuple[str, ...], tuple[Any, ...]] = {}
        for record in records:
            one = record.value
            if isinstance(one, Deletion):
                place = (one.scope.value, clean(one.source), clean(one.subject))
                newest[place] = (*place, one.at_ms, 0)
        tx.upsert(BY_NAME["deletions"], newest.values(), "excluded.at_ms > deletions.at_ms")
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

    def _alerts(self, tx: Transaction, records: list[Record]) -> None:
        newest: dict[str, Alert] = {}
        for record in records:
            one = record.value
            if isinstance(one, Alert):
                held = newest.get(one.id)
                if held is None or one.revision >= held.revision:
                    newest[one.id] = one
        rows = (
            (
                *(clean(one.id), one.revision, one.brand, one.state.value, one.kind, one.severity),
                *(one.started_at_ms, one.ended_at_ms, one.incident or one.id, one.department),
                _json(one),
            )
            for one in newest.values()
        )
        tx.upsert(BY_NAME["alerts"], rows, "excluded.revision >= alerts.revision")

    def _trends(self, tx: Transaction, records: list[Record]) -> None:
        newest = {one.value.brand: one.value for one in records if isinstance(one.value, Trend)}
        rows = ((one.brand, one.at_ms, _json(one)) for one in newest.values())
        tx.upsert(BY_NAME["trends"], rows, "excluded.at_ms >= trends.at_ms")

    def _expectations(self, tx: Transaction, records: list[Record]) -> None:
        newest = {
            (one.value.brand, one.value.start_ms): _json(one.value)
            for one in records
            if isinstance(one.value, Expectation)
        }
        rows = ((*place, record) for place, record in newest.items())
        tx.upsert(BY_NAME["expectations"], rows)

    def _gaps(self, tx: Transaction, records: list[Record]) -> None:
        newest = {
            (one.value.feed, one.value.from_ms): one.value
            for one in records
            if isinstance(one.value, FeedGap)
        }
        rows = ((*place, one.to_ms, _json(one)) for place, one in newest.items())
        tx.upsert(BY_NAME["gaps"], rows)

    def _feeds(self, tx: Transaction, records: list[Record]) -> None:
        def row(record: Record) -> tuple[Any, ...] | None:
            one = record.value
            return (record.key, _json(one)) if isinstance(one, FeedPosition) else None

        _keyed(tx, BY_NAME["feeds"], records, row)

    def _actions(self, tx: Transaction, records: list[Record]) -> None:
        """Never changed: of records with one key, the first holds."""
        first: dict[str, tuple[Any, ...]] = {}
        for record in records:
            one = record.value
            if isinstance(one, Action):
                key = clean(record.key)
                row = (
                    *(key, record.offset, one.kind.value, one.on.value, clean(one.subject)),
                    *(one.brand, one.at_ms, _json(one)),
                )
                first.setdefault(key, row)
        tx.add(BY_NAME["actions"], first.values())

    def _deliveries(self, tx: Transaction, records: list[Record]) -> None:
        def row(record: Record) -> tuple[Any, ...] | None:
            one = record.value
            if not isinstance(one, Delivery):
                return None
            place = (record.key, one.subscriber, one.alert, one.brand)
            return (*place, one.outcome.value, one.at_ms, _json(one))

        _keyed(tx, BY_NAME["deliveries"], records, row)

    def _definitions(self, tx: Transaction, records: list[Record]) -> None:
        def row(record: Record) -> tuple[Any, ...] | None:
            one = record.value
            if not isinstance(one, Definition):
                return None
            return (record.key, kind_of(one), _json(one))

        _keyed(tx, BY_NAME["definitions"], records, row)


_APPLIERS: Mapping[str, Callable[[Writes, Transaction, list[Record]], None]] = {
    WINDOWS.name: Writes._windows,
    MENTIONS.name: Writes._mentions,
    DELETIONS.name: Writes._deletions,
    ALERTS.name: Writes._alerts,
    TRENDS.name: Writes._trends,
    EXPECTATIONS.name: Writes._expectations,
    FEED_GAPS.name: Writes._gaps,
    FEED_POSITIONS.name: Writes._feeds,
    ACTIONS.name: Writes._actions,
    DELIVERIES.name: Writes._deliveries,
    CATALOGUE.name: Writes._definitions,
}


def _keyed(
    tx: Verbs,
    table: Table,
    records: Iterable[Record],
    row: Callable[[Record], tuple[Any, ...] | None],
) -> None:
    """Upsert by key, where an absent value removes."""
    newest: dict[str, tuple[Any, ...] | None] = {}
    for record in records:
        if record.value is None:
            newest[record.key] = None
        elif (made := row(record)) is not None:
            newest[record.key] = made
    for key in [key for key, made in newest.items() if made is None]:
        sql = f"DELETE FROM {table.name} WHERE {table.key[0]} = :key"
        tx.run(sql, {"key": key})
    tx.upsert(table, (made for made in newest.values() if made is not None))


def _meta(tx: Verbs, name: str) -> int:
    rows = tx.rows("SELECT value FROM meta WHERE name = :name", {"name": name})
    return int(rows[0][0]) if rows else 0


def _all_meta(tx: Verbs) -> dict[str, int]:
    return dict(tx.rows("SELECT name, value FROM meta"))


def standings(meta: Mapping[str, int]) -> dict[int, Standing]:
    """Each partition's standing, from the rows of `meta`."""
    found: dict[int, Standing] = {}
    for name, value in meta.items():
        kind, _, place = name.partition("/")
        if kind == STANDING:
            field, _, partition = place.partition("/")
            held = found.get(int(partition), Standing())
            found[int(partition)] = held._replace(**{field: value})
    return found


def _set_standing(tx: Verbs, partition: int, standing: Standing) -> None:
    for field, value in standing._asdict().items():
        set_meta(tx, f"{STANDING}/{field}/{partition}", value)


def note_newest_post(tx: Verbs, newest_ms: int) -> None:
    """Event time of the newest mention that was taken in."""
    if newest_ms > _meta(tx, _NEWEST_POST):
        set_meta(tx, _NEWEST_POST, newest_ms)


def set_meta(tx: Verbs, name: str, value: int) -> None:
    """Keep a number by name."""
    tx.upsert(BY_NAME["meta"], [(name, value)])


def _window_row(window: Window) -> tuple[Any, ...]:
    plain = COUNT_NAMES[: -len(INTENTS)]
    return (
        *(window.brand, window.start_ms, window.revision),
        *(getattr(window, name) for name in plain),
        *(window.intents.get(objective, 0) for objective in INTENTS),
    )


def listed(values: Iterable[str], mark: str) -> str:
    """Values in one column, so that each stands between two marks.

    >>> listed(["a", "b"], " "), listed([], " ")
    (' a b ', '')
    """
    joined = mark.join(values)
    return f"{mark}{joined}{mark}" if joined else ""


def _mention_row(one: Mention) -> tuple[Any, ...]:
    text = clean(one.text)
    return (
        *(one.brand, one.partition, one.offset, one.event_time_ms, one.polarity.value),
        *(one.sentiment_milli, int(one.is_repost), one.channel.value, one.reach),
        *(clean(one.author), clean(one.post), clean(one.source), text),
        *(listed(map(clean, one.terms), "\n"), one.text_hash, one.place.value),
        *(one.confidence_milli, int(one.is_address), int(one.is_edit), one.product),
        *(listed(one.intents, " "), listed(one.spam, " "), one.language),
        *(clean(one.original_author), int(one.is_newcomer), clean(one.region), 0),
        *(clean(one.original), one.depth),
        f"{brand_word(one.brand)} {words_of(text)}",
    )
