"""What is wrong with a catalogue file, where it stands, and how to mend it."""

import difflib
from collections import Counter
from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

MAX_FINDINGS = 1000
"""Errors, and warnings, that are kept; the last says that there are more."""

KeyPath = tuple[str | int, ...]
"""Where a value stands: `("brands", 3, "context", "require")`."""


class Level(StrEnum):
    ERROR = "error"
    """The catalogue cannot be used."""
    WARNING = "warning"
    """It can, but probably does not do what its author means."""
    NOTE = "note"
    """It can, and does something that its author did not write."""


class Finding(NamedTuple):
    """One thing to mend."""

    level: Level
    file: str
    line: int
    """From 1; 0 where the file as a whole is meant."""
    key: str
    """`brands[3].context.require`; empty where no key is meant."""
    message: str
    """What is wrong with the value, and the mend."""
    column: int = 0
    """From 1; 0 where the line as a whole is meant."""

    def __str__(self) -> str:
        """As compilers write it, so that editors jump to the line.

        >>> print(Finding(Level.ERROR, "my.yml", 7, "rules[0].kind", "'spke' is no kind"))
        my.yml:7: rules[0].kind: 'spke' is no kind
        """
        where = f"{self.file}:{self.line}" if self.line else self.file
        where += f":{self.column}" if self.line and self.column else ""
        return ": ".join(part for part in (where, self.key, self.message) if part)


_TOLD = 20


class CatalogueErrors(ValueError):  # noqa: N818 - it is several
    """A catalogue that cannot be used; `errors` holds all there is to mend, in order of lines."""

    def __init__(self, errors: Iterable[Finding]) -> None:
        self.errors = tuple(errors)
        more = len(self.errors) - _TOLD
        tail = [f"… and {more} more; see `leimo catalogue check`"] if more > 0 else []
        super().__init__("\n".join([*map(str, self.errors[:_TOLD]), *tail]))


class Findings:
    """Collects findings; knows the line of each key that it was told of."""

    def __init__(self, file: str) -> None:
        self.file = file
        self._found: list[Finding] = []
        self._counts: Counter[Level] = Counter()
        self._lines: dict[KeyPath, int] = {}
        self._texts: dict[KeyPath, tuple[int, int]] = {}

    def stands_at(self, path: KeyPath, line: int) -> None:
        """Remember the line of a key."""
        self._lines[path] = line

    def begins_at(self, path: KeyPath, line: int, column: int) -> None:
        """Remember where the text of a value begins; column 0: unknown."""
        if column:
            self._texts[path] = line, column

    def error_within(self, path: KeyPath, column: int, message: str) -> None:
        """An error at a character, from 1, of the text of a value."""
        line, first = self._texts.get(path, (self.line_of(path), 0))
        self._add(Level.ERROR, path, message, line, first + column - 1 if first else 0)

    def knows(self, path: KeyPath) -> bool:
        """True where the key was given, be its value right or wrong."""
        return path in self._lines

    def line_of(self, path: KeyPath) -> int:
        """Line of the key, or of the nearest one around it that has a line."""
        while path and path not in self._lines:
            path = path[:-1]
        return self._lines.get(path, 1)

    def error(self, path: KeyPath, message: str, line: int | None = None) -> None:
        self._add(Level.ERROR, path, message, line)

    def warning(self, path: KeyPath, message: str) -> None:
        self._add(Level.WARNING, path, message, None)

    def note(self, path: KeyPath, message: str) -> None:
        self._add(Level.NOTE, path, message, None)

    def _add(
        self, level: Level, path: KeyPath, message: str, line: int | None, column: int = 0
    ) -> None:
        self._counts[level] += 1
        if self._counts[level] == MAX_FINDINGS:
            message, path, line, column = f"has more {level}s than are listed; mend those", (), 0, 0
        elif self._counts[level] > MAX_FINDINGS:
            return
        at = self.line_of(path) if line is None else line
        self._found.append(Finding(level, self.file, at, key_text(path), message, column))

    @property
    def errors(self) -> tuple[Finding, ...]:
        return self._of(Level.ERROR)

    @property
    def warnings(self) -> tuple[Finding, ...]:
        return self._of(Level.WARNING)

    @property
    def notes(self) -> tuple[Finding, ...]:
        return self._of(Level.NOTE)

    def _of(self, level: Level) -> tuple[Finding, ...]:
        found = (finding for finding in self._found if finding.level is level)
        return tuple(sorted(found, key=lambda finding: finding.line))


def key_text(path: KeyPath) -> str:
    """A key path as people write it.

    >>> key_text(("brands", 3, "context", "require"))
    'brands[3].context.require'
    """
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def did_you_mean(wrong: str, known: Iterable[str], otherwise: str) -> str:
    """The mend for a name that is not known.

    >>> did_you_mean("alias", ["name", "aliases"], "remove it")
    'did you mean aliases?'
    """
    near = difflib.get_close_matches(wrong, list(known), n=1)
    return f"did you mean {near[0]}?" if near else otherwise
