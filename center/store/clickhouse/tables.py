"""The tables of ClickHouse, from the columns and keys that all databases have."""

from collections.abc import Iterator

from center.store.tables import BY_NAME, MENTION_COLUMNS, TABLES, Table

STORED_MENTION = (*MENTION_COLUMNS[1:], "words")
"""All but the number by which pages go on: it follows from the identity."""
MENTION_ID = "bitShiftLeft(off, 20) + toInt64(bitAnd(cityHash64(brand, part), 1048575))"
"""In the order of the topic."""
_DAY = "toYYYYMMDD(fromUnixTimestamp64Milli({}))"
_MONTH = "toYYYYMM(fromUnixTimestamp64Milli({}))"
_FEW = frozenset(
    {
        *("brand", "polarity", "channel", "place", "source", "product", "language", "region"),
        *("intents", "spam"),
    }
)
"""Columns of mentions with few values."""
_VERSIONS = {
    "windows_1m": "revision",
    "alerts": "revision",
    "trends": "at_ms",
    "deletions": "at_ms",
    "actions": "before_others",
}
"""Of rows with one key the highest holds, and of those the last written."""
_PARTITIONS = {
    "windows_1m": _MONTH.format("start_ms"),
    "mentions": _DAY.format("event_time_ms"),
}
_MORE = {
    "actions": (
        "before_others Int64 DEFAULT -off",  # never changed: the first record of a key holds
    ),
    "mentions": (
        "words Array(String)",
        f"id Int64 ALIAS {MENTION_ID}",
        "INDEX mentions_by_words words TYPE text(tokenizer = 'array')",
        "INDEX mentions_by_post post TYPE bloom_filter(0.01)",
        "INDEX mentions_by_author author TYPE bloom_filter(0.01)",
    ),
}
_KEYS = {"mentions": ("brand", "event_time_ms", "part", "off")}


def create_statements() -> Iterator[str]:
    """DDL of all tables."""
    for table in TABLES:
        version = _VERSIONS.get(table.name, "")
        partition = _PARTITIONS.get(table.name)
        parted = f" PARTITION BY {partition}" if partition else ""
        key = ", ".join(_KEYS.get(table.name, table.key))
        columns = ", ".join((*_columns(table), *_MORE.get(table.name, ())))
        yield (
            f"CREATE TABLE IF NOT EXISTS {table.name} ({columns}) "
            f"ENGINE = ReplacingMergeTree({version}){parted} ORDER BY ({key})"
        )


def _columns(table: Table) -> Iterator[str]:
    """
    >>> list(_columns(Table("t", ("a TEXT NOT NULL", "b BIGINT NOT NULL", "c BIGINT"), ("a",))))
    ['a String', 'b Int64', 'c Nullable(Int64)']
    """
    for column in table.columns:
        name, kind, *not_null = column.split()
        found = "String" if kind == "TEXT" else "Int64"
        if table.name == "mentions":
            if name == "id":
                continue
            if name in _FEW:
                found = f"LowCardinality({found})"
        yield f"{name} {found if not_null else f'Nullable({found})'}"


def required_columns(name: str) -> frozenset[str]:
    """Columns of a table that hold a value in each row."""
    return frozenset(
        column.split()[0] for column in BY_NAME[name].columns if column.endswith("NOT NULL")
    )
