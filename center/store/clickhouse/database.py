"""A ClickHouse server over HTTP, or the same engine within this process (chdb)."""

import re
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from center.store.clickhouse.tables import create_statements, required_columns
from center.store.database import NOTHING, Parameters, Row
from center.store.readers import Readers
from center.store.tables import SCHEMA_VERSION, TABLES, Table
from schemas.errors import OperatorError

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

SCHEMES = ("clickhouse://", "clickhouses://", "chdb:///")
"""HTTP, HTTPS, and a folder for the engine within this process."""
_HTTP_PORT = 8123
_HTTPS_PORT = 8443
_SETTINGS = {
    "final": 1,  # of rows with one key, one
    "do_not_merge_across_partitions_select_final": 1,
    "async_insert": 0,  # offsets come after what they stand for
    "insert_deduplicate": 0,  # a value that comes back is no repetition
    "max_partitions_per_insert_block": 0,  # an archive brings days of years
    "lightweight_deletes_sync": 2,
    "transform_null_in": 0,
}
_PARAMETER = re.compile(r"(?<![:\w]):([a-z_]+)")


def _typed(sql: str, parameters: Parameters) -> str:
    """`:name` as ClickHouse writes it, with its type.

    >>> _typed("a = :b AND c IN :d AND e = ':'", {"b": 1, "d": ["x"]})
    "a = {b:Int64} AND c IN {d:Array(String)} AND e = ':'"
    """
    return _PARAMETER.sub(lambda found: f"{{{found[1]}:{_kind(parameters[found[1]])}}}", sql)


def _kind(value: object) -> str:
    if isinstance(value, list):
        return f"Array({_kind(value[0]) if value else 'String'})"
    return "Int64" if isinstance(value, int) else "String"


class Batch:
    """What is written in order when all of it is known; nothing, where one row is wrong."""

    def __init__(self, database: "ClickHouseDatabase", client: "Client") -> None:
        self._database = database
        self._client = client
        self._steps: list[Callable[[], object]] = []
        self._last: tuple[tuple[str, tuple[str, ...]], list[Sequence[Any]]] | None = None
        """Table and columns of the last step and its rows, if rows are what it writes."""
        self.taken_back: list[Row] = []
        """Rows of `deletions` that are part of it."""

    def rows(self, sql: str, parameters: Parameters = NOTHING) -> list[Row]:
        """As it was before the batch."""
        return self._database.rows(sql, parameters)

    def run(self, sql: str, parameters: Parameters = NOTHING) -> None:
        """One statement, in its turn."""
        self._last = None
        self._steps.append(partial(self._client.command, _typed(sql, parameters), dict(parameters)))

    def insert(self, name: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Rows, in their turn."""
        required = required_columns(name)
        places = [at for at, column in enumerate(columns) if column in required]
        found = list(rows)
        for row in found:
            for at in places:
                if row[at] is None:
                    raise ValueError(f"{name}.{columns[at]} is NOT NULL, and a row has no value")
        if not found:
            return
        place = (name, tuple(columns))
        if self._last is not None and self._last[0] == place:
            self._last[1].extend(found)  # one insert: each makes a part
            return
        self._last = (place, found)
        self._steps.append(partial(self._client.insert, name, found, columns))

    def upsert(self, table: Table, rows: Iterable[Sequence[Any]], where: str = "1 = 1") -> None:
        """Rows over what is there by key; which one holds is part of the table."""
        self.insert(table.name, table.column_names, rows)

    def add(self, table: Table, rows: Iterable[Sequence[Any]]) -> None:
        """Rows whose keys are not there yet; which one holds is part of the table."""
        self.insert(table.name, table.column_names, rows)

    def write(self) -> None:
        """All of it, in order."""
        for step in self._steps:
            step()


class ClickHouseDatabase:
    """One database of one server; see `Writable`."""

    def __init__(self, url: str) -> None:
        try:
            from clickhouse_connect.driver.exceptions import (  # noqa: PLC0415 - an extra
                DatabaseError,
                Error,
            )
        except ImportError:
            raise OperatorError(
                "center_store: ClickHouse needs clickhouse-connect; install leimo[clickhouse]"
            ) from None
        self._url = url
        self._lock = threading.Lock()
        self._readers = Readers(self._connect)
        self.outages: tuple[type[Exception], ...] = (DatabaseError,)
        try:
            self._writer = self._connect()
            self._migrate()
        except Error as error:
            raise OperatorError(
                f"center_store: ClickHouse did not do what was asked: {error}; look at its "
                "address, user and rights, and make the database if there is none"
            ) from None

    def _connect(self) -> "Client":
        from clickhouse_connect.driver import create_client  # noqa: PLC0415

        parts = urlsplit(self._url)
        if parts.scheme == "chdb":
            return create_client(
                interface="chdb", path=unquote(parts.path), settings=dict(_SETTINGS)
            )
        is_secure = parts.scheme == "clickhouses"
        return create_client(
            host=parts.hostname,
            port=parts.port or (_HTTPS_PORT if is_secure else _HTTP_PORT),
            secure=is_secure,
            username=unquote(parts.username or "") or None,
            password=unquote(parts.password or ""),
            database=unquote(parts.path.removeprefix("/")) or None,
            settings=dict(_SETTINGS),
            autogenerate_session_id=False,
            form_encode_query_params=True,
        )

    def _migrate(self) -> None:
        run = self._writer.command
        run(
            "CREATE TABLE IF NOT EXISTS schema_version (version Int64) "
            "ENGINE = ReplacingMergeTree ORDER BY tuple()"
        )
        rows = self._writer.query("SELECT version FROM schema_version").result_rows
        version = rows[0][0] if rows else 0
        if version > SCHEMA_VERSION:
            raise OperatorError(
                f"center_store: its tables are of version {version}, and this leimo knows "
                f"{SCHEMA_VERSION}; use the newer leimo, or name another database"
            )
        for statement in create_statements():
            run(statement)
        if version != SCHEMA_VERSION:
            self._writer.insert("schema_version", [[SCHEMA_VERSION]], ["version"])

    @contextmanager
    def writing(self) -> Iterator[Batch]:
        """One batch; another of this process waits."""
        with self._lock:
            batch = Batch(self, self._writer)
            yield batch
            batch.write()

    def rows(self, sql: str, parameters: Parameters = NOTHING) -> list[Row]:
        with self._readers.one() as client:
            found = client.query(_typed(sql, parameters), dict(parameters))
            return [tuple(row) for row in found.result_rows]

    def stream(self, sql: str, parameters: Parameters = NOTHING) -> Iterator[Row]:
        """Rows of one snapshot, block by block."""
        with (
            self._readers.one() as client,
            client.query_rows_stream(_typed(sql, parameters), dict(parameters)) as found,
        ):
            for row in found:
                yield tuple(row)

    def is_one_of(self, column: str, name: str) -> str:
        return f"{column} IN :{name}"

    def listed(self, values: Sequence[str]) -> object:
        return list(values)

    def holds(self, column: str, name: str) -> str:
        return f"position({column}, :{name}) > 0"

    def has_words(self, name: str, among: str) -> str:
        return f"hasAllTokens(m.words, :{name})"

    def of_authors(self, name: str) -> str:
        return f"m.author IN :{name}"

    def wanted_words(self, words: Sequence[str]) -> object:
        return list(words)

    def page(self, columns: str, where: str, order: str) -> str:
        return f"SELECT {columns} FROM mentions m WHERE {where} {order} LIMIT :most"

    def drop_all(self, kept: Collection[str] = ()) -> None:
        """Empty every table but those that are kept."""
        with self._lock:
            for table in TABLES:
                if table.name not in kept:
                    self._writer.command(f"TRUNCATE TABLE {table.name}")

    def close(self) -> None:
        """Nobody may read or write any more."""
        self._writer.close()
        self._readers.close()
