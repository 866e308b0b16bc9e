"""The plots of docs/alerts.md as SVG: the same results give the same files."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("svg")
mpl.rcParams["svg.hashsalt"] = "leimo"
mpl.rcParams["svg.fonttype"] = "none"
mpl.rcParams["font.family"] = "sans-serif"

import matplotlib.pyplot as plt  # noqa: E402 - after the choice of the backend

from bench.alerts import on_fleet, on_real  # noqa: E402
from bench.alerts.peers import LEIMO  # noqa: E402
from bench.plot import OTHERS, OURS  # noqa: E402

_SHADES = ("#ffc078", "#ff922b", "#d9480f", "#862e00", "#343a40")


def draw_real(results: Sequence[on_real.Result], path: Path) -> None:
    """Windows found against alerts a month, a dot for each detector."""
    shown = [r for r in results if r.group == "volumes" and r.view == on_real.WIDENED]
    figure, axis = plt.subplots(figsize=(6.4, 3.6))
    for one in shown:
        colour = OURS if one.system == LEIMO else OTHERS
        at = one.alerts_a_month, 100 * one.found / one.windows
        axis.plot(*at, "o", color=colour)
        is_crowded = any(
            1 < other.alerts_a_month / at[0] < 1.5
            and abs(100 * other.found / other.windows - at[1]) < 5
            for other in shown
        )
        axis.annotate(
            one.system.split(" (")[0],
            at,
            textcoords="offset points",
            xytext=(-6, -3) if is_crowded else (6, -3),
            ha="right" if is_crowded else "left",
            fontsize=8,
        )
    axis.set_xscale("log")
    axis.set_xticks(ticks := (0.5, 1, 2, 5, 10, 20), [f"{tick:g}" for tick in ticks])
    axis.minorticks_off()
    axis.margins(x=0.35)
    axis.set_ylim(0, 105)
    _label(axis, "alerts a month and series", "windows found, %")
    _save(figure, path)


def draw_fleet(result: on_fleet.Result, path: Path) -> None:
    """Share of the bursts that are found and how soon, by their size and the brand's."""
    figure, (found, delay) = plt.subplots(1, 2, figsize=(8.8, 3.4))
    labels = list(dict.fromkeys(one.sizes for one in result.bursts))
    _lines(found, result.bursts, labels, lambda one: 100 * one.found)
    _lines(delay, result.bursts, labels, lambda one: one.median_min)
    _label(found, "burst, times the usual", "found within an hour, %")
    _label(delay, "burst, times the usual", "median delay, min")
    found.set_ylim(0, 105)
    delay.set_ylim(bottom=0)
    delay.legend(
        title="posts a minute",
        fontsize=7,
        title_fontsize=7,
        frameon=False,
        loc="upper left",
        bbox_to_anchor=(1, 1),
    )
    _save(figure, path)


def _lines(
    axis: Any,
    bursts: Sequence[on_fleet.Bursts],
    labels: Sequence[str],
    value: Callable[[on_fleet.Bursts], float],
) -> None:
    for label, colour in zip(labels, _SHADES, strict=False):
        of_label = [one for one in bursts if one.sizes == label and not math.isnan(value(one))]
        width = 2.4 if label == on_fleet.EVERY else 1.2
        factors = [one.factor for one in of_label]
        values = [value(one) for one in of_label]
        axis.plot(factors, values, "o-", color=colour, label=label, linewidth=width, markersize=3)
    axis.set_xscale("log")
    ticks = sorted({one.factor for one in bursts})
    axis.set_xticks(ticks, [f"{tick:g} x" for tick in ticks])
    axis.minorticks_off()


def _label(axis: Any, horizontal: str, vertical: str) -> None:
    axis.set_xlabel(horizontal, fontsize=9)
    axis.set_ylabel(vertical, fontsize=9)
    axis.tick_params(labelsize=8)
    axis.spines[["top", "right"]].set_visible(False)


def _save(figure: Any, path: Path) -> None:
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
