"""A store made again from an archive; what is newer comes from the topics."""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import NamedTuple

from center.archive.files import Archive, ArchiveError
from center.store.archiving import Kind
from center.store.database import Row
from center.store.opening import SqlStore

log = logging.getLogger(__name__)

_BATCH = 5000


class Restored(NamedTuple):
    """What a kind's files gave."""

    kind: Kind
    rows: int
    files: int
    from_ms: int | None
    """Begin of the oldest hour; None: there was none."""
    unreadable: tuple[str, ...]
    """What is to be told of files that could not be read: what only stands in them is missing."""


def restore(archive: Archive, store: SqlStore, now_ms: int) -> list[Restored]:
    """Take in all that is to be kept; killed, it may be begun anew, and each row counts once.

    Of mentions the days that the store keeps, of windows all: hours and days are added up from
    them.
    """
    store.note_restoring(is_under_way=True)
    windows = _restored(archive, store, Kind.WINDOWS, 0)
    mentions = _restored(archive, store, Kind.MENTIONS, store.held_from_ms(now_ms))
    store.note_restoring(is_under_way=False)
    return [windows, mentions]


def _restored(archive: Archive, store: SqlStore, kind: Kind, from_ms: int) -> Restored:
    hours = [hour_ms for hour_ms in archive.hours(kind) if hour_ms >= from_ms]
    count = 0
    unreadable = []
    for hour_ms in hours:
        try:
            for rows in _batches(archive.rows(kind, hour_ms)):
                store.restore(kind, rows)
                count += len(rows)
        except ArchiveError as error:
            unreadable.append(str(error))
    return Restored(kind, count, len(hours), hours[0] if hours else None, tuple(unreadable))


def _batches(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while batch := list(islice(rows, _BATCH)):
        yield batch


def tell(found: list[Restored]) -> None:
    """Log what the archive gave, and what is in neither it nor the topics."""
    for one in found:
        for line in one.unreadable:
            log.error("left out: %s", line)
        if one.from_ms is None:
            log.warning("the archive holds no %s: what the topics dropped is missing", one.kind)
            continue
        since = datetime.fromtimestamp(one.from_ms / 1000, UTC)
        log.info(
            "%d %s of %d hours since %s restored; what is older is missing, but for what the "
            "topics hold",
            *(one.rows, one.kind, one.files, f"{since:%Y-%m-%d %H:00} UTC"),
        )
    log.info(
        "alerts, deliveries, expectations and gaps come from the topics alone: those that they "
        "dropped are missing"
    )
