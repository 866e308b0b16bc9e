"""Draw the results of `python -m bench --json` as bars.

    python -m bench --json > results.json
    python -m bench.plot results.json docs/throughput.svg

Needs the extra `bench`. Medians of repeated runs.
"""

import json
import sys
from collections import defaultdict
from pathlib import Path
from statistics import median
from typing import Any

import matplotlib as mpl

mpl.use("svg")
mpl.rcParams["svg.hashsalt"] = "leimo"  # the same results give the same file
mpl.rcParams["svg.fonttype"] = "none"  # text as text: a tenth of the size
mpl.rcParams["font.family"] = "sans-serif"

import matplotlib.pyplot as plt  # noqa: E402 - after the choice of the backend

OURS, OTHERS, BOUND = "#d9480f", "#868e96", "#ced4da"


def medians(results: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """Dictionary -> system -> posts a second."""
    runs: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for result in results:
        runs[result["dictionary"]][result["name"]].append(result["posts_per_s"])
    return {
        dictionary: {name: median(speeds) for name, speeds in systems.items()}
        for dictionary, systems in runs.items()
    }


def draw(results: list[dict[str, Any]], path: Path) -> None:
    panels = medians(results)
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
    source, target = map(Path, sys.argv[1:])
    draw(json.loads(source.read_text()), target)
