"""SQLite: nothing to start, one file, one writer and any number of readers (WAL)."""

import sqlite3
import threading
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from center.store.database import NOTHING, Parameters, Row
from center.store.merging import Merging, WordTable
from center.store.readers import Readers
from center.store.tables import MIGRATIONS, SCHEMA_VERSION, TABLES, create_statements
from schemas.errors import OperatorError

_BUSY_S = 60.0
_WRITER_CACHE_KIB = 64 << 10
_READER_CACHE_KIB = 16 << 10
_WORDS = """CREATE VIRTUAL TABLE mention_words USING fts5(words, detail = 'none', columnsize = 0,
    tokenize = "unicode61 remove_diacritics 0 categories 'L* M* N* P* S* C*'")"""
"""Our own tokens with spaces between them, so all but spaces belongs to a token."""


class SqliteTransaction(Merging):
    """On the one connection that writes."""

    def __init__(self, cursor: sqlite3.Cursor) -> None:
        self._cursor = cursor

    def run(self, sql: str, parameters: Parameters = NOTHING) -> None:
        self._cursor.execute(sql, dict(parameters))

    def rows(self, sql: str, parameters: Parameters = NOTHING) -> list[Row]:
        return self._cursor.execute(sql, dict(parameters)).fetchall()

    def load(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Fill the staging table, which lies in memory."""
        names, marks = ", ".join(columns), ", ".join("?" * len(columns))
        self._cursor.execute(f"DELETE FROM new_{table}")
        self._cursor.executemany(
            f"INSERT INTO new_{table} ({names}) VALUES ({marks})",
            rows,
        )


class SqliteDatabase(WordTable):
    """One file; see `Database`."""

    outages: tuple[type[Exception], ...] = (sqlite3.OperationalError,)
    word_id = "rowid"

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._readers = Readers(self._connect_reader)
        if not path.parent.is_dir():
            raise OperatorError(
                f"center_store={path}: there is no folder {path.parent}; make it, or name a file "
                "in another one"
            )
        try:
            self._writer = self._connect(_WRITER_CACHE_KIB)
            # One for good: a connection remembers the last hundreds of those that it gave.
            self._cursor = self._writer.cursor()
            self._migrate()
        except (OSError, sqlite3.Error) as error:
            raise OperatorError(
                f"center_store={path}: {error}; name a file that may be written, or move it away"
            ) from None

    def _connect(self, cache_kib: int) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False
        )
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")  # a power cut loses commits, never parts
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute(f"PRAGMA cache_size = -{cache_kib}")
        connection.execute("PRAGMA secure_delete = FAST")
        return connection

    def _migrate(self) -> None:
        (version,) = self._writer.execute("PRAGMA user_version").fetchone()
        if version > SCHEMA_VERSION:
            raise OperatorError(
                f"center_store={self._path}: its tables are of version {version}, and this leimo "
                f"knows {SCHEMA_VERSION}; use the newer leimo, or name another file"
            )
        with self._transaction():
            if version == 0:
                self._create()
            for step in range(version + 1 if version else SCHEMA_VERSION + 1, SCHEMA_VERSION + 1):
                for statement in MIGRATIONS[step]:
                    self._writer.execute(statement)
            self._writer.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        for table in TABLES:
            more = ", '' AS words" if table.name == "mentions" else ""
            self._writer.execute(
                f"CREATE TEMP TABLE IF NOT EXISTS new_{table.name} AS "
                f"SELECT *{more} FROM {table.name} LIMIT 0"
            )

    def _create(self, kept: Collection[str] = ()) -> None:
        for statement in (*create_statements("WITHOUT ROWID", kept), _WORDS):
            # A key of this type is the row's own number, and needs no index.
            self._writer.execute(statement.replace(" BIGINT ", " INTEGER "))

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._cursor.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._cursor.execute("ROLLBACK")
            raise
        self._cursor.execute("COMMIT")

    @contextmanager
    def writing(self) -> Iterator[SqliteTransaction]:
        """The one transaction that writes, of this process and of others."""
        with self._lock, self._transaction():
            yield SqliteTransaction(self._cursor)

    def _connect_reader(self) -> sqlite3.Connection:
        connection = self._connect(_READER_CACHE_KIB)
        connection.execute("PRAGMA query_only = ON")
        return connection

    @property
    def idle_readers(self) -> int:
        """Connections that wait for a question."""
        return self._readers.idle

    def rows(self, sql: str, parameters: Parameters = NOTHING) -> list[Row]:
        with self._readers.one() as connection:
            return connection.execute(sql, dict(parameters)).fetchall()

    def stream(self, sql: str, parameters: Parameters = NOTHING) -> Iterator[Row]:
        """Rows of one snapshot, without holding them."""
        with self._readers.one() as connection:
            cursor = connection.execute(sql, dict(parameters))
            try:
                yield from cursor
            finally:
                cursor.close()

    def is_one_of(self, column: str, name: str) -> str:
        return f"{column} IN (SELECT value FROM json_each(:{name}))"

    def listed(self, values: Sequence[str]) -> object:
        return msgspec.json.encode(values).decode()

    def holds(self, column: str, name: str) -> str:
        return f"INSTR({column}, :{name}) > 0"

    def matches(self, name: str) -> str:
        return f"mention_words MATCH :{name}"

    def wanted_words(self, words: Sequence[str]) -> object:
        return " AND ".join(f'"{word}"' for word in words)

    def split(self, column: str) -> str:
        return column

    def sum_of(self, expression: str) -> str:
        return f"SUM({expression})"

    def drop_all(self, kept: Collection[str] = ()) -> None:
        """Make tables anew but those that are kept; readers see the old ones, or the new."""
        with self._lock, self._transaction():
            for table in {"mention_words", *(table.name for table in TABLES)} - set(kept):
                self._writer.execute(f"DROP TABLE main.{table}")
            self._create(kept)

    def close(self) -> None:
        """Nobody may read or write any more."""
        self._writer.close()
        self._readers.close()
