"""`python -m bench.alerts`: every figure of docs/alerts.md; `--only` takes a part."""

import argparse
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.alerts import on_fleet, on_quiet, on_real, page, tables
from bench.alerts.peers import LEIMO, PEERS

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "alerts.md"
_LOOKED_AT = 40


def tell(text: str) -> None:
    """Progress, on a line of its own that the next one takes the place of."""
    sys.stderr.write(f"\r\x1b[K{text}")
    sys.stderr.flush()


def _real(given: argparse.Namespace) -> tuple[str, Any]:
    results = on_real.results(given.data, given.systems, given.jobs, tell)
    return tables.of_real(results), [one._asdict() for one in results]


def _fleet(given: argparse.Namespace) -> tuple[str, Any]:
    folder = given.data / "volumes"
    peer_brands = 0 if LEIMO in given.systems and len(given.systems) == 1 else given.peer_brands
    result = on_fleet.results(folder, given.brands, peer_brands, given.jobs, tell)
    real = on_quiet.results(folder, given.jobs)
    figures: dict[str, Any] = {
        name: [one._asdict() for one in listed] for name, listed in result._asdict().items()
    }
    figures["real"] = {**real._asdict(), "bursts": [one._asdict() for one in real.bursts]}
    return tables.of_fleet(result, real), figures


PARTS: dict[str, Callable[[argparse.Namespace], tuple[str, Any]]] = {
    "real": _real,
    "fleet": _fleet,
}
"""Gives the Markdown, and the same for programs."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.alerts")
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--only", choices=PARTS, action="append", help="a part; may be repeated")
    parser.add_argument(
        "--brands", type=int, default=100, help="simulated brands (100; 5000: hours)"
    )
    parser.add_argument(
        "--peer-brands", type=int, default=40, help="of these for the other detectors (40)"
    )
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
