"""The real series of the shared data, with the windows in which something happened."""

import csv
import gzip
import json
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bench.alerts.nab import Window

FITTED, OTHERS, SERVERS = "volumes, fitted", "volumes, not fitted", "NAB's series, not fitted"
_NOT_FITTED = ("crisis_", "match_")
"""Collections of volumes that had no say in any constant of the detector."""


class Series(NamedTuple):
    """Counts at even steps."""

    name: str
    group: str
    at_ms: list[int]
    values: list[float | None]
    """None: the collector was down."""
    windows: list[Window]
    is_core: bool = False
    """Nearest to the mentions of a brand."""

    @property
    def step_ms(self) -> int:
        gaps = np.diff(np.asarray(self.at_ms[:200]))
        return int(np.median(gaps[gaps > 0]))

    @property
    def months(self) -> float:
        return len(self.at_ms) * self.step_ms / (30 * 86_400_000)


def volumes(folder: Path) -> Iterator[Series]:
    """Real attention counts of microblogs. Time in which a collector was down is unknown."""
    events = json.loads((folder / "events.json").read_text("utf-8"))
    for about in json.loads((folder / "series.json").read_text("utf-8")):
        name = about["name"]
        at_ms, values = _read(folder / f"{name}.csv.gz")
        known: list[float | None] = list(values)
        for gap in about["gaps"]:
            for row in range(*_rows(at_ms, *gap[:2])):
                known[row] = None
        windows = [
            (low, high - 1)
            for low, high in (_rows(at_ms, e["start"], e["end"]) for e in events.get(name, ()))
            if high > low
        ]
        group = OTHERS if name.startswith(_NOT_FITTED) else FITTED
        yield Series(name, group, at_ms, known, windows, about["core"])


def servers(folder: Path) -> Iterator[Series]:
    """The benchmark's own series: servers, traffic, ads, artificial."""
    windows = json.loads((folder / "anomaly_windows.json").read_text("utf-8"))
    for name, spans in windows.items():
        at_ms, values = _read(folder / f"{name}.gz")
        found = [(low, high - 1) for low, high in (_rows(at_ms, *span) for span in spans)]
        yield Series(name, SERVERS, at_ms, list(values), found)


def _read(path: Path) -> tuple[list[int], list[float]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        rows = csv.reader(lines)
        next(rows)
        read = [(_at_ms(row[0]), float(row[1])) for row in rows]
    return [at_ms for at_ms, _ in read], [value for _, value in read]


def _rows(at_ms: Sequence[int], start: str, end: str) -> tuple[int, int]:
    """First row, and the row after the last."""
    return bisect_left(at_ms, _at_ms(start)), bisect_right(at_ms, _at_ms(end))


def _at_ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)
