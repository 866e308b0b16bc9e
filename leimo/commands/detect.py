"""`leimo detect`: run the worker's detector over a series of counts."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from leimo.terminal import say
from schemas.counted import counted

if TYPE_CHECKING:
    from backtest.series_detector import PacedDetector
    from backtest.series_file import Row
    from measures.series import Judged

_UNITS_MS = {"s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_HEADING = "timestamp,value,expected,score,alert"


def detect(
    series: Annotated[
        Path | None,
        typer.Argument(help="CSV with timestamp,value; plain or packed. Left out, or -: stdin."),
    ] = None,
    *,
    false_alerts_per_month: Annotated[
        float, typer.Option(min=0.001, max=1000, help="The knob: fewer is quieter and later.")
    ] = 1.0,
    min_posts: Annotated[
        int, typer.Option(min=1, help="No alert on fewer posts in a horizon.")
    ] = 10,
    step: Annotated[
        str | None,
        typer.Option(help="Time from row to row: 60s, 5m, 1h, 1d. Left out: as the rows tell."),
    ] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw it into this file: .png or .svg.")] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a row instead of CSV.")
    ] = False,
) -> None:
    """Find bursts in counts, as a worker would have: row by row, without looking ahead.

    Writes a row for each row: `timestamp,value,expected,score,alert`. `score` is 0 to 1,
    and 0.5 or more where an alert starts, which is where `alert` is 1. What is said of a row
    depends on it and the rows before it alone.

    Times are ISO 8601 (UTC where they name no zone), or seconds or milliseconds since 1970. A
    value is a count, 0 or more; empty, `nan`, `na`, `null` or `none` says that it is not known.
    Rows that are left out are not known either, which is not the same as 0. Blank lines are no
    rows.

    Examples:

        leimo detect counts.csv > judged.csv

        leimo detect counts.csv.gz --plot bursts.png | grep ',1$'

        leimo detect counts.csv --false-alerts-per-month 0.2 --json | jq .score
    """
    from backtest.series_detector import PacedDetector
    from backtest.series_file import series_name
    from leimo.named_files import refuse_missing
    from leimo.pipes import refuse_output
    from leimo.run import fail
    from schemas.errors import OperatorError

    refuse_missing(series)
    drawn: list[tuple[Row, Judged]] | None = None if plot is None else []
    try:
        if plot is not None:
            _check_plot(plot)
        step_ms = None if step is None else _step_ms(step)
    except OperatorError as error:
        fail(str(error), code=2)
    detector = PacedDetector(false_alerts_per_month, min_posts, step_ms)
    try:
        rows, alerts, turned = _judge(series, detector, drawn, as_json=as_json)
        if plot is not None:
            _draw(drawn or [], plot, series)
    except OperatorError as error:
        fail(str(error))
    except OSError as error:
        refuse_output(error)
    if not rows:
        fail(f"{series_name(series)}: has no row; write timestamp,value rows, one a line")
    if turned.rows:
        say(
            f"Earlier than the row before: {counted(turned.rows, 'row')}, first {turned.first}. "
            "Sort rows by time: each is judged by those before it.",
            err=True,
        )
    say(f"{counted(alerts, 'alert')} in {counted(rows, 'row')}.", err=True)


class _Turned:
    """Rows whose time is before that of the row above."""

    def __init__(self) -> None:
        self.rows = 0
        self.first = ""
        self._last_ms = 0

    def look(self, found: "list[Row]") -> None:
        for row in found:
            if row.at_ms < self._last_ms:
                self.rows += 1
                self.first = self.first or row.timestamp
            self._last_ms = row.at_ms


def _judge(
    series: Path | None,
    detector: "PacedDetector",
    drawn: "list[tuple[Row, Judged]] | None",
    *,
    as_json: bool,
) -> tuple[int, int, "_Turned"]:
    """Write what is found of each row as soon as it was read; returns rows and alerts, and which
    rows go back in time.

    Where nobody reads any more, it goes on for the sake of the plot alone.
    """
    from backtest.series_file import read_series

    write = _as_json if as_json else _as_csv
    rows = alerts = 0
    turned = _Turned()
    is_read = True
    heading = "" if as_json else f"{_HEADING}\n"
    for found in read_series(series):
        turned.look(found)
        judged = [detector.take(row.at_ms, row.value) for row in found]
        rows += len(judged)
        alerts += sum(each.is_alert for each in judged)
        if drawn is not None:
            drawn += zip(found, judged, strict=True)
        elif not is_read:
            break
        if is_read:
            is_read = _echo(heading + "".join(map(write, found, judged)))
            heading = ""
    if heading:
        _echo(heading)
    return rows, alerts, turned


def _echo(text: str) -> bool:
    """Whether somebody reads it."""
    from leimo.pipes import quiet_broken_pipe

    with quiet_broken_pipe():
        say(text, end="")
        return True
    return False


def _as_csv(row: "Row", judged: "Judged") -> str:
    expected, score, alert = judged.expected, judged.score, judged.is_alert
    return f"{row.timestamp},{row.written},{expected:.4f},{score:.6f},{alert:d}\n"


def _as_json(row: "Row", judged: "Judged") -> str:
    import msgspec

    verdict = judged.verdict
    told = {
        "timestamp": row.timestamp,
        "value": _json_value(row),
        "expected": round(judged.expected, 4),
        "score": round(judged.score, 6),
        "alert": int(judged.is_alert),
        "severity": verdict.severity if verdict and verdict.is_unusual else 0,
        "horizon_min": verdict.horizon_min if verdict else None,
    }
    return msgspec.json.encode(told).decode() + "\n"


def _json_value(row: "Row") -> object:
    """The value with every digit, where JSON writes numbers so."""
    import re

    import msgspec

    if re.fullmatch(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?", row.written):
        return msgspec.Raw(row.written.encode())
    return None if row.value is None else float(row.written)


def _step_ms(text: str) -> int:
    from schemas.errors import OperatorError

    number, unit = text[:-1], text[-1:]
    if unit not in _UNITS_MS or not (number.isascii() and number.isdigit()) or int(number) == 0:
        raise OperatorError(f"--step {text!r} is no time; write such as 60s, 5m, 1h or 1d")
    return int(number) * _UNITS_MS[unit]


def _check_plot(path: Path) -> None:
    """Before the work, not after it."""
    from backtest.plots import refuse_unwritable

    refuse_unwritable("--plot", path, (".png", ".svg"))


def _draw(drawn: "list[tuple[Row, Judged]]", plot: Path, series: Path | None) -> None:
    from backtest.plots import draw_series
    from backtest.series_file import series_name
    from schemas.errors import OperatorError

    try:
        draw_series(drawn, plot, series_name(series and Path(series.name)))
    except OSError as error:
        raise OperatorError(
            f"--plot {plot}: cannot be written: {error.strerror or error}"
        ) from None
