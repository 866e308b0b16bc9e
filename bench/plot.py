"""Draws the results that come as JSON on the standard input as bars, into the SVG that is named.

`python -m bench --report` runs it, with the Python that has matplotlib.
"""

import json
import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("svg")
mpl.rcParams["svg.hashsalt"] = "leimo"  # the same results give the same file
mpl.rcParams["svg.fonttype"] = "none"  # text as text: a tenth of the size
mpl.rcParams["font.family"] = "sans-serif"

import matplotlib.pyplot as plt  # noqa: E402 - after the choice of the backend

OURS, OTHERS, BOUND = "#d9480f", "#868e96", "#ced4da"


def draw(results: list[dict[str, Any]], path: Path) -> None:
    """A panel for each dictionary, the fastest system on top."""
    panels: dict[str, dict[str, float]] = {}
    for result in results:
        panels.setdefault(result["dictionary"], {})[result["name"]] = result["posts_per_s"]
    rows = max(map(len, panels.values()))
    figure = plt.figure(figsize=(5.2 * len(panels), 0.6 + 0.3 * rows))
    for number, (dictionary, systems) in enumerate(panels.items(), start=1):
        axis = figure.add_subplot(1, len(panels), number)
        ordered = sorted(systems.items(), key=lambda item: item[1])
        colours = [
            OURS if name.startswith("leimo") else BOUND if name == "analysis alone" else OTHERS
            for name, _ in ordered
        ]
        bars = axis.barh([name for name, _ in ordered], [s for _, s in ordered], color=colours)
        axis.bar_label(bars, [f"{speed:,.0f}" for _, speed in ordered], padding=3, fontsize=8)
        axis.set_title(f"posts/s, {dictionary}", fontsize=10)
        axis.tick_params(labelsize=8, length=0)
        axis.set_xticks([])
        axis.margins(x=0.15)
        axis.spines[:].set_visible(False)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})


if __name__ == "__main__":
    draw(json.load(sys.stdin), Path(sys.argv[1]))
