"""Records of the topics into the tables, each once."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Generic, TypeVar

import msgspec

from center.store.database import Row, Verbs, Writable
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
from center.store.tables import BY_NAME, Table
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
MENTIONS_FROM = "mentions_from_ms"
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


def clean(text: str) -> str:
    """Text that all databases take: PostgreSQL knows no NUL.

    >>> clean("a\\0b")
    'a\\ufffdb'
    """
    return text.replace("\0", "\ufffd") if "\0" in text else text


def _json(record: object) -> str:
    return msgspec.json.encode(record).decode()


T = TypeVar("T", bound=Verbs)
"""How the database writes."""


class Writes(Generic[T]):
    """The writing half of a store."""

    def __init__(self, database: Writable[T], *, mentions_days: int, minutes_days: int) -> None:
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
                _set_standings(tx, {partition: Standing()})

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
                _set_standings(tx, moved(standings(_all_meta(tx)), fresh))
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
            if before_ms > meta_value(tx, _MINUTES_FROM):
                tx.run("DELETE FROM windows_1m WHERE start_ms < :before", {"before": before_ms})
                set_meta(tx, _MINUTES_FROM, before_ms)

    def _drop_due(self, kind: str, before_ms: int) -> None:
        """What an archive did not take in time, or nobody keeps one."""
        with self._database.writing() as tx:
            tx.run(
                "DELETE FROM archive_due WHERE kind = :kind AND hour_ms < :before",
                {"kind": kind, "before": before_ms - HOUR_MS},
            )

    def rebuild(self) -> None:
        """Forget all but what people did and took back: the topics are read anew, from their
        beginnings."""
        self._database.drop_all(KEPT_IN_REBUILDS)

    def empty(self) -> None:
        """Forget everything."""
        self._database.drop_all()

    # one kind of records each

    def _windows(self, tx: T, records: list[Record]) -> None:
        """Upsert by revision; the change goes into the hour and the day of the minute as well."""
        floor_ms = meta_value(tx, _MINUTES_FROM)
        newest: dict[tuple[str, int], Window] = {}
        for record in records:
            window = record.value
            if not isinstance(window, Window) or window.size_ms != MINUTE_MS:
                continue
            held = newest.get(place := (window.brand, window.start_ms))
            if window.start_ms >= floor_ms and (held is None or window.revision >= held.revision):
                newest[place] = window
        self._take_windows(tx, [_window_row(window) for window in newest.values()])

    def _take_windows(self, tx: T, rows: list[Row]) -> None:
        """Rows of `windows_1m`, each of another minute; hours, days and the archive follow."""
        raise NotImplementedError

    def _mentions(self, tx: T, records: list[Record]) -> None:
        """By identity, each once; those that were taken back come without their text.

        Deletions are read as committed and mentions as written, so either may come first.
        """
        found = [record.value for record in records if isinstance(record.value, Mention)]
        if found:
            self._take_mentions(tx, found)
            note_newest_post(tx, max(one.event_time_ms for one in found))

    def _take_mentions(self, tx: T, mentions: list[Mention]) -> None:
        raise NotImplementedError

    def _deletions(self, tx: T, records: list[Record]) -> None:
        """Counts stay; text, terms, words and author of what is held go."""
        newest: dict[tuple[str, ...], tuple[Any, ...]] = {}
        for record in records:
            one = record.value
            if isinstance(one, Deletion):
                place = (one.scope.value, clean(one.source), clean(one.subject))
                newest[place] = (*place, one.at_ms, 0)
        self._take_back(tx, list(newest.values()))

    def _take_back(self, tx: T, rows: list[Row]) -> None:
        """Rows of `deletions`."""
        raise NotImplementedError

    def _prune_mentions(self, before_ms: int) -> None:
        raise NotImplementedError

    def _alerts(self, tx: T, records: list[Record]) -> None:
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

    def _trends(self, tx: T, records: list[Record]) -> None:
        newest = {one.value.brand: one.value for one in records if isinstance(one.value, Trend)}
        rows = ((one.brand, one.at_ms, _json(one)) for one in newest.values())
        tx.upsert(BY_NAME["trends"], rows, "excluded.at_ms >= trends.at_ms")

    def _expectations(self, tx: T, records: list[Record]) -> None:
        newest = {
            (one.value.brand, one.value.start_ms): _json(one.value)
            for one in records
            if isinstance(one.value, Expectation)
        }
        rows = ((*place, record) for place, record in newest.items())
        tx.upsert(BY_NAME["expectations"], rows)

    def _gaps(self, tx: T, records: list[Record]) -> None:
        newest = {
            (one.value.feed, one.value.from_ms): one.value
            for one in records
            if isinstance(one.value, FeedGap)
        }
        rows = ((*place, one.to_ms, _json(one)) for place, one in newest.items())
        tx.upsert(BY_NAME["gaps"], rows)

    def _feeds(self, tx: T, records: list[Record]) -> None:
        def row(record: Record) -> tuple[Any, ...] | None:
            one = record.value
            return (record.key, _json(one)) if isinstance(one, FeedPosition) else None

        _keyed(tx, BY_NAME["feeds"], records, row)

    def _actions(self, tx: T, records: list[Record]) -> None:
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

    def _deliveries(self, tx: T, records: list[Record]) -> None:
        def row(record: Record) -> tuple[Any, ...] | None:
            one = record.value
            if not isinstance(one, Delivery):
                return None
            place = (record.key, one.subscriber, one.alert, one.brand)
            return (*place, one.outcome.value, one.at_ms, _json(one))

        _keyed(tx, BY_NAME["deliveries"], records, row)

    def _definitions(self, tx: T, records: list[Record]) -> None:
        def row(record: Record) -> tuple[Any, ...] | None:
            one = record.value
            if not isinstance(one, Definition):
                return None
            return (record.key, kind_of(one), _json(one))

        _keyed(tx, BY_NAME["definitions"], records, row)


_APPLIERS: Mapping[str, Callable[[Any, Any, list[Record]], None]] = {
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


def meta_value(tx: Verbs, name: str) -> int:
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


def _set_standings(tx: Verbs, standings: Mapping[int, Standing]) -> None:
    rows = [
        (f"{STANDING}/{field}/{partition}", value)
        for partition, standing in standings.items()
        for field, value in standing._asdict().items()
    ]
    if rows:
        tx.upsert(BY_NAME["meta"], rows)


def note_newest_post(tx: Verbs, newest_ms: int) -> None:
    """Event time of the newest mention that was taken in."""
    if newest_ms > meta_value(tx, _NEWEST_POST):
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


def mention_row(one: Mention) -> tuple[Any, ...]:
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
