"""Series of counts as CSV: `timestamp,value` rows, each judged as soon as it was read.

A row is a line. A line of spaces alone is no row, and a first row that has neither a time nor a
number is a heading; every other line is a row or an error. Fields beyond the second are ignored.
"""

import csv
import math
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from feeds.lines import BrokenInput, TooLong, read_batches
from schemas.errors import OperatorError
from views.plain_text import one_line

MOST = 1e15
"""Larger values are judged as this one: the baseline keeps 32-bit floats, squared in between."""
_SECONDS_UNTIL = 1e11
"""Numbers below are seconds since 1970, others milliseconds."""
_LATEST_MS = 253_402_300_800_000
"""The year 10000."""
_EPOCH = re.compile(r"[0-9]+(\.[0-9]*)?([eE][+]?[0-9]{1,2})?")
_TIME = re.compile(r"[0-9]{4}(-[0-9WwTtZz:+. -]+|[0-9]{4}([T ][0-9:+.Zz-]+)?)")
"""What a time is made of: no comma, quotation mark or control character, so that a time can be
written to CSV and to a terminal as it stands."""
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_UNKNOWN = frozenset({"", "nan", "na", "n/a", "null", "none"})
_SHOWN_CHARACTERS = 60


class Row(NamedTuple):
    timestamp: str
    """As it was written."""
    at_ms: int
    written: str
    """The value as it was written; empty where it is not known."""
    value: float | None
    """None: not known."""


def series_name(path: Path | None) -> str:
    """What to call the input; file names may hold anything.

    >>> series_name(Path("a\\x1b[2J.csv")), series_name(None)
    ('a.csv', 'standard input')
    """
    return "standard input" if path is None or str(path) == "-" else one_line(str(path))


def read_series(path: Path | None) -> Iterator[list[Row]]:
    """The rows of a file or of standard input, plain or compressed, in lists as they come in.

    Raises:
        OperatorError: it cannot be read, or a line is no row: a bad time or value.
    """
    name = series_name(path)
    number = 0
    is_first = True
    try:
        for lines in read_batches(path):
            rows = []
            for line in lines:
                number += 1
                if isinstance(line, TooLong):
                    raise OperatorError(f"{name}:{number}: {line.bytes:,} bytes are no CSV row")
                fields = _fields(line, f"{name}:{number}")
                if fields is None:
                    continue
                if not (is_first and _is_heading(fields)):
                    try:
                        rows.append(_row(fields))
                    except ValueError as error:
                        yield rows
                        raise OperatorError(f"{name}:{number}: {error}") from None
                is_first = False
            yield rows
    except BrokenInput as error:
        raise OperatorError(f"{one_line(str(error))}; name a CSV file") from error


def _fields(line: bytes, where: str) -> list[str] | None:
    """Time and value as text; None for a blank line."""
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        shown = f"byte 0x{line[error.start]:02x}"
        raise OperatorError(f"{where}: {shown} is not UTF-8; save the file as UTF-8") from None
    if '"' in text:
        try:
            fields = next(csv.reader([text], strict=True))
        except csv.Error as error:
            mend = "write timestamp,value rows, one a line"
            raise OperatorError(f"{where}: {_shown(text)} is no CSV: {error}; {mend}") from None
    else:
        fields = text.split(",", 2)
    if len(fields) <= 1 and not text.strip():
        return None
    return [fields[0].strip(), fields[1].strip() if len(fields) > 1 else ""]


def _is_heading(fields: list[str]) -> bool:
    """Whether a first row names the columns.

    >>> _is_heading(["timestamp", "value"]), _is_heading(["date", ""]), _is_heading(["2014", "5"])
    (True, True, False)
    """
    time, value = fields
    if _NUMBER.fullmatch(value) or any("0" <= character <= "9" for character in time):
        return False
    return bool(time or value)


def _row(fields: list[str]) -> Row:
    time, value = fields
    return Row(time, time_ms(time), value, _value(value))


def time_ms(text: str) -> int:
    """Milliseconds since 1970 of ISO 8601 (UTC where it names no zone), or of seconds or ms.

    Raises:
        ValueError: it is neither, or not between 1970 and 9999.

    >>> time_ms("2014-04-01 02:00:00+02:00"), time_ms("1396310400"), time_ms("1396310400000")
    (1396310400000, 1396310400000, 1396310400000)
    >>> time_ms("20140401"), time_ms("2014-04-01")
    (1396310400000, 1396310400000)
    """
    at_ms = -1.0
    try:
        if _EPOCH.fullmatch(text) and not _is_date(text):
            number = float(text)
            at_ms = number * 1000 if number < _SECONDS_UNTIL else number
        elif _TIME.fullmatch(text):
            moment = datetime.fromisoformat(text)
            at_ms = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000
        else:
            raise ValueError(text)
    except (ValueError, OverflowError):
        mend = "write such as 2026-05-25 14:00:00, or seconds since 1970"
        raise ValueError(f"{_shown(text)} is no time; {mend}") from None
    if not 0 <= at_ms < _LATEST_MS:
        mend = "times are from 1970 to 9999, numbers seconds or milliseconds since 1970"
        raise ValueError(f"{_shown(text)} is out of range; {mend}")
    return round(at_ms)


def _is_date(text: str) -> bool:
    """Whether eight digits are a date such as 20140401, and no seconds."""
    return len(text) == 8 and text.isdigit() and text[:2] in {"19", "20"}


def _value(text: str) -> float | None:
    if text.lower() in _UNKNOWN:
        return None
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"{_shown(text)} is no number; leave it empty where it is not known")
    value = float(text)
    if math.isinf(value):
        raise ValueError(f"{_shown(text)} is no count; leave it empty where it is not known")
    if value < 0:
        mend = "counts are 0 or more; leave it empty where it is not known"
        raise ValueError(f"{_shown(text)} is below 0; {mend}")
    return min(value, MOST)


def _shown(text: str) -> str:
    """Text of others within a message."""
    return repr(text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "…")
