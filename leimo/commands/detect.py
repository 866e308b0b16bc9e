"""`leimo detect`: run the worker's detector over a series of counts."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from leimo.series_file import Row
    from measures.series import Judged

_UNITS_MS = {"s": 1000, "m": 60_000, "h": 3_600_000}


def detect(
    series: Annotated[
        Path | None,
        typer.Argument(help="CSV with timestamp,value; plain or gzip. Left out, or -: stdin."),
    ] = None,
    *,
    false_alerts_per_month: Annotated[
        float, typer.Option(min=0.001, max=1000, help="The knob: fewer is quieter and later.")
    ] = 1.0,
    min_posts: Annotated[
        int, typer.Option(min=1, help="No alert on fewer posts in a horizon.")
    ] = 10,
    step: Annotated[
        str | None, typer.Option(help="Time from row to row: 60s, 5m, 1h. Left out: as it is.")
    ] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw it into this file: .png or .svg.")] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a row instead of CSV.")
    ] = False,
) -> None:
    """Find bursts in counts, as a worker would have: row by row, without looking ahead.

    Writes a row for each row: `timestamp,value,expected,score,alert`. `score` is 0 to 1,
    and 0.5 or more where an alert starts, which is where `alert` is 1. Times without a zone are
    UTC.

    Examples:

        leimo detect counts.csv > judged.csv

        leimo detect counts.csv.gz --plot bursts.png | grep ',1$'

        leimo detect counts.csv --false-alerts-per-month 0.2 --json | jq -c 'select(.alert == 1)'
    """
    from leimo.pipes import quiet_broken_pipe
    from leimo.run import CommandError, fail
    from leimo.series_file import opened, read_series, with_step_ms
    from measures.series import SeriesDetector

    drawn: list[tuple[Row, Judged]] = []
    name = str(series) if series is not None else "standard input"
    rows = alerts = 0
    try:
        if plot is not None:
            _check_plot(plot)
        with opened(series) as lines, quiet_broken_pipe():
            step_ms, found = with_step_ms(read_series(iter(lines), name))
            step_ms = _step_ms(step) if step is not None else step_ms
            detector = SeriesDetector(step_ms, false_alerts_per_month, min_posts)
            if not as_json:
                typer.echo("timestamp,value,expected,score,alert")
            for row in found:
                judged = detector.take(row.at_ms, row.value)
                rows, alerts = rows + 1, alerts + judged.is_alert
                typer.echo(_as_json(row, judged) if as_json else _as_csv(row, judged))
                if plot is not None:
                    drawn.append((row, judged))
    except CommandError as error:
        fail(str(error), code=2)
    if plot is not None:
        from leimo.plots import draw_series

        draw_series(drawn, plot, name)
    typer.echo(f"{alerts:,} alerts in {rows:,} rows.", err=True)


def _as_csv(row: "Row", judged: "Judged") -> str:
    value = "" if row.value is None else f"{row.value:.15g}"
    return (
        f"{row.timestamp},{value},{judged.expected:.4f},{judged.score:.6f},{int(judged.is_alert)}"
    )


def _as_json(row: "Row", judged: "Judged") -> str:
    import msgspec

    verdict = judged.verdict
    told = {
        "timestamp": row.timestamp,
        "value": row.value,
        "expected": round(judged.expected, 4),
        "score": round(judged.score, 6),
        "alert": int(judged.is_alert),
        "severity": verdict.severity if verdict and verdict.is_unusual else 0,
        "horizon_min": verdict.horizon_min if verdict else None,
    }
    return msgspec.json.encode(told).decode()


def _step_ms(text: str) -> int:
    from leimo.run import CommandError

    number, unit = text[:-1], text[-1:]
    if unit not in _UNITS_MS or not number.isdigit() or int(number) == 0:
        raise CommandError(f"--step {text!r} is no time; write such as 60s, 5m or 1h")
    return int(number) * _UNITS_MS[unit]


def _check_plot(path: Path) -> None:
    """Before the work, not after it."""
    from importlib.util import find_spec

    from leimo.run import CommandError

    if path.suffix not in {".png", ".svg"}:
        raise CommandError(f"--plot {path}: name a file that ends in .png or .svg")
    if find_spec("matplotlib") is None:
        raise CommandError("--plot needs matplotlib: pip install 'leimo[plot]'")
