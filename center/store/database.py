"""What the store needs of a database."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeVar

from center.store.tables import Table

Row = tuple[Any, ...]
Parameters = Mapping[str, Any]
NOTHING: Parameters = {}


class Verbs(Protocol):
    """What is written by key, however a database does it."""

    def run(self, sql: str, parameters: Parameters = NOTHING) -> None: ...
    def rows(self, sql: str, parameters: Parameters = NOTHING) -> list[Row]: ...

    def upsert(self, table: Table, rows: Iterable[Sequence[Any]], where: str = "1 = 1") -> None:
        """Rows over what is there by key, where `where` holds (`excluded`: what comes)."""
        ...

    def add(self, table: Table, rows: Iterable[Sequence[Any]]) -> None:
        """Rows whose keys are not there yet."""
        ...


class Transaction(Verbs, Protocol):
    """Everything in it becomes durable, or nothing."""

    def load(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Fill the staging table `new_` of a table, which is emptied before."""
        ...


class Readable(Protocol):
    """SQL with parameters written `:name`, in which all databases agree but for a few words."""

    outages: tuple[type[Exception], ...]
    """What goes wrong while the database is away or full, and may go right later."""

    def rows(self, sql: str, parameters: Parameters = NOTHING) -> list[Row]: ...

    def stream(self, sql: str, parameters: Parameters = NOTHING) -> Iterator[Row]:
        """Rows of one snapshot, without holding them."""
        ...

    def is_one_of(self, column: str, name: str) -> str:
        """Condition: the column holds one of the list that the parameter `name` is."""
        ...

    def listed(self, values: Sequence[str]) -> object:
        """A list, as a parameter of `is_one_of`."""
        ...

    def holds(self, column: str, name: str) -> str:
        """Condition: the text of the column holds that of the parameter `name`."""
        ...

    def has_words(self, name: str, among: str) -> str:
        """Condition on a mention `m`: it has all words of the parameter `name`.

        `among`: mentions that it is one of, `FROM ... WHERE ...`; empty: not worth looking up.
        """
        ...

    def of_authors(self, name: str) -> str:
        """Condition on a mention `m`: one of the accounts of the parameter `name` wrote it."""
        ...

    def wanted_words(self, words: Sequence[str]) -> object:
        """Words, as a parameter of `has_words`."""
        ...

    def page(self, columns: str, where: str, order: str) -> str:
        """Query for columns of the first `:most` mentions `m` in an order."""
        ...

    def close(self) -> None: ...


T_co = TypeVar("T_co", bound=Verbs, covariant=True)


class Writable(Readable, Protocol[T_co]):
    """One that is written to, by one at a time."""

    def writing(self) -> AbstractContextManager[T_co]:
        """The one batch that is written: others wait."""
        ...

    def drop_all(self, kept: Collection[str] = ()) -> None:
        """Drop every table but those that are kept, and make them anew."""
        ...


class Database(Writable[Transaction], Protocol):
    """One in which tables are changed within transactions."""

    word_id: str
    """Column of `mention_words` that holds the mention's id."""

    def split(self, column: str) -> str:
        """Words with spaces between them, as `mention_words` keeps them."""
        ...

    def sum_of(self, expression: str) -> str:
        """Sum of whole numbers, as a whole number."""
        ...
