"""A store by its address."""

from pathlib import Path

from center.store.archiving import Archiving
from center.store.database import Database
from center.store.postgres import PostgresDatabase
from center.store.reading import Reads
from center.store.sqlite import SqliteDatabase
from center.store.writing import Writes
from schemas.errors import OperatorError

SQLITE = "sqlite:///"
POSTGRES = ("postgresql://", "postgres://")


class SqlStore(Reads, Archiving):
    """A `Store` over a database."""

    def __init__(self, database: Database, *, mentions_days: int = 30, minutes_days: int = 90):
        Reads.__init__(self, database)
        Writes.__init__(self, database, mentions_days=mentions_days, minutes_days=minutes_days)

    @property
    def outages(self) -> tuple[type[Exception], ...]:
        """What goes wrong while the database is away, and may go right later."""
        return self._database.outages

    def close(self) -> None:
        """Nobody may read or write any more."""
        self._database.close()


def open_store(url: str, *, mentions_days: int = 30, minutes_days: int = 90) -> SqlStore:
    """Open a store, and make its tables where there are none.

    Raises:
        OperatorError: the address is of no kind that we know, or nothing answers there.
    """
    database: Database
    if url.startswith(SQLITE):
        database = SqliteDatabase(Path(url.removeprefix(SQLITE)))
    elif url.startswith(POSTGRES):
        database = PostgresDatabase(url)
    else:
        scheme = url.partition("://")[0]
        raise OperatorError(
            f"center_store: {scheme!r} is no store; write sqlite:///FILE, such as "
            "sqlite:///leimo-center.db, or postgresql://USER@HOST/DATABASE"
        )
    return SqlStore(database, mentions_days=mentions_days, minutes_days=minutes_days)
