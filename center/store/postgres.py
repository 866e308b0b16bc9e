"""PostgreSQL: for more mentions than one file takes, and several centers beside each other."""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from center.store.database import NOTHING, Parameters, Row
from center.store.merging import Merging, WordTable
from center.store.readers import Readers
from center.store.tables import MIGRATIONS, SCHEMA_VERSION, TABLES, create_statements
from schemas.errors import OperatorError

if TYPE_CHECKING:
    import psycopg

_LOCK = 0x6C65696D6F
"""Whoever writes holds this advisory lock: a roll-up reads what it adds to."""
_PARAMETER = re.compile(r"(?<![:\w]):([a-z_]+)")
_STREAMED = 2000
_SUM = "CREATE OR REPLACE AGGREGATE bigint_sum (BIGINT) (SFUNC = int8pl, STYPE = BIGINT)"
"""PostgreSQL's own sum of BIGINT is a NUMERIC, which takes several times as long."""
_SUM_SINCE = 4
_WORDS = (
    "CREATE TABLE mention_words (id BIGINT PRIMARY KEY, words TEXT[] NOT NULL)",
    "CREATE INDEX mention_words_by_words ON mention_words USING GIN (words)",
)


def _named(sql: str) -> str:
    """`:name` as psycopg writes it.

    >>> _named("a = :b AND c LIKE '%x' AND d = CAST(e AS TEXT)")
    "a = %(b)s AND c LIKE '%%x' AND d = CAST(e AS TEXT)"
    """
    return _PARAMETER.sub(r"%(\1)s", sql.replace("%", "%%"))


class PostgresTransaction(Merging):
    """On the one connection that writes."""

    def __init__(self, connection: "psycopg.Connection[Row]") -> None:
        self._connection = connection

    def run(self, sql: str, parameters: Parameters = NOTHING) -> None:
        self._connection.execute(_named(sql).encode(), parameters)

    def rows(self, sql: str, parameters: Parameters = NOTHING) -> list[Row]:
        return self._connection.execute(_named(sql).encode(), parameters).fetchall()

    def load(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Fill the staging table by COPY."""
        self._connection.execute(f"TRUNCATE new_{table}".encode())
        names = ", ".join(columns)
        with (
            self._connection.cursor() as cursor,
            cursor.copy(f"COPY new_{table} ({names}) FROM STDIN".encode()) as copy,
        ):
            for row in rows:
                copy.write_row(row)


class PostgresDatabase(WordTable):
    """One schema of one database; see `Database`."""

    word_id = "id"

    def __init__(self, url: str) -> None:
        try:
            import psycopg  # noqa: PLC0415 - an extra
        except ImportError:
            raise OperatorError(
                "center_store: PostgreSQL needs psycopg; install leimo[postgres]"
            ) from None
        self._url = url
        self._readers = Readers(self._connect_reader, lambda connection: not connection.closed)
        self.outages: tuple[type[Exception], ...] = (psycopg.OperationalError,)
        try:
            self._writer = self._connect()
            self._migrate()
        except psycopg.Error as error:
            raise OperatorError(
                f"center_store: PostgreSQL did not do what was asked: {error}; look at its "
                "address, user and rights"
            ) from None

    def _connect(self) -> "psycopg.Connection[Row]":
        import psycopg  # noqa: PLC0415

        return psycopg.connect(self._url, autocommit=True, application_name="leimo")

    def _migrate(self) -> None:
        with self._writer.transaction():
            run = self._writer.execute
            run("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
            run("CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL)")
            row = run("SELECT version FROM schema_version").fetchone()
            version = row[0] if row else 0
            if version > SCHEMA_VERSION:
                raise OperatorError(
                    f"center_store: its tables are of version {version}, and this leimo knows "
                    f"{SCHEMA_VERSION}; use the newer leimo, or name another database"
                )
            if version < _SUM_SINCE:
                run(_SUM.encode())
            if version == 0:
                self._create()
            for step in range(version + 1 if version else SCHEMA_VERSION + 1, SCHEMA_VERSION + 1):
                for statement in MIGRATIONS[step]:
                    run(statement.encode())
            run("DELETE FROM schema_version")
            run("INSERT INTO schema_version VALUES (%s)", (SCHEMA_VERSION,))
        self._stage()

    def _create(self, kept: Collection[str] = ()) -> None:
        for statement in (*create_statements("", kept), *_WORDS):
            self._writer.execute(statement.encode())

    def _stage(self) -> None:
        for table in TABLES:
            more = ", '' AS words" if table.name == "mentions" else ""
            self._writer.execute(
                f"CREATE TEMP TABLE IF NOT EXISTS new_{table.name} AS "
                f"SELECT *{more} FROM {table.name} LIMIT 0".encode()
            )

    @contextmanager
    def writing(self) -> Iterator[PostgresTransaction]:
        """The one transaction that writes, of this process and of others."""
        if self._writer.closed:
            self._writer = self._connect()
            self._stage()
        with self._writer.transaction():
            self._writer.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
            yield PostgresTransaction(self._writer)

    def _connect_reader(self) -> "psycopg.Connection[Row]":
        connection = self._connect()
        connection.read_only = True
        return connection

    def rows(self, sql: str, parameters: Parameters = NOTHING) -> list[Row]:
        with self._readers.one() as connection:
            return connection.execute(_named(sql).encode(), parameters).fetchall()

    def stream(self, sql: str, parameters: Parameters = NOTHING) -> Iterator[Row]:
        """Rows of one snapshot, by a cursor of the server."""
        with (
            self._readers.one() as connection,
            connection.transaction(),
            connection.cursor(name="streamed") as cursor,
        ):
            cursor.itersize = _STREAMED
            cursor.execute(_named(sql).encode(), parameters)
            yield from cursor

    def is_one_of(self, column: str, name: str) -> str:
        return f"{column} = ANY(:{name})"

    def listed(self, values: Sequence[str]) -> object:
        return list(values)

    def holds(self, column: str, name: str) -> str:
        return f"STRPOS({column}, :{name}) > 0"

    def matches(self, name: str) -> str:
        return f"words @> :{name}"

    def wanted_words(self, words: Sequence[str]) -> object:
        return list(words)

    def split(self, column: str) -> str:
        return f"string_to_array({column}, ' ')"

    def sum_of(self, expression: str) -> str:
        return f"bigint_sum({expression})"

    def drop_all(self, kept: Collection[str] = ()) -> None:
        """Make tables anew but those that are kept; readers see the old ones, or the new."""
        with self._writer.transaction():
            self._writer.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
            for table in {"mention_words", *(table.name for table in TABLES)} - set(kept):
                self._writer.execute(f"DROP TABLE {table}".encode())
            self._create(kept)

    def close(self) -> None:
        """Nobody may read or write any more."""
        self._writer.close()
        self._readers.close()
