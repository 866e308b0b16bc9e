"""What SQLite and PostgreSQL have in common: upserts from staging tables, words in a table."""

from collections.abc import Iterable, Sequence
from typing import Any

from center.store.database import NOTHING, Parameters
from center.store.tables import Table


class Merging:
    """Writes by key, from a staging table."""

    def run(self, sql: str, parameters: Parameters = NOTHING) -> None:
        """One statement."""
        raise NotImplementedError

    def load(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Fill the staging table."""
        raise NotImplementedError

    def upsert(self, table: Table, rows: Iterable[Sequence[Any]], where: str = "1 = 1") -> None:
        """Rows over what is there by key, where `where` holds."""
        self.load(table.name, table.column_names, rows)
        self.run(merge_statement(table, where))

    def add(self, table: Table, rows: Iterable[Sequence[Any]]) -> None:
        """Rows whose keys are not there yet."""
        self.load(table.name, table.column_names, rows)
        names = ", ".join(table.column_names)
        self.run(
            f"""INSERT INTO {table.name} ({names}) SELECT {names} FROM new_{table.name}
            WHERE 1 = 1 ON CONFLICT ({", ".join(table.key)}) DO NOTHING"""
        )


class WordTable:
    """Mentions found by `mention_words`, pages by the index of lists."""

    word_id: str

    def matches(self, name: str) -> str:
        """Condition on `mention_words`: it has all words of the parameter `name`."""
        raise NotImplementedError

    def has_words(self, name: str, among: str) -> str:
        chosen = f"SELECT {self.word_id} FROM mention_words WHERE {self.matches(name)}"
        if among:
            # Numbers grow as posts come: those of a short span lie close together, and words of a
            # brand's other days are not read.
            chosen += f""" AND {self.word_id} >= (SELECT MIN(id) {among})
                AND {self.word_id} <= (SELECT MAX(id) {among})"""
        return f"m.id IN ({chosen})"

    def is_one_of(self, column: str, name: str) -> str:
        """Condition: the column holds one of the list that the parameter `name` is."""
        raise NotImplementedError

    def of_authors(self, name: str) -> str:
        """By two indexes: rows of other accounts are not read."""
        chosen = self.is_one_of("n.author", name)
        return f"m.id IN (SELECT n.id FROM mentions n WHERE {chosen})"

    def page(self, columns: str, where: str, order: str) -> str:
        """The index alone chooses: rows of other pages are not read."""
        return f"""SELECT {columns} FROM mentions m
            WHERE m.id IN (SELECT m.id FROM mentions m WHERE {where} {order} LIMIT :most) {order}"""


def merge_statement(table: Table, where: str = "1 = 1") -> str:
    """From the staging table into the table, over what is there by key where `where` holds."""
    names = ", ".join(table.column_names)
    others = [name for name in table.column_names if name not in table.key]
    changes = ", ".join(f"{name} = excluded.{name}" for name in others)
    return (
        f"INSERT INTO {table.name} ({names}) SELECT {names} FROM new_{table.name} WHERE 1 = 1 "
        f"ON CONFLICT ({', '.join(table.key)}) DO UPDATE SET {changes} WHERE {where}"
    )


def insert_statement(table: Table) -> str:
    """From the staging table into the table, in which no row has these keys."""
    names = ", ".join(table.column_names)
    return f"INSERT INTO {table.name} ({names}) SELECT {names} FROM new_{table.name}"
