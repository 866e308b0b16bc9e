"""What the store needs of a database."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

Row = tuple[Any, ...]
Parameters = Mapping[str, Any]
NOTHING: Parameters = {}
IDLE_READERS = 8
"""So many connections wait for the next question, each with a cache of its own; more that a rush
needed are closed."""


class Transaction(Protocol):
    """Everything in it becomes durable, or nothing."""

    def run(self, sql: str, parameters: Parameters = NOTHING) -> None: ...
    def rows(self, sql: str, parameters: Parameters = NOTHING) -> list[Row]: ...

    def load(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Fill the staging table `new_` of a table, which is emptied before."""
        ...


class Database(Protocol):
    """SQL with parameters written `:name`, in which both databases agree but for a few words."""

    outages: tuple[type[Exception], ...]
    """What goes wrong while the database is away or full, and may go right later."""
    word_id: str
    """Column of `mention_words` that holds the mention's id."""

    def writing(self) -> AbstractContextManager[Transaction]:
        """The one transaction that writes: others wait."""
        ...

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

    def has_words(self, name: str) -> str:
        """Condition on `mention_words`: it has all words of the parameter `name`."""
        ...

    def wanted_words(self, words: Sequence[str]) -> object:
        """Words, as a parameter of `has_words`."""
        ...

    def split(self, column: str) -> str:
        """Words with spaces between them, as `mention_words` keeps them."""
        ...

    def drop_all(self, kept: Collection[str] = ()) -> None:
        """Drop every table but those that are kept, and make them anew."""
        ...

    def close(self) -> None: ...
