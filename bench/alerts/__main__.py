"""`python -m bench.alerts`: every figure of docs/alerts.md; `--only` takes a part."""

import argparse
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.alerts import (
    cost,
    on_board,
    on_contents,
    on_fleet,
    on_quiet,
    on_real,
    page,
    plots,
    tables,
)
from bench.alerts.peers import LEIMO, PEERS

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "alerts.md"
REAL_PLOT, FLEET_PLOT = (ROOT / "docs" / name for name in ("alerts-real.svg", "alerts-fleet.svg"))
_LOOKED_AT = 40


def tell(text: str) -> None:
    """Progress, on a line of its own that the next one takes the place of."""
    sys.stderr.write(f"\r\x1b[K{text}")
    sys.stderr.flush()


def _real(given: argparse.Namespace) -> tuple[str, Any]:
    results = on_real.results(given.data, given.systems, given.jobs, tell)
    if given.write:
        plots.draw_real(results, REAL_PLOT)
    return tables.of_real(results), [one._asdict() for one in results]


def _fleet(given: argparse.Namespace) -> tuple[str, Any]:
    folder = given.data / "volumes"
    peer_brands = given.peer_brands if given.systems != (LEIMO,) else 0
    result = on_fleet.results(folder, given.brands, peer_brands, given.jobs, tell)
    tell("fleet: quiet real series")
    real = on_quiet.results(folder, given.jobs)
    if given.write:
        plots.draw_fleet(result, FLEET_PLOT)
    figures: dict[str, Any] = {
        name: [one._asdict() for one in listed] for name, listed in result._asdict().items()
    }
    figures["real"] = {**real._asdict(), "bursts": [one._asdict() for one in real.bursts]}
    return tables.of_fleet(result, real), figures


def _contents(given: argparse.Namespace) -> tuple[str, Any]:
    found = on_contents.results(given.data, given.contents_brands, given.jobs, tell)
    kinds = [{"kind": kind, "bursts": [b._asdict() for b in of]} for kind, of in found.kinds]
    return tables.of_contents(found), {"quiet": [q._asdict() for q in found.quiet], "kinds": kinds}


def _board(given: argparse.Namespace) -> tuple[str, Any]:
    found = on_board.results(given.data, given.board_brands, given.board_days, given.jobs, tell)
    rules = [one._asdict() for one in found.rules]
    return tables.of_board(found), {**found._asdict(), "rules": rules}


def _cost(given: argparse.Namespace) -> tuple[str, Any]:
    found = list(cost.results(given.data, cost.RATE, cost.RUNS, tell))
    return tables.of_cost(found), [one._asdict() for one in found]


PARTS: dict[str, Callable[[argparse.Namespace], tuple[str, Any]]] = {
    "real": _real,
    "fleet": _fleet,
    "contents": _contents,
    "board": _board,
    "cost": _cost,
}
"""Gives the Markdown, and the same for programs."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.alerts")
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--only", choices=PARTS, action="append", help="a part; may be repeated")
    parser.add_argument("--brands", type=int, default=80, help="simulated brands (80; 5000: hours)")
    parser.add_argument(
        "--peer-brands", type=int, default=30, help="brands for the other detectors (30)"
    )
    parser.add_argument(
        "--contents-brands", type=int, default=12, help="brands whose posts have contents (12)"
    )
    parser.add_argument("--board-brands", type=int, default=120, help="brands on boards (120)")
    parser.add_argument("--board-days", type=int, default=7, help="days on boards (7)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    parser.add_argument(
        "--alone",
        dest="systems",
        action="store_const",
        const=(LEIMO,),
        default=tuple(PEERS),
        help="leimo without the others",
    )
    parser.add_argument("--write", action="store_true", help="put it all into docs/alerts.md")
    parser.add_argument("--json", type=Path, metavar="FILE", help="the figures for programs")
    parser.add_argument(
        "--look", action="store_true", help=f"only list leimo's {_LOOKED_AT} largest unlabelled"
    )
    given = parser.parse_args()
    if not (given.data / "volumes").is_dir():
        sys.stderr.write(f"{given.data}: holds no volumes to measure on; name it with --data\n")
        return 1
    if given.look:
        print(tables.of_detections(on_real.outside(given.data, _LOOKED_AT)))
        return 0
    figures = {}
    for part in given.only or PARTS:
        text, figures[part] = PARTS[part](given)
        tell("")
        print(text, end="\n\n", flush=True)
        if given.write:
            page.put_into(PAGE, part, text)
    if given.json:
        given.json.write_text(json.dumps(figures, indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
