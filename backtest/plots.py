"""Pictures of counts and alerts, for `leimo detect` and `leimo backtest`. Needs matplotlib."""

import io
import sys
import warnings
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.util import find_spec
from math import nan
from pathlib import Path
from typing import Any

from backtest import output_files
from backtest.series_file import Row
from measures.series import Judged
from schemas.errors import OperatorError

SEEN, EXPECTED, ALERT = "#495057", "#4dabf7", "#e03131"
_WIDTH, _HEIGHT = 11.0, 3.6


def refuse_unwritable(option: str, path: Path, endings: Sequence[str]) -> None:
    """Before hours of work and not after them.

    Raises:
        OperatorError: the file has another ending, cannot be written, or matplotlib is missing.
    """
    if path.suffix not in endings:
        raise OperatorError(f"{option} {path}: name a file that ends in {' or '.join(endings)}")
    output_files.refuse_unwritable(option, path)
    if find_spec("matplotlib") is None:
        raise OperatorError(
            f"{option} needs matplotlib: {sys.executable} -m pip install matplotlib"
        )


def draw_series(rows: Sequence[tuple[Row, Judged]], path: Path, title: str) -> None:
    """Counts, what was expected, and where alerts start."""
    figure, axis = _axis(title)
    times = [_time(row.at_ms) for row, _ in rows]
    # What is not known is a gap in the line.
    seen = [nan if row.value is None else row.value for row, _ in rows]
    axis.plot(times, seen, color=SEEN, linewidth=0.7, label="seen")
    expected = [judged.expected for _, judged in rows]
    axis.plot(times, expected, color=EXPECTED, linewidth=1.0, label="expected")
    alerts = [(_time(row.at_ms), row.value) for row, judged in rows if judged.is_alert]
    if alerts:
        axis.plot(*zip(*alerts, strict=True), "v", color=ALERT, markersize=7, label="alert")
    axis.legend(fontsize=8, frameon=False)
    _save(figure, path)


def svg_of_counts(
    counts: Sequence[tuple[int, float]],
    alerts: Sequence[tuple[int, str]],
    others: Sequence[tuple[int, str]] = (),
) -> str:
    """An SVG of (time in ms, posts) at even steps, with marks at (time in ms, colour).

    Those of the other catalogue stand hollow under the axis.
    """
    figure, axis = _axis("", height=2.2)
    times = [_time(at_ms) for at_ms, _ in counts]
    posts = [posts for _, posts in counts]
    axis.fill_between(times, posts, step="post", color="#adb5bd", linewidth=0)
    top = 1.08 * max(posts, default=1.0)
    for at_ms, colour in alerts:
        axis.axvline(_time(at_ms), color=colour, linewidth=0.6, alpha=0.5)
        axis.plot(_time(at_ms), top, "v", color=colour, markersize=6, clip_on=False)
    for at_ms, colour in others:
        axis.plot(_time(at_ms), 0, "^", markeredgecolor=colour, markerfacecolor="none",
                  markersize=6, clip_on=False)  # fmt: skip
    axis.set_ylim(0, top)
    figure.tight_layout()
    out = io.StringIO()
    figure.savefig(out, format="svg", metadata={"Date": None})
    _close(figure)
    text = out.getvalue()
    return text[text.index("<svg") :]


def _axis(title: str, height: float = _HEIGHT) -> tuple[Any, Any]:
    import matplotlib as mpl

    mpl.use("agg")
    mpl.rcParams["svg.hashsalt"] = "leimo"  # the same results give the same file
    mpl.rcParams["svg.fonttype"] = "none"  # text as text: a tenth of the size
    mpl.rcParams["font.family"] = "sans-serif"
    from matplotlib import pyplot

    figure = pyplot.figure(figsize=(_WIDTH, height))
    axis = figure.add_subplot()
    axis.set_title(title, fontsize=10, parse_math=False)
    axis.tick_params(labelsize=8)
    axis.spines[["top", "right"]].set_visible(False)
    axis.margins(x=0.01)
    return figure, axis


def _save(figure: Any, path: Path) -> None:
    with warnings.catch_warnings():
        # A name in characters that the font lacks is drawn as boxes.
        warnings.filterwarnings("ignore", "Glyph", UserWarning)
        figure.tight_layout()
        figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None, dpi=130)
    _close(figure)


def _close(figure: Any) -> None:
    from matplotlib import pyplot

    pyplot.close(figure)


def _time(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC)
