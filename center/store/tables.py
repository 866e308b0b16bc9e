"""The tables, the same for all databases, and the way from one version to the next."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from center.store.protocol import COUNT_NAMES, HOUR_MS

WINDOW_TABLES = {"1m": "windows_1m", "1h": "windows_1h", "1d": "windows_1d"}

MENTION_COLUMNS = (
    *("id", "brand", "part", "off", "event_time_ms", "polarity", "sentiment_milli", "is_repost"),
    *("channel", "reach", "author", "post", "source", "text", "terms", "text_hash", "place"),
    *("confidence_milli", "is_address", "is_edit", "product", "intents", "spam", "language"),
    *("original_author", "is_newcomer", "region", "is_deleted", "original", "depth"),
)
_MENTION_TYPES = {
    **dict.fromkeys(MENTION_COLUMNS, "BIGINT"),
    **dict.fromkeys(
        (
            *("brand", "polarity", "channel", "author", "post", "source", "text", "terms"),
            *("place", "product", "intents", "spam", "language", "original_author", "region"),
            "original",
        ),
        "TEXT",
    ),
}

_LISTED_BY = (
    *("brand", "event_time_ms", "id", "is_edit", "reach", "sentiment_milli", "is_repost"),
    *("polarity", "place", "channel", "region", "source", "original_author"),
)
"""What lists of a brand's posts are counted, sorted and mostly filtered by: with all of it in the
index, only the posts of the page that is shown are read."""


class Table(NamedTuple):
    """A table whose rows are found by their key alone, written by upsert."""

    name: str
    columns: tuple[str, ...]
    """With their types."""
    key: tuple[str, ...]
    indexes: tuple[tuple[str, ...], ...] = ()
    is_clustered: bool = True
    """Rows lie in the order of the key, where the database can do that."""

    @property
    def column_names(self) -> tuple[str, ...]:
        return tuple(column.split()[0] for column in self.columns)


_COUNTS = tuple(f"{name} BIGINT NOT NULL" for name in COUNT_NAMES)
_PLACE = ("brand TEXT NOT NULL", "start_ms BIGINT NOT NULL")

TABLES = (
    Table("meta", ("name TEXT NOT NULL", "value BIGINT NOT NULL"), ("name",)),
    Table(
        "offsets",
        ("topic TEXT NOT NULL", "part BIGINT NOT NULL", "next BIGINT NOT NULL"),
        ("topic", "part"),
    ),
    Table(
        "windows_1m",
        (*_PLACE, "revision BIGINT NOT NULL", *_COUNTS),
        ("brand", "start_ms"),
        (("start_ms",),),
    ),
    Table("windows_1h", (*_PLACE, *_COUNTS), ("brand", "start_ms"), (("start_ms",),)),
    Table("windows_1d", (*_PLACE, *_COUNTS), ("brand", "start_ms"), (("start_ms",),)),
    Table(
        "mentions",
        tuple(f"{name} {_MENTION_TYPES[name]} NOT NULL" for name in MENTION_COLUMNS),
        ("id",),
        (_LISTED_BY, ("post",), ("author",)),
        is_clustered=False,
    ),
    Table(
        "alerts",
        (
            *("id TEXT NOT NULL", "revision BIGINT NOT NULL", "brand TEXT NOT NULL"),
            *("state TEXT NOT NULL", "kind TEXT NOT NULL", "severity BIGINT NOT NULL"),
            *("started_at_ms BIGINT NOT NULL", "ended_at_ms BIGINT", "incident TEXT NOT NULL"),
            *("department TEXT NOT NULL", "record TEXT NOT NULL"),
        ),
        ("id",),
        (("started_at_ms",), ("incident",), ("brand",)),
    ),
    Table(
        "trends",
        ("brand TEXT NOT NULL", "at_ms BIGINT NOT NULL", "record TEXT NOT NULL"),
        ("brand",),
    ),
    Table("expectations", (*_PLACE, "record TEXT NOT NULL"), ("brand", "start_ms")),
    Table(
        "gaps",
        (
            *("feed TEXT NOT NULL", "from_ms BIGINT NOT NULL", "to_ms BIGINT NOT NULL"),
            "record TEXT NOT NULL",
        ),
        ("feed", "from_ms"),
    ),
    Table("feeds", ("feed TEXT NOT NULL", "record TEXT NOT NULL"), ("feed",)),
    Table(
        "actions",
        (
            *("record_key TEXT NOT NULL", "off BIGINT NOT NULL", "kind TEXT NOT NULL"),
            *("on_what TEXT NOT NULL", "subject TEXT NOT NULL", "brand TEXT NOT NULL"),
            *("at_ms BIGINT NOT NULL", "record TEXT NOT NULL"),
        ),
        ("record_key",),
        (("subject",), ("off",)),
    ),
    Table(
        "deletions",
        (
            *("scope TEXT NOT NULL", "source TEXT NOT NULL", "subject TEXT NOT NULL"),
            "at_ms BIGINT NOT NULL",
            "is_swept BIGINT NOT NULL",  # archive files older than the store were looked through
        ),
        ("scope", "source", "subject"),
    ),
    Table(
        "archive_due",
        (
            *("kind TEXT NOT NULL", "brand TEXT NOT NULL", "hour_ms BIGINT NOT NULL"),
            "changes BIGINT NOT NULL",
        ),
        ("kind", "hour_ms", "brand"),
    ),
    Table(
        "deliveries",
        (
            *("record_key TEXT NOT NULL", "subscriber TEXT NOT NULL", "alert TEXT NOT NULL"),
            *(
                "brand TEXT NOT NULL",
                "outcome TEXT NOT NULL",
                "at_ms BIGINT NOT NULL",
                "record TEXT NOT NULL",
            ),
        ),
        ("record_key",),
        (("alert",), ("at_ms",)),
    ),
    Table(
        "definitions",
        ("record_key TEXT NOT NULL", "kind TEXT NOT NULL", "record TEXT NOT NULL"),
        ("record_key",),
        (("kind",),),
    ),
)
BY_NAME = {table.name: table for table in TABLES}


_IDENTITY = "CREATE UNIQUE INDEX mentions_identity ON mentions (part, off, brand)"
"""Places grow as posts come, so new ones go to the end of their partition's; by brand first, each
goes to another page."""


def _create_index(table: str, columns: Sequence[str]) -> str:
    """
    >>> _create_index("alerts", ("brand",))
    'CREATE INDEX alerts_by_brand ON alerts (brand)'
    """
    name = "listed" if columns == _LISTED_BY else f"by_{'_'.join(columns)}"
    return f"CREATE INDEX {table}_{name} ON {table} ({', '.join(columns)})"


SCHEMA_VERSION = 4
"""Raised with every change of the tables, with a step in `MIGRATIONS`."""
MIGRATIONS: dict[int, Sequence[str]] = {
    2: (
        "ALTER TABLE mentions ADD COLUMN original TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE mentions ADD COLUMN depth BIGINT NOT NULL DEFAULT 0",
        "ALTER TABLE deletions ADD COLUMN is_swept BIGINT NOT NULL DEFAULT 0",
        """CREATE TABLE archive_due (kind TEXT NOT NULL, brand TEXT NOT NULL,
        hour_ms BIGINT NOT NULL, changes BIGINT NOT NULL, PRIMARY KEY (kind, hour_ms, brand))""",
        *(
            f"""INSERT INTO archive_due (kind, brand, hour_ms, changes)
            SELECT DISTINCT '{kind}', brand, {column} - {column} % {HOUR_MS}, 1 FROM {table}"""
            for kind, table, column in (
                ("mentions", "mentions", "event_time_ms"),
                ("windows", "windows_1m", "start_ms"),
            )
        ),
    ),
    3: (
        "DROP INDEX mentions_by_brand_event_time_ms",
        _create_index("mentions", _LISTED_BY),
    ),
    4: ("DROP INDEX mentions_identity", _IDENTITY),
}
"""Version -> statements that bring tables of the version before to it."""


def create_statements(clustered: str, kept: Collection[str] = ()) -> list[str]:
    """DDL of all tables but those that are kept; `clustered`: what ends the DDL of those that lie
    in the order of keys."""
    found = []
    for table in TABLES:
        if table.name in kept:
            continue
        key = ", ".join(table.key)
        ending = clustered if table.is_clustered else ""
        columns = ", ".join(table.columns)
        found.append(f"CREATE TABLE {table.name} ({columns}, PRIMARY KEY ({key})) {ending}")
        found += [_create_index(table.name, index) for index in table.indexes]
    found.append(_IDENTITY)
    return found
