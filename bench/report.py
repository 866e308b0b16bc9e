"""What the runs showed: for a terminal, for a program, and for `docs/performance.md`."""

import subprocess
import sys
from pathlib import Path
from statistics import median

import orjson

from bench.peers import quix
from bench.runs import ROOT, Result


def medians(results: list[Result]) -> list[Result]:
    """One row for each system and dictionary, in the order of the first runs."""
    runs: dict[tuple[str, str], list[Result]] = {}
    for result in results:
        runs.setdefault((result.dictionary, result.name), []).append(result)
    return [
        group[0]._replace(
            posts_per_s=median(run.posts_per_s for run in group),
            cpu_s_per_million=median(run.cpu_s_per_million for run in group),
            peak_mib=max(run.peak_mib for run in group),
        )
        for group in runs.values()
    ]


def line(result: Result, times: str = "") -> str:
    return (
        f"{result.name:<30} {result.dictionary:<13} {result.posts_per_s:>8,.0f} {times:>8} "
        f"{result.cpu_s_per_million:>8.1f} {result.peak_mib:>6.0f} {result.posts:>8,} "
        f"{result.mentions:>8,} {result.windows:>8,}"
    )


def report(results: list[Result]) -> str:
    """A table for a person; every speed also as a share of leimo's with one worker."""
    heads = ("posts/s", "of leimo", "CPU s/M", "MiB", "posts", "mentions", "windows")
    widths = (8, 8, 8, 6, 8, 8, 8)
    lines = [
        f"{'':<30} {'dictionary':<13} "
        + " ".join(f"{head:>{width}}" for head, width in zip(heads, widths, strict=True))
    ]
    leimo = {r.dictionary: r.posts_per_s for r in results if r.name == "leimo"}
    for result in results:
        of = leimo.get(result.dictionary)
        lines.append(line(result, f"{result.posts_per_s / of:.2f}" if of else ""))
    return "\n".join(lines)


def as_json(results: list[Result]) -> bytes:
    """An array of objects; a figure that was not measured is null."""
    return orjson.dumps([result._asdict() for result in results], option=orjson.OPT_INDENT_2)


def markdown(results: list[Result]) -> str:
    """A table with a row for each system, and three columns for each dictionary."""
    found = {(result.name, result.dictionary): result for result in results}
    names = dict.fromkeys(result.name for result in results)
    dictionaries = dict.fromkeys(result.dictionary for result in results)
    heads = [f"{each}: posts/s | CPU s per million posts | peak MiB" for each in dictionaries]
    rows = [f"| | {' | '.join(heads)} |", "|---" * (1 + 3 * len(heads)) + "|"]
    for name in names:
        cells = [_cells(found.get((name, dictionary))) for dictionary in dictionaries]
        rows.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(rows) + "\n"


def _cells(result: Result | None) -> str:
    if result is None:
        return "| |"
    peak = "" if result.peak_mib != result.peak_mib else f"{result.peak_mib:,.0f}"
    return f"{result.posts_per_s:,.0f} | {result.cpu_s_per_million:,.0f} | {peak}"


def write(results: list[Result], folder: Path) -> None:
    """`throughput.md` and `throughput.svg`; says where the latter cannot be drawn."""
    folder.mkdir(parents=True, exist_ok=True)
    table, plot = folder / "throughput.md", folder / "throughput.svg"
    table.write_text(markdown(results))
    print(f"wrote {table}", file=sys.stderr)
    if told := quix.missing():  # matplotlib is in the same extra, and so in the same place
        print(f"{plot.name}: {told}", file=sys.stderr)
        return
    command = [str(quix.PYTHON), "-m", "bench.plot", str(plot.resolve())]
    subprocess.run(command, cwd=ROOT, input=as_json(results), check=True)
    print(f"wrote {plot}", file=sys.stderr)
