"""A store by its address."""

from pathlib import Path

from center.store.clickhouse.database import SCHEMES as CLICKHOUSE
from center.store.clickhouse.database import ClickHouseDatabase
from center.store.clickhouse.writing import ClickHouseWrites
from center.store.database import Database
from center.store.postgres import PostgresDatabase
from center.store.reading import Reads
from center.store.sqlite import SqliteDatabase
from center.store.staged import StagedWrites
from schemas.errors import OperatorError

SQLITE = "sqlite:///"
POSTGRES = ("postgresql://", "postgres://")


class Reading(Reads):
    """What stores of all kinds have besides their queries and writes."""

    @property
    def outages(self) -> tuple[type[Exception], ...]:
        """What goes wrong while the database is away, and may go right later."""
        return self._readable.outages

    def close(self) -> None:
        """Nobody may read or write any more."""
        self._readable.close()


class StagedStore(Reading, StagedWrites):
    """A `Store` over a database with transactions."""

    def __init__(self, database: Database, *, mentions_days: int, minutes_days: int):
        Reads.__init__(self, database)
        StagedWrites.__init__(
            self, database, mentions_days=mentions_days, minutes_days=minutes_days
        )


class ClickHouseStore(Reading, ClickHouseWrites):
    """A `Store` over ClickHouse."""

    def __init__(self, database: ClickHouseDatabase, *, mentions_days: int, minutes_days: int):
        Reads.__init__(self, database)
        ClickHouseWrites.__init__(
            self, database, mentions_days=mentions_days, minutes_days=minutes_days
        )


SqlStore = StagedStore | ClickHouseStore


def open_store(url: str, *, mentions_days: int = 30, minutes_days: int = 90) -> SqlStore:
    """Open a store, and make its tables where there are none.

    Raises:
        OperatorError: the address is of no kind that we know, or nothing answers there.
    """
    database: Database
    kept = {"mentions_days": mentions_days, "minutes_days": minutes_days}
    if url.startswith(CLICKHOUSE):
        return ClickHouseStore(ClickHouseDatabase(url), **kept)
    if url.startswith(SQLITE):
        database = SqliteDatabase(Path(url.removeprefix(SQLITE)))
    elif url.startswith(POSTGRES):
        database = PostgresDatabase(url)
    else:
        scheme = url.partition("://")[0]
        raise OperatorError(
            f"center_store: {scheme!r} is no store; write sqlite:///FILE, such as "
            "sqlite:///leimo-center.db, postgresql://USER@HOST/DATABASE or "
            "clickhouse://USER@HOST/DATABASE"
        )
    return StagedStore(database, **kept)
