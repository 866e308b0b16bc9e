"""Files of an archive: one hour of mentions, or of windows, in Parquet.

`FOLDER/mentions/2026-11-30/14.parquet`, by UTC; rows in the order of their identity. A file is
written beside its place and put there when it is whole: who reads sees the old one or the new one.
"""

import fcntl
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from heapq import merge
from itertools import groupby, islice
from pathlib import Path
from typing import Any, NamedTuple

from center.store.archiving import ARCHIVED_MENTION, ARCHIVED_WINDOW, Kind
from center.store.database import Row
from center.store.protocol import HOUR_MS
from schemas.errors import OperatorError
from schemas.forgotten import Forgotten

_BATCH = 2000
_GROUP = 20_000
"""Rows of a row group: what is held while a file is written."""
_LISTS = {"terms": "\n", "intents": " ", "spam": " "}
"""Columns of mentions that the store keeps as one text, by the mark between values."""
_TEXTS = frozenset(
    (
        *("brand", "polarity", "channel", "author", "post", "source", "text", "place", "product"),
        *("language", "original_author", "region", "original"),
    )
)
_M = {name: at for at, name in enumerate(ARCHIVED_MENTION)}
_WHOSE = ("source", "post", "author", "event_time_ms")
"""What tells whether a mention was taken back."""
_PENDING = ".pending"


class ArchiveError(OperatorError):
    """The archive cannot be used; the message names the mend."""


class Layout(NamedTuple):
    """How a kind's rows lie in a file."""

    columns: tuple[str, ...]
    lists: Mapping[str, str]
    key: Callable[[Row], Any]
    """Identity of a row."""
    wins: Callable[[Row, Row], Row]
    """Of a row that stands in the file and the one that the store holds."""


def _kept_back(old: Row, new: Row) -> Row:
    """What was taken back stays so."""
    return old if old[_M["is_deleted"]] else new


def _later(old: Row, new: Row) -> Row:
    return old if old[2] > new[2] else new


LAYOUTS = {
    Kind.MENTIONS: Layout(ARCHIVED_MENTION, _LISTS, lambda row: row[:3], _kept_back),
    Kind.WINDOWS: Layout(ARCHIVED_WINDOW, {}, lambda row: row[:2], _later),
}


def merged(kind: Kind, old: Iterator[Row], new: Iterator[Row]) -> Iterator[Row]:
    """Both in the order of identities, each of which comes once.

    >>> rows = merged(Kind.WINDOWS, iter([("a", 0, 1), ("a", 60, 4)]), iter([("a", 60, 3)]))
    >>> list(rows)
    [('a', 0, 1), ('a', 60, 4)]
    """
    layout = LAYOUTS[kind]
    for _, found in groupby(merge(old, new, key=layout.key), key=layout.key):
        first, *more = found
        yield layout.wins(first, more[0]) if more else first


def without(row: Row, forgotten: Forgotten) -> Row:
    """A mention as it may be kept: of what was taken back, the counts."""
    if row[_M["is_deleted"]] or not forgotten.covers(*(row[_M[name]] for name in _WHOSE)):
        return row
    values = list(row)
    for name in ("text", "terms", "author"):
        values[_M[name]] = ""
    values[_M["is_deleted"]] = 1
    return tuple(values)


class Archive:
    """A folder that one center writes; others may read it meanwhile."""

    def __init__(self, folder: Path) -> None:
        """Make the folder where there is none.

        Raises:
            ArchiveError: it cannot be written, or pyarrow is not installed.
        """
        self._folder = folder
        _pyarrow()
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ArchiveError(
                f"center_archive={folder}: {error.strerror}; name a folder that may be written"
            ) from None

    @contextmanager
    def locked(self) -> Iterator[bool]:
        """Whether this process is the one that writes; what a killed one left half is removed."""
        with (self._folder / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            for path in self._folder.glob(f"*/*/*{_PENDING}"):
                path.unlink()
            yield True

    def hours(self, kind: Kind) -> list[int]:
        """Begins of the hours of which there are files, in order."""
        found = []
        for path in (self._folder / kind.value).glob("*/*.parquet"):
            with suppress(ValueError):
                begin = datetime.fromisoformat(f"{path.parent.name}T{path.stem}:00+00:00")
                found.append(int(begin.timestamp()) * 1000)
        return sorted(found)

    def path(self, kind: Kind, hour_ms: int) -> Path:
        """Where the file of an hour stands, or would."""
        begin = datetime.fromtimestamp(hour_ms / 1000, UTC)
        return self._folder / kind.value / f"{begin:%Y-%m-%d}" / f"{begin:%H}.parquet"

    def rows(self, kind: Kind, hour_ms: int, columns: Sequence[str] = ()) -> Iterator[Row]:
        """Rows of a file, some thousand at a time, with all columns unless some are named; none
        where there is no file.

        Raises:
            ArchiveError: it cannot be read.
        """
        pa, pq = _pyarrow()
        path = self.path(kind, hour_ms)
        layout = LAYOUTS[kind]
        columns = columns or layout.columns
        try:
            with pq.ParquetFile(path) as file:
                held = set(file.schema_arrow.names)
                known = [name for name in columns if name in held]
                for batch in file.iter_batches(_BATCH, columns=known):
                    values = {name: _stored(layout, name, batch.column(name)) for name in known}
                    absent = {name: [_nothing(layout, name)] * len(batch) for name in columns}
                    yield from zip(*((absent | values)[name] for name in columns), strict=True)
        except FileNotFoundError:
            return
        except (pa.ArrowException, OSError) as error:
            raise ArchiveError(
                f"{path}: {error}; take it back from a backup, or move it away: what only stands "
                "there is lost then"
            ) from None

    def replace(self, kind: Kind, hour_ms: int, rows: Iterator[Row]) -> int:
        """Put the file of an hour there, whole and durable; returns its bytes; 0: no rows, no file.

        Raises:
            OSError: the disk is full, or cannot be written.
        """
        pa, pq = _pyarrow()
        path = self.path(kind, hour_ms)
        batch = list(islice(rows, _GROUP))
        if not batch:
            return 0
        path.parent.mkdir(parents=True, exist_ok=True)
        pending = path.with_suffix(_PENDING)
        layout = LAYOUTS[kind]
        names = layout.columns
        schema = pa.schema([(name, _type(pa, layout, name)) for name in names])
        with pending.open("wb") as sink:
            with pq.ParquetWriter(sink, schema, compression="zstd") as writer:
                while batch:
                    columns = [
                        pa.array(_written(layout, name, values), schema.field(name).type)
                        for name, values in zip(names, zip(*batch, strict=True), strict=True)
                    ]
                    writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=schema))
                    batch = list(islice(rows, _GROUP))
            sink.flush()
            os.fsync(sink.fileno())
            size = sink.tell()
        pending.replace(path)
        _sync(path.parent)
        return size

    def forget(self, hour_ms: int, forgotten: Forgotten) -> bool:
        """Take out of an hour's mentions what was taken back; whether there was anything.

        Raises:
            ArchiveError, OSError: see `rows` and `replace`.
        """
        kind = Kind.MENTIONS
        seen = self.rows(kind, hour_ms, (*_WHOSE, "is_deleted"))
        if not any(forgotten.covers(*whose) and not is_deleted for *whose, is_deleted in seen):
            return False
        self.replace(kind, hour_ms, (without(row, forgotten) for row in self.rows(kind, hour_ms)))
        return True

    def remove_before(self, before_ms: int) -> int:
        """Remove the files of older hours; returns how many."""
        removed = 0
        for kind in Kind:
            for hour_ms in self.hours(kind):
                if hour_ms + HOUR_MS > before_ms:
                    break
                path = self.path(kind, hour_ms)
                path.unlink()
                removed += 1
                with suppress(OSError):  # not empty yet
                    path.parent.rmdir()
        return removed


def _sync(folder: Path) -> None:
    """What was put into a folder is there after a power cut."""
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _stored(layout: Layout, name: str, column: Any) -> list[Any]:
    """Values as the store keeps them."""
    values: list[Any] = column.to_pylist()
    if (mark := layout.lists.get(name)) is not None:
        return [f"{mark}{mark.join(one)}{mark}" if one else "" for one in values]
    return [int(one) for one in values] if name.startswith("is_") else values


def _written(layout: Layout, name: str, values: Sequence[Any]) -> Sequence[Any]:
    """Values as others read them: lists are lists, and yes is yes."""
    if (mark := layout.lists.get(name)) is not None:
        return [one[1:-1].split(mark) if one else [] for one in values]
    return [bool(one) for one in values] if name.startswith("is_") else values


def _nothing(layout: Layout, name: str) -> Any:
    """What a column holds that came after the file was written."""
    return "" if name in _TEXTS or name in layout.lists else 0


def _type(pa: Any, layout: Layout, name: str) -> Any:
    if name in layout.lists:
        return pa.list_(pa.string())
    if name in _TEXTS:
        return pa.string()
    return pa.bool_() if name.startswith("is_") else pa.int64()


def _pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow as pa  # noqa: PLC0415 - an extra
        import pyarrow.parquet as pq  # noqa: PLC0415
    except ImportError:
        raise ArchiveError("center_archive needs pyarrow; install leimo[parquet]") from None
    return pa, pq
