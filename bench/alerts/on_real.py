"""Each detector on the real series, under the scoring of the Numenta Anomaly Benchmark."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import median
from typing import NamedTuple

from bench.alerts import nab
from bench.alerts.peers import PEERS
from bench.alerts.real import FITTED, OTHERS, SERVERS, Series, servers, volumes
from measures.series import SeriesDetector

LABELLED, WIDENED = "as labelled", "10 % of the rows"


class Result(NamedTuple):
    """A detector on a group of series."""

    group: str
    view: str
    """How the windows are drawn."""
    system: str
    series: int
    windows: int
    found: int
    outside: int
    """Alerts outside the windows, unlabelled events among them."""
    scores: tuple[float, ...]
    """By NAB's profiles: standard, reward low FP, reward low FN."""
    alerts_a_month: float
    """Per series and month of 30 days, inside the windows and outside."""
    delay_min: float | None
    """Median from the begin of a window to the end of the row that found it."""


class Detection(NamedTuple):
    """An alert outside the windows: a false one, or an event that nobody labelled."""

    series: str
    at: str
    seen: float
    expected: float
    horizon_min: int
    severity: int
    score: float


def results(
    folder: Path, systems: Sequence[str], jobs: int, tell: Callable[[str], None]
) -> list[Result]:
    """These detectors on all series of the data in `folder`, on `jobs` processes."""
    listed = [*volumes(folder / "volumes"), *servers(folder / "series")]
    # The long ones first: the processes end together.
    listed.sort(key=lambda series: -len(series.at_ms))
    found: dict[str, dict[str, list[int]]] = {}
    with ProcessPoolExecutor(jobs) as pool:
        for number, alerts in enumerate(pool.map(partial(_alerts, systems), listed), start=1):
            found[listed[number - 1].name] = alerts
            tell(f"real series: {number} of {len(listed)}")
    return list(_results(listed, systems, found))


def _alerts(systems: Sequence[str], series: Series) -> dict[str, list[int]]:
    return {name: PEERS[name](series) for name in systems}


def _results(
    listed: Sequence[Series], systems: Sequence[str], found: dict[str, dict[str, list[int]]]
) -> Iterator[Result]:
    volumes_of_all = [series for series in listed if series.group in {FITTED, OTHERS}]
    for group, of_group in (
        ("volumes", volumes_of_all),
        *((name, [s for s in listed if s.group == name]) for name in (FITTED, OTHERS, SERVERS)),
    ):
        for view in (LABELLED, WIDENED) if group != SERVERS else (LABELLED,):
            for system in systems:
                yield _result(group, view, system, [(s, found[s.name][system]) for s in of_group])


def _result(
    group: str, view: str, system: str, pairs: Sequence[tuple[Series, list[int]]]
) -> Result:
    scored, delays = [], []
    for series, alerts in pairs:
        rows = len(series.at_ms)
        windows = series.windows if view == LABELLED else nab.widened(rows, series.windows)
        scored.append(nab.score(rows, windows, alerts))
        asked = [row for row in alerts if row >= nab.probation(rows)]
        delays += delays_min(series, series.windows, asked)
    total = nab.together(scored)
    return Result(
        group,
        view,
        system,
        len(pairs),
        total.windows,
        total.found,
        total.outside,
        tuple(total.percent(number) for number in range(len(nab.PROFILES))),
        sum(len(alerts) for _, alerts in pairs) / sum(series.months for series, _ in pairs),
        median(delays) if delays else None,
    )


def delays_min(series: Series, windows: Iterable[nab.Window], alerts: Sequence[int]) -> list[float]:
    """Minutes from the begin of each found window to the end of the row that found it."""
    found = []
    for low, high in windows:
        first = next((row for row in alerts if low <= row <= high), None)
        if first is not None:
            found.append((series.at_ms[first] - series.at_ms[low] + series.step_ms) / 60_000)
    return found


def outside(folder: Path, limit: int) -> list[Detection]:
    """leimo's largest detections on real volumes outside the windows, to be looked at."""
    found: list[Detection] = []
    for series in volumes(folder / "volumes"):
        found += _outside(series)
    return sorted(found, key=lambda one: -one.score)[:limit]


def _outside(series: Series) -> Iterator[Detection]:
    detector = SeriesDetector(series.step_ms)
    for row, (at_ms, value) in enumerate(zip(series.at_ms, series.values, strict=True)):
        judged = detector.take(at_ms, value)
        verdict = judged.verdict
        is_known = any(low <= row <= high for low, high in series.windows)
        if not judged.is_alert or verdict is None or is_known:
            continue
        yield Detection(
            series.name,
            datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M"),
            verdict.seen,
            verdict.expected,
            verdict.horizon_min,
            verdict.severity,
            verdict.score,
        )
