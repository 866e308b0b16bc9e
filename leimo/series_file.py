"""Series of counts as CSV: `timestamp,value` rows, read one by one."""

import csv
import io
import math
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import chain, islice, pairwise
from pathlib import Path
from statistics import median
from typing import BinaryIO, NamedTuple, TextIO

from leimo.run import CommandError

MOST = 1e15
"""Larger values are no counts."""
_LOOKED_AT = 50
"""Rows whose times tell the step."""
_GZIP = b"\x1f\x8b"
_SECONDS_UNTIL = 1e11
"""Numbers below are seconds since 1970, above milliseconds."""


class Row(NamedTuple):
    timestamp: str
    """As it was written."""
    at_ms: int
    value: float | None
    """None: not known, or no number."""


def read_series(lines: Iterator[str], name: str) -> Iterator[Row]:
    """The rows of a CSV file; a first row without a time is a heading.

    Raises:
        CommandError: a row has no time, or a value that is no count.
    """
    for number, fields in enumerate(_fields(lines, name), start=1):
        if not fields or not any(field.strip() for field in fields):
            continue
        try:
            at_ms = _at_ms(fields[0].strip())
        except ValueError:
            if number == 1:
                continue
            raise CommandError(
                f"{name}:{number}: {fields[0]!r} is no time; write such as 2026-05-25 14:00:00"
            ) from None
        yield Row(fields[0], at_ms, _value(fields, name, number))


def _fields(lines: Iterator[str], name: str) -> Iterator[list[str]]:
    try:
        yield from csv.reader(lines)
    except (csv.Error, UnicodeDecodeError) as error:
        raise CommandError(f"{name} is no CSV: {error}; write timestamp,value rows") from error


def _at_ms(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        number = float(text)
        if not math.isfinite(number) or number < 0:
            raise
        return round(number * 1000) if number < _SECONDS_UNTIL else round(number)
    return round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


def _value(fields: list[str], name: str, number: int) -> float | None:
    text = fields[1].strip() if len(fields) > 1 else ""
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        raise CommandError(f"{name}:{number}: {text!r} is no number; leave it empty") from None
    if math.isnan(value):
        return None
    if not abs(value) <= MOST:
        raise CommandError(f"{name}:{number}: {text} is no count; at most {MOST:.0e} are")
    return value


def with_step_ms(rows: Iterator[Row]) -> tuple[int, Iterator[Row]]:
    """The usual time between two rows, told by the first ones, and all rows."""
    first = list(islice(rows, _LOOKED_AT))
    gaps = [b.at_ms - a.at_ms for a, b in pairwise(first) if b.at_ms > a.at_ms]
    return (round(median(gaps)) if gaps else 300_000), chain(first, rows)


@contextmanager
def opened(path: Path | None) -> Iterator[TextIO]:
    """A file, plain or gzip, or the standard input.

    Raises:
        CommandError: it cannot be read.
    """
    if path is None or str(path) == "-":
        yield sys.stdin
        return
    import gzip

    try:
        with path.open("rb") as raw:
            content: BinaryIO = raw
            if raw.peek(2)[:2] == _GZIP:
                content = gzip.GzipFile(fileobj=raw)  # type: ignore[assignment]
            with io.TextIOWrapper(content, "utf-8-sig", newline="") as lines:
                yield lines
    except (OSError, EOFError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise CommandError(f"{path} cannot be read: {reason}; name a CSV file") from error
